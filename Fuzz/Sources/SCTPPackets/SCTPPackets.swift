import CausewayIdentity
import FuzzDriver

@testable import CausewayWebRTC

/// A remote with whom an association stands sends any chunks. The input is a list of steps: a byte for what is done, one for how many
/// bytes follow, and these. Whatever comes, nothing passes a bound, and what this side sends are packets.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    guard count > 1 else { return 0 }
    let victim = Victim(input[0])
    var position = 1
    while input.count - position >= 2, !victim.isOver {
        let size = min(Int(input[position + 1]), input.count - position - 2)
        victim.step(input[position], [UInt8](input[position + 2..<position + 2 + size]))
        position += 2 + size
        victim.check()
    }
    return 0
}

private final class Victim {
    private let channels: DataChannelSet
    private var association: Association { channels.association }
    private let limits: SCTPLimits
    private var now = Instant(nanoseconds: 1_000_000_000)
    private let consumes: Bool
    private let victimTag: UInt32
    /// Of the remote's next chunk.
    private var tsn = TSN(1000)
    private var buffer = [UInt8](repeating: 0, count: Association.packetSize)
    private(set) var isOver = false
    private var open: [StreamID] = []

    /// - Parameter manner: how the application behaves, and what both sides can do.
    init(_ manner: UInt8) {
        var settings = AssociationSettings()
        // Small, so that short inputs reach them.
        (settings.limits.receiveWindow, settings.limits.heldChunks, settings.limits.heldFragments) = (4000, 40, 10)
        (settings.limits.messageBytes, settings.limits.streams, settings.limits.sendBuffer) = (1000, 8, 20_000)
        (settings.limits.tsnsAhead, settings.limits.gapReports, settings.limits.duplicateReports) = (200, 4, 3)
        limits = settings.limits
        consumes = manner & 1 == 0
        let association = Association(settings, entropy: [UInt8](repeating: 5, count: 32))
        var channelLimits = DataChannelLimits()
        channelLimits.channels = 5
        channels = DataChannelSet(association, role: .server, limits: channelLimits)
        victimTag = association.local.tag
        var remote = InitiationChunk(tag: 0x0102_0304, window: 5000, outboundStreams: 20, inboundStreams: 20, initialTSN: tsn)
        remote.features = AssociationFeatures(rawValue: manner >> 1 & 7)
        let chunk = [UInt8](writing: 64) { remote.write(.initiation, to: &$0) }
        try? association.connect(agreed: chunk, at: now)
        precondition(association.state == .established)
        poll()
    }

    func step(_ what: UInt8, _ body: [UInt8]) {
        switch what & 15 {
        // Any chunks; one of a chosen kind; data that comes next, or ahead.
        case 0: send { $0.bytes(body) }
        case 1...5: send { writer in writer.block(UInt16(Self.kinds[Int(what >> 4)]) << 8 | UInt16(body.first ?? 0)) { $0.bytes(body) } }
        case 6...8: data(body, ahead: 0)
        case 9, 10: data(Array(body.dropFirst()), ahead: UInt32(body.first ?? 0))
        case 11: acknowledge(body)
        case 12: now = now + .milliseconds(UInt64(body.first ?? 0) << (what >> 4))
        case 13: command(what >> 4, body)
        // Nobody's: another tag, a packet that is cut off.
        case 14: receive([0x13, 0x88, 0x13, 0x88] + body)
        default: drain()
        }
        association.advance(to: now)
        poll()
        if what & 0x40 != 0 { drain() }
    }

