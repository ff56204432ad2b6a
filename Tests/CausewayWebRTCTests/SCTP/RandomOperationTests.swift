import CausewayIdentity
import Foundation
import Testing

@testable import CausewayWebRTC

/// Both ends send, reset and pause at random, over a path drawn from the seed. What must hold: on each stream every ordered message
/// arrives once, in order, whole; every unordered one once; every reset comes after the data before it.
@Suite("SCTP: random operations") struct RandomOperationTests {
    private static var seeds: Range<UInt64> {
        0..<(ProcessInfo.processInfo.environment["CAUSEWAY_SEEDS"].flatMap { UInt64($0) } ?? 120)
    }

    /// What one end has sent, by stream: messages, and nil for a reset.
    private final class Script {
        var ordered: [UInt16: [[UInt8]?]] = [:]
        var unordered: [[UInt8]] = []
        var closing: Set<UInt16> = []
    }

    @Test(arguments: [0, 1, 2, 3]) func whateverHappens(_ part: UInt64) throws {
        for seed in Self.seeds where seed % 4 == part { try run(seed) }
    }

    private func run(_ seed: UInt64) throws {
        var random = Dice(seed: seed)
        var settings = AssociationSettings()
        if random.happens(300) { settings.limits.receiveWindow = 20000 + random.below(100_000) }
        settings.zeroChecksum = random.happens(500)
        let network = AssociationNetwork(
            seed: seed,
            path: .init(
                delay: .milliseconds(UInt64(random.below(100))), lost: random.below(150), duplicated: random.below(100),
                late: random.below(200), lateness: .milliseconds(UInt64(random.below(500)))), left: settings)
        network.connect()
        let ends = [network.left, network.right]
        let scripts = [Script(), Script()]
        var logs: [[UInt16: [[UInt8]?]]] = [[:], [:]]
        for (index, end) in ends.enumerated() {
            let script = scripts[index]
            end.onEvent = { event in
                switch event {
                case .resetComplete(let id): script.closing.remove(id.raw)
                case .streamReset(let id): logs[index][id.raw, default: []].append(nil)
                case .part(let part) where part.isLast && part.isOrdered:
                    logs[index][part.stream.raw, default: []].append(end.messages.last!.bytes)
                default: break
                }
            }
        }
        for _ in 0..<40 {
            let index = random.below(2)
            operate(ends[index], scripts[index], &random)
            network.run(for: .milliseconds(UInt64(random.below(60))))
        }
        let isSettled = network.run(for: .seconds(600)) {
            ends.allSatisfy { $0.association.transmission.isDone && $0.association.outgoingResets.isIdle }
        }
        #expect(isSettled, "seed \(seed)")
        network.run(for: .seconds(1))
        for index in 0..<2 {
            #expect(logs[1 - index] == scripts[index].ordered, "seed \(seed)")
            let unordered = ends[1 - index].messages.filter { !$0.isOrdered }.map(\.bytes)
            #expect(unordered.count == scripts[index].unordered.count && Set(unordered) == Set(scripts[index].unordered), "seed \(seed)")
            #expect(ends[index].association.reassembly.heldBytes == 0 && ends[index].closed == nil, "seed \(seed)")
            #expect(ends[index].association.reassembly.window == settings.limits.receiveWindow, "seed \(seed)")
        }
    }

    private func operate(_ end: AssociationEnd, _ script: Script, _ random: inout Dice) {
        let stream = UInt16(random.below(6))
        guard !script.closing.contains(stream) else { return }
        if random.happens(150) {
            end.association.reset(StreamID(stream))
            script.closing.insert(stream)
            script.ordered[stream, default: []].append(nil)
            return
        }
        for _ in 0...random.below(4) {
            let bytes = random.bytes(random.happens(300) ? 1 + random.below(40000) : 1 + random.below(2000))
            let isOrdered = random.happens(800)
            guard (try? end.send(bytes, on: stream, isOrdered: isOrdered)) != nil else { continue }
            if isOrdered { script.ordered[stream, default: []].append(bytes) } else { script.unordered.append(bytes) }
        }
    }
}
