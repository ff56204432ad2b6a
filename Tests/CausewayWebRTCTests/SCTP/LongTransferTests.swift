import CausewayIdentity
import Foundation
import Testing

@testable import CausewayWebRTC

@Suite("SCTP: long transfers") struct LongTransferTests {
    /// Sends messages of 16 KiB as fast as they are taken, and compares all bytes.
    private func transfer(
        _ size: Int, over path: AssociationNetwork.Path, seed: UInt64 = 1, sent counted: @escaping (_ isToRight: Bool) -> Void = { _ in }
    ) -> (network: AssociationNetwork, time: Interval) {
        let network = AssociationNetwork(seed: seed, path: path)
        network.connect()
        network.filter = { _, isToRight in
            counted(isToRight)
            return true
        }
        let message = Dice(seed: seed).data(16384 + 7)
        var sent = 0
        var received = 0
        var offset = 0
        var isRight = true
        network.right.keepsMessages = false
        network.right.onEvent = { event in
            guard case .part(let part) = event else { return }
            if part.isFirst { offset = 0 }
            isRight =
                isRight && offset + part.bytes.count <= message.count
                && message.withUnsafeBytes { memcmp($0.baseAddress! + offset, part.bytes.baseAddress!, part.bytes.count) == 0 }
            offset += part.bytes.count
            if part.isLast { received += 1 }
        }
        func fill() {
            while sent < size / 16384 {
                guard (try? network.left.send(message, on: 1)) != nil else { return }
                sent += 1
            }
        }
        network.left.onEvent = { if case .roomToSend = $0 { fill() } }
        fill()
        let start = network.now
        #expect(network.run(for: .seconds(3600)) { received == size / 16384 }, "seed \(seed)")
        #expect(isRight, "seed \(seed)")
        return (network, network.now - start)
    }

    @Test func sixtyFourMebibytesUnderLoss() {
        let (network, time) = transfer(64 << 20, over: .init(delay: .milliseconds(5), lost: 50, late: 10, lateness: .milliseconds(5)))
        #expect(network.left.association.transmission.timeouts == 0)
        #expect(time < .seconds(180), "\(time.milliseconds) ms")
    }

    /// A path of 20 MB/s and 40 ms with a buffer of half a round trip is used well.
    @Test func aLongPathIsFull() {
        let (_, time) = transfer(
            12 << 20, over: .init(delay: .milliseconds(20), rate: 20_000_000, queue: 400_000))
        #expect(time < .milliseconds(1200), "\(time.milliseconds) ms; at the path's rate it would take 650")
    }

    /// Losses without a queue are the path's noise: one packet of a hundred hardly costs anything.
    @Test(arguments: 0..<8 as Range<UInt64>) func noiseIsNoCongestion(seed: UInt64) {
        let path = AssociationNetwork.Path(delay: .milliseconds(10), lost: 10, rate: 40_000_000, queue: 800_000)
        let (_, time) = transfer(20 << 20, over: path, seed: seed)
        #expect(time < .milliseconds(1500), "seed \(seed): \(time.milliseconds) ms; at the path's rate it would take 550")
    }

    /// A path with hardly any queue is not flooded, though round trips on it never become longer.
    @Test(arguments: [20_000, 100_000]) func aShortQueueIsNotFlooded(queue: Int) {
        let path = AssociationNetwork.Path(delay: .milliseconds(20), rate: 20_000_000, queue: queue)
        var packets = 0
        let (_, time) = transfer(20 << 20, over: path) { if $0 { packets += 1 } }
        #expect(packets * 100 < (20 << 20) / 1160 * 110, "\(packets) packets")
        #expect(time < .milliseconds(2200), "\(time.milliseconds) ms; at the path's rate it would take 1100")
    }

    /// Much is reordered, nothing is lost: hardly anything is sent again.
    @Test func reorderingIsNoLoss() {
        let (network, _) = transfer(6 << 20, over: .init(delay: .milliseconds(20), late: 100, lateness: .milliseconds(8)))
        let needed = (6 << 20) / 1160
        #expect(network.sent < needed * 2, "\(network.sent) packets both ways, \(needed) at least")
    }
}

extension Dice {
    func data(_ count: Int) -> [UInt8] {
        var copy = self
        return copy.bytes(count)
    }
}