    private static let kinds: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 130, 192, 65]

    private func send(_ write: (inout PacketWriter) -> Void) {
        receive(
            [UInt8](writing: 2048) { writer in
                PacketHeader.write(tag: victimTag, ports: (PacketHeader.port, PacketHeader.port), to: &writer)
                write(&writer)
            })
    }

    private func receive(_ packet: [UInt8]) {
        packet.withUnsafeBytes { bytes in
            association.receive(bytes, at: now)
            poll()
        }
    }

    /// The first byte has the flags, the second the stream, the third the sequence number, the fourth the payload protocol.
    private func data(_ body: [UInt8], ahead: UInt32) {
        guard body.count > 3 else { return }
        send { writer in
            body.withUnsafeBytes { bytes in
                DataChunk(
                    flags: DataChunk.Flags(rawValue: body[0]), tsn: tsn.advanced(by: ahead), stream: StreamID(UInt16(body[1] % 24)),
                    sequence: StreamSequenceNumber(UInt16(body[2])), payloadProtocol: PayloadProtocol(UInt32(body[3])),
                    payload: PacketBytes(UnsafeRawBufferPointer(rebasing: bytes[4...]))
                ).write(to: &writer)
            }
        }
        if ahead == 0 { tsn = tsn.next }
    }

    private func acknowledge(_ body: [UInt8]) {
        let acknowledged = association.transmission.acknowledged.advanced(by: UInt32(body.first ?? 0) % 4)
        send { writer in
            writer.block(UInt16(ChunkType.selectiveAcknowledgement.rawValue) << 8) { writer in
                writer.number32(acknowledged.raw)
                writer.number32(UInt32(body.last ?? 0) << 5)
                writer.number16(UInt16(max(0, body.count - 2) / 2))
                writer.number16(0)
                for index in stride(from: 1, to: body.count - 2, by: 2) {
                    writer.number16(UInt16(body[index]))
                    writer.number16(UInt16(body[index + 1]))
                }
            }
        }
    }

    private func command(_ what: UInt8, _ body: [UInt8]) {
        switch what & 7 {
        case 0: if let id = try? channels.open(label: body) { open.append(id) }
        case 1...3: for id in open { try? channels.send(body, on: id) }
        case 4: if let id = open.last { channels.close(id) }
        case 5: association.close(at: now)
        case 6: channels.consumed(body.count, on: StreamID(UInt16(body.first ?? 0)))
        default: if body.first == 0 { association.abort() }
        }
    }

    private func poll() {
        while let event = channels.pollEvent() {
            precondition(!isOver, "something follows the end")
            switch event {
            case .opened(let id, _): open.append(id)
            case .part(let part): if consumes { channels.consumed(part.bytes.count, on: part.channel) }
            case .closed(let id): open.removeAll { $0 == id }
            case .associationClosed: isOver = true
            default: break
            }
        }
    }

    private func drain() {
        for _ in 0..<200 {
            guard let size = buffer.withUnsafeMutableBytes({ association.pollOutput(into: $0, at: now) }) else {
                return precondition(association.nextDeadline > now, "time stands still")
            }
            buffer.withUnsafeBytes { bytes in
                let packet = PacketBytes(UnsafeRawBufferPointer(rebasing: bytes[..<size]))
                precondition(PacketHeader(packet, acceptsZeroChecksum: true) != nil, "no packet")
                var chunks = ChunkReader(packet.dropFirst(PacketHeader.size))
                var number = 0
                while chunks.next() != nil { number += 1 }
                precondition(number > 0 && !chunks.isMalformed, "a packet without chunks, or a broken one")
            }
        }
        preconditionFailure("it does not stop sending")
    }

    func check() {
        precondition(association.reassembly.heldBytes <= limits.receiveWindow + limits.messageBytes + 2048)
        precondition(association.reassembly.heldBytes >= 0 && association.reassembly.heldChunks >= 0)
        precondition(association.reassembly.heldChunks <= 2 * limits.heldChunks)
        precondition(association.reassembly.known.count <= limits.streams)
        precondition(association.streams.count <= limits.streams + channels.count + 1)
        precondition(channels.count <= 5)
        let transmission = association.transmission
        precondition(transmission.inFlight >= 0 && transmission.inFlight <= transmission.queue.bytes)
        precondition(transmission.queue.bytes <= limits.sendBuffer + 2048 && transmission.queue.messages >= 0)
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzSCTPPackets_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
