import CausewayIdentity
import FuzzDriver

@testable import CausewayWebRTC

/// Messages that open channels are what they are written as; and a remote that sends any of them, on any stream and in between what
/// channels carry, opens no more channels than it may, on no number of ours, and leaves nothing behind. The input is a list of messages: a
/// byte for the stream, one for the payload protocol, one for the length, and the message.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let victim = Victim()
    var position = 0
    while input.count - position >= 3 {
        let size = min(Int(input[position + 2]), input.count - position - 3)
        let message = [UInt8](input[position + 3..<position + 3 + size])
        if let read = message.withUnsafeBytes({ DCEPMessage($0) }) {
            precondition(read.bytes.withUnsafeBytes { DCEPMessage($0) } == read, "it reads otherwise")
        }
        victim.receive(message, on: UInt16(input[position] % 32), as: PayloadProtocol(UInt32(input[position + 1] % 64)))
        position += 3 + size
    }
    return 0
}

private final class Victim {
    private let channels: DataChannelSet
    private let now = Instant(nanoseconds: 1_000_000_000)
    private var tsn = TSN(7)
    private var sequences = [UInt16](repeating: 0, count: 32)
    private var open: Set<UInt16> = [1]
    private var buffer = [UInt8](repeating: 0, count: Association.packetSize)

    init() {
        var limits = DataChannelLimits()
        (limits.channels, limits.openBytes) = (6, 100)
        channels = DataChannelSet(Association(entropy: [UInt8](repeating: 5, count: 32)), role: .server, limits: limits)
        var remote = InitiationChunk(tag: 9, window: 1 << 20, outboundStreams: 100, inboundStreams: 100, initialTSN: tsn)
        remote.features = .all
        let chunk = [UInt8](writing: 64) { remote.write(.initiation, to: &$0) }
        try? channels.association.connect(agreed: chunk, at: now)
        poll()
        precondition((try? channels.open())?.raw == 1)
    }

    func receive(_ message: [UInt8], on stream: UInt16, as payloadProtocol: PayloadProtocol) {
        guard !message.isEmpty else { return reset(stream) }
        let packet = [UInt8](writing: 512) { writer in
            PacketHeader.write(tag: channels.association.local.tag, ports: (PacketHeader.port, PacketHeader.port), to: &writer)
            message.withUnsafeBytes { bytes in
                DataChunk(
                    flags: .whole, tsn: tsn, stream: StreamID(stream), sequence: StreamSequenceNumber(sequences[Int(stream)]),
                    payloadProtocol: payloadProtocol, payload: PacketBytes(bytes)
                ).write(to: &writer)
            }
        }
        tsn = tsn.next
        sequences[Int(stream)] &+= 1
        inject(packet)
    }

    /// The remote closes its direction. It never answers that this side's is closed with it, so the number stays in use.
    private func reset(_ stream: UInt16) {
        sequences[Int(stream)] = 0
        let number = channels.association.incomingResets.answered.next
        inject(
            [UInt8](writing: 512) { writer in
                PacketHeader.write(tag: channels.association.local.tag, ports: (PacketHeader.port, PacketHeader.port), to: &writer)
                ReconfigurationChunk.writeReset(
                    [StreamID(stream)], number: number, answered: RequestNumber(0), last: tsn.previous, to: &writer)
            })
    }

    private func inject(_ packet: [UInt8]) {
        packet.withUnsafeBytes { bytes in
            channels.association.receive(bytes, at: now)
            poll()
        }
        while buffer.withUnsafeMutableBytes({ channels.association.pollOutput(into: $0, at: now) }) != nil {}
        precondition(channels.count <= 6 && channels.count == open.count)
        precondition(channels.association.reassembly.unconsumed == 0 && channels.association.reassembly.heldChunks == 0)
    }

    private func poll() {
        while let event = channels.pollEvent() {
            switch event {
            case .opened(let id, let description):
                precondition(id.raw & 1 == 0 && open.insert(id.raw).inserted, "a number of ours, or one in use")
                precondition(description.label.count + description.subprotocol.count <= 100)
            case .part(let part):
                precondition(open.contains(part.channel.raw), "a message of no channel")
                channels.consumed(part.bytes.count, on: part.channel)
            case .closed(let id): open.remove(id.raw)
            case .associationClosed(let error): preconditionFailure("\(String(describing: error))")
            default: break
            }
        }
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzDCEP_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
