import Testing

@testable import CausewayConnection

@Test func deadlinesComeInOrder() {
    var heap = DeadlineHeap()
    var random: UInt64 = 1
    var entered: [UInt64] = []
    for link in 0..<500 as Range<UInt32> {
        random = random &* 6_364_136_223_846_793_005 &+ 1
        entered.append(random >> 40)
        heap.insert(link, at: Instant(nanoseconds: random >> 40))
    }
    #expect(heap.next.nanoseconds == entered.min())
    #expect(heap.take(due: Instant(nanoseconds: 0)) == nil)
    var taken: [UInt64] = []
    while let entry = heap.take(due: .distantFuture) {
        #expect(entered[Int(entry.link)] == entry.at.nanoseconds)
        taken.append(entry.at.nanoseconds)
    }
    #expect(taken == entered.sorted())
    #expect(heap.next == .distantFuture)
}
