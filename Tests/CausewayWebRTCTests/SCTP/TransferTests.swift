import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("SCTP: messages arrive") struct TransferTests {
    @Test func aMessageOfEachSize() throws {
        let network = AssociationNetwork()
        network.connect()
        var random = Dice(seed: 7)
        var expected: [[UInt8]] = []
        for size in [1, 2, 3, 4, 1159, 1160, 1161, 2320, 2321, 16384, 65536, 262_144] {
            expected.append(random.bytes(size))
            try network.left.send(expected.last!, on: 3)
        }
        #expect(network.run(for: .seconds(60)) { network.right.messages.count == expected.count })
        #expect(network.right.messages.map(\.bytes) == expected)
        #expect(network.run(for: .seconds(1)) { network.left.association.bufferedAmount(on: StreamID(3)) == 0 })
    }

    @Test(arguments: [0, 50, 200], 0..<20) func everythingArrivesInOrder(_ loss: Int, _ seed: UInt64) throws {
        let network = AssociationNetwork(
            seed: seed, path: .init(lost: loss, duplicated: 50, late: 100, lateness: .milliseconds(500)))
        network.connect()
        var random = Dice(seed: seed)
        var expected: [UInt16: [[UInt8]]] = [:]
        for _ in 0..<60 {
            let stream = UInt16(random.below(5))
            let bytes = random.bytes(1 + random.below(20000))
            expected[stream, default: []].append(bytes)
            try network.left.send(bytes, on: stream)
        }
        #expect(network.run(for: .seconds(600)) { network.right.messages.count == 60 }, "seed \(seed)")
        for (stream, messages) in expected {
            #expect(network.right.messages.filter { $0.stream == stream }.map(\.bytes) == messages, "seed \(seed)")
        }
        #expect(network.run(for: .seconds(60)) { network.left.association.transmission.isDone }, "seed \(seed)")
        #expect(network.right.association.reassembly.heldBytes == 0 && network.right.association.reassembly.unconsumed == 0)
    }

    /// The window closes and opens within a round trip again and again. What is on its way meanwhile is not sent twice.
    @Test func aReaderMayHesitate() throws {
        var settings = AssociationSettings()
        settings.limits.receiveWindow = 256 << 10
        let network = AssociationNetwork(path: .init(delay: .milliseconds(20), rate: 20_000_000, queue: 1 << 20), right: settings)
        network.connect()
        let (left, right) = (network.left, network.right)
        right.keepsMessages = false
        right.consumes = false
        let count = 8 << 20
        for _ in 0..<count >> 16 { try left.send([UInt8](repeating: 1, count: 1 << 16), on: 0) }
        var packets = 0
        network.filter = { bytes, isToRight in
            if isToRight { packets += 1 }
            return true
        }
        var taken = 0
        while right.byteCount < count {
            network.run(for: .milliseconds(5))
            right.association.consumed(right.byteCount - taken, on: StreamID(0))
            taken = right.byteCount
            try #require(network.now < Instant(nanoseconds: 60_000_000_000))
        }
        #expect(packets * 10 < count / 1160 * 11, "\(packets) packets for \(count) bytes")
    }

    /// The kernel cuts and joins datagrams of one length, so hardly any packet is shorter than the longest, however long messages are.
    @Test(arguments: [4094, 4096, 16384, 100_000]) func packetsAreFull(size: Int) throws {
        let network = AssociationNetwork()
        network.connect()
        var lengths: [Int: Int] = [:]
        network.filter = { bytes, isToRight in
            if isToRight { lengths[bytes.count, default: 0] += 1 }
            return true
        }
        let count = (4 << 20) / size
        for _ in 0..<count { try network.left.send([UInt8](repeating: 1, count: size), on: 0) }
        #expect(network.run(for: .seconds(60)) { network.right.messages.count == count })
        let full = lengths[Association.packetSize & ~3, default: 0]
        let all = lengths.values.reduce(0, +)
        #expect((all - full) * 100 < all, "\(lengths)")
    }

    /// The application takes nothing for a minute. When it does, the rest comes at once.
    @Test func aReaderMayPause() throws {
        let network = AssociationNetwork()
        network.connect()
        let (left, right) = (network.left, network.right)
        right.keepsMessages = false
        right.consumes = false
        for _ in 0..<24 { try left.send([UInt8](repeating: 1, count: 256 << 10), on: 0) }
        network.run(for: .seconds(60))
        let limit = SCTPLimits().receiveWindow
        #expect(right.byteCount >= limit && right.byteCount <= limit + 1200 && left.closed == nil)
        right.consumes = true
        right.association.consumed(right.byteCount, on: StreamID(0))
        #expect(network.run(for: .milliseconds(500)) { right.byteCount == 24 * (256 << 10) })
    }
}
