import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite("Room that is shared by place") struct FairQueueTests {
    @Test func theOldestOfTheLargestPlaceGoes() {
        let queue = FairQueue()
        #expect(queue.first == nil)
        for (id, place) in [(1, 7), (2, 8), (3, 8), (4, 9)] as [(UInt32, UInt8)] { queue.insert(id, of: [place]) }
        #expect(queue.first == 2 && queue.largest == 2 && queue.count(of: [8]) == 2 && queue.first(of: [9]) == 4)
        queue.renew(2)
        #expect(queue.first == 3)
        queue.remove(3)
        // One each: the place that has had so many for longest.
        #expect(queue.first == 1 && queue.largest == 1)
        for id in [1, 2, 3, 4, 5] as [UInt32] { queue.remove(id) }
        #expect(queue.first == nil && queue.count == 0 && queue.largest == 0 && queue.count(of: [8]) == 0)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func itAgreesWithASimpleModel(_ seed: UInt64) {
        let queue = FairQueue()
        var random = RandomSource(seed: seed)
        var model: [(id: UInt32, place: UInt8)] = []
        var faults = 0
        for id in 1...1000 as ClosedRange<UInt32> {
            let index = model.isEmpty ? nil : random.below(model.count)
            switch (random.below(5), index) {
            case (3, let index?): queue.remove(model.remove(at: index).id)
            case (4, let index?):
                queue.renew(model[index].id)
                model.append(model.remove(at: index))
            default:
                let place = UInt8(random.below(12))
                queue.insert(id, of: [place])
                model.append((id, place))
            }
            var counts = [Int](repeating: 0, count: 12)
            for one in model { counts[Int(one.place)] += 1 }
            if queue.count != model.count || queue.largest != counts.max() { faults += 1 }
            let place = model.first { $0.id == queue.first }?.place
            if let place, counts[Int(place)] != queue.largest || queue.first(of: [place]) != queue.first { faults += 1 }
            if model.first(where: { $0.place == place })?.id != queue.first { faults += 1 }
        }
        #expect(faults == 0)
    }
}
