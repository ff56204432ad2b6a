import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("Data channels of a hostile remote") struct HostileDataChannelTests {
    private let open = DCEPMessage.open(DCEPMessage.Open(label: [65])).bytes

    /// The victim is the server, so the remote may open even numbers.
    private func victim(_ limits: DataChannelLimits = DataChannelLimits()) -> HostileChannels { HostileChannels(limits) }

    @Test func messages() {
        #expect(open.withUnsafeBytes { DCEPMessage($0) } == .open(DCEPMessage.Open(label: [65])))
        #expect([2].withUnsafeBytes { DCEPMessage($0) } == .acknowledgement)
        let bad: [[UInt8]] = [
            [], [0], [1], [4], [3], open.dropLast(), open + [0], [3, 3] + open[2...], [3, 0x7f] + open[2...],
            [3, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 1],
        ]
        for bytes in bad { #expect(bytes.withUnsafeBytes { DCEPMessage($0) } == nil, "\(bytes)") }
        // Partly reliable channels are channels.
        for type in [0, 1, 2, 0x80, 0x81, 0x82] as [UInt8] {
            let bytes = [3, type] + open[2...]
            #expect(bytes.withUnsafeBytes { DCEPMessage($0) } == .open(DCEPMessage.Open(isOrdered: type < 0x80, label: [65])))
        }
    }

    /// Garbage, a number of this side's, one in use, data without OPEN: the remote sees the channel closed, others go on.
    @Test func whatIsNoChannelIsReset() {
        for (bytes, stream, payloadProtocol) in [
            ([9, 9], 4, PayloadProtocol.dcep), (open, 5, .dcep), (open, 0, .dcep), ([1], 6, .binary),
            ([3, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0], 8, .dcep),
        ] as [([UInt8], UInt16, PayloadProtocol)] {
            let victim = victim()
            victim.send(open, on: 0, as: .dcep)
            victim.send([1], on: 2, sequence: 0, as: .dcep)
            #expect(victim.end.log == ["opened 0 A"])
            victim.send(bytes, on: stream, sequence: stream == 0 ? 1 : 0, as: payloadProtocol)
            #expect(victim.end.log == ["opened 0 A"])
            #expect(victim.isClosing(stream), "\(stream)")
            #expect(victim.end.channels.count == 1)
            #expect(victim.association.reassembly.unconsumed == 0)
        }
    }

    @Test func aFloodOfChannelsIsBounded() {
        var limits = DataChannelLimits()
        limits.channels = 10
        let victim = victim(limits)
        for stream in stride(from: 0, to: 60000, by: 2) { victim.send(open, on: UInt16(stream), as: .dcep) }
        #expect(victim.end.channels.count == 10 && victim.end.log.count == 10)
        #expect(victim.association.streams.count <= SCTPLimits().streams)
        #expect(victim.association.reassembly.unconsumed == 0)
    }

    @Test func aLongNameIsRefused() {
        let victim = victim()
        let long = DCEPMessage.open(DCEPMessage.Open(label: [UInt8](repeating: 65, count: 1100))).bytes
        victim.send(long, on: 0, as: .dcep)
        #expect(victim.end.channels.count == 0 && victim.isClosing(0))
    }

    /// Who fills packets may cut even these few bytes: dcSCTP does, in Chromium.
    @Test func anOpeningMayComeInParts() {
        for cut in 1..<open.count - 1 {
            let victim = victim()
            victim.send(Array(open[..<cut]), on: 2, as: .dcep, flags: .begin)
            #expect(victim.end.log.isEmpty && !victim.isClosing(2))
            victim.send(Array(open[cut...(open.count - 2)]), on: 2, as: .dcep, flags: [])
            victim.send([open[open.count - 1]], on: 2, as: .dcep, flags: .end)
            #expect(victim.end.log == ["opened 2 A"], "\(cut)")
            #expect(victim.association.reassembly.unconsumed == 0)
        }
    }

    @Test func partsOfOpeningsAreBounded() {
        let victim = victim()
        let part = [UInt8](repeating: 3, count: 600)
        victim.send(part, on: 0, as: .dcep, flags: .begin)
        victim.send(part, on: 0, as: .dcep, flags: [])
        #expect(victim.isClosing(0))
        // Its rest, and a rest of nothing.
        victim.send(part, on: 0, as: .dcep, flags: .end)
        #expect(victim.end.log.isEmpty && victim.end.channels.count == 0)
        #expect(victim.association.reassembly.unconsumed == 0)
    }

    @Test func dataAfterThisSideClosedIsNobodys() {
        let victim = victim()
        victim.send(open, on: 0, as: .dcep)
        victim.end.channels.close(StreamID(0))
        victim.send([1], on: 0, sequence: 1, as: .binary)
        #expect(victim.end.messages.isEmpty && victim.association.reassembly.unconsumed == 0)
    }
}

/// Channels under attack by packets that a test writes.
private final class HostileChannels {
    let end: DataChannelEnd
    private var tsn = TSN(1)
    private var now = Instant(nanoseconds: 1_000_000_000)

    var association: Association { end.channels.association }

    init(_ limits: DataChannelLimits) {
        end = DataChannelEnd(.server, seed: 5, limits: limits)
        var initiation = InitiationChunk(tag: 9, window: 1 << 20, outboundStreams: .max, inboundStreams: .max, initialTSN: tsn)
        initiation.features = .all
        inject(tag: 0) { initiation.write(.initiation, to: &$0) }
        let cookie = StateCookie(madeAt: now, local: association.local, remote: initiation).sealed(by: association.entropy.secret)
        inject { CookieChunks.write(echo: cookie, to: &$0) }
        precondition(end.isConnected)
    }

    func isClosing(_ stream: UInt16) -> Bool { association.isClosing(StreamID(stream)) }

    func send(
        _ bytes: [UInt8], on stream: UInt16, sequence: UInt16 = 0, as payloadProtocol: PayloadProtocol, flags: DataChunk.Flags = .whole
    ) {
        inject { writer in
            bytes.withUnsafeBytes {
                DataChunk(
                    flags: flags, tsn: self.tsn, stream: StreamID(stream), sequence: StreamSequenceNumber(sequence),
                    payloadProtocol: payloadProtocol, payload: PacketBytes($0)
                ).write(to: &writer)
            }
        }
        tsn = tsn.next
    }

    private func inject(tag: UInt32? = nil, _ write: (inout PacketWriter) -> Void) {
        let packet = [UInt8](writing: 2000) { writer in
            PacketHeader.write(tag: tag ?? association.local.tag, ports: (PacketHeader.port, PacketHeader.port), to: &writer)
            write(&writer)
            writer.pad()
            PacketHeader.seal(writer)
        }
        packet.withUnsafeBytes {
            association.receive($0, at: now)
            end.pollEvents()
        }
        var buffer = [UInt8](repeating: 0, count: Association.packetSize)
        while buffer.withUnsafeMutableBytes({ association.pollOutput(into: $0, at: now) }) != nil {}
    }
}
