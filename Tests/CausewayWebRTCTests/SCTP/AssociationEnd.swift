import CausewayIdentity

@testable import CausewayWebRTC

/// One end of a test: an association, and what its application has seen.
final class AssociationEnd {
    struct Message: Equatable {
        let stream: UInt16
        let payloadProtocol: PayloadProtocol
        let isOrdered: Bool
        let bytes: [UInt8]
    }

    let association: Association
    private(set) var isConnected = false
    private(set) var messages: [Message] = []
    private(set) var log: [String] = []
    private(set) var closed: AssociationError??
    /// How many bytes arrived, and of which nothing was kept because `keepsMessages` is false.
    private(set) var byteCount = 0
    var keepsMessages = true
    /// Whether the application takes what arrives at once.
    var consumes = true
    private var unfinished: [UInt16: [UInt8]] = [:]
    private var unfinishedUnordered: [UInt8] = []
    var onEvent: ((AssociationEvent) -> Void)?

    init(_ settings: AssociationSettings = AssociationSettings(), seed: UInt64) {
        var random = Dice(seed: seed)
        association = Association(settings, entropy: random.bytes(32))
    }

    func receive(_ packet: [UInt8], at now: Instant) {
        packet.withUnsafeBytes {
            association.receive($0, at: now)
            pollEvents()
        }
    }

    func pollEvents() {
        while let event = association.pollEvent() {
            note(event)
            onEvent?(event)
        }
    }

    private func note(_ event: AssociationEvent) {
        switch event {
        case .connected:
            isConnected = true
            log.append("connected")
        case .part(let part): note(part)
        case .messageAbandoned(let id):
            unfinished[id.raw] = nil
            log.append("abandoned \(id.raw)")
        case .streamReset(let id): log.append("reset \(id.raw)")
        case .streamFailed(let id, let fault): log.append("failed \(id.raw) \(fault)")
        case .resetComplete(let id): log.append("done \(id.raw)")
        case .resetRefused(let id): log.append("refused \(id.raw)")
        case .bufferedAmountLow(let id): log.append("low \(id.raw)")
        case .roomToSend: log.append("room")
        case .closed(let error):
            closed = .some(error)
            log.append("closed")
        }
    }

    private func note(_ part: MessagePart) {
        byteCount += part.bytes.count
        if consumes { association.consumed(part.bytes.count, on: part.stream) }
        guard keepsMessages else { return }
        let id = part.stream.raw
        if part.isOrdered {
            precondition(part.isFirst == (unfinished[id] == nil), "a part of no message, or a message in another")
            unfinished[id, default: []] += part.bytes
        } else {
            precondition(part.isFirst == unfinishedUnordered.isEmpty, "unordered messages are delivered in one go")
            unfinishedUnordered += part.bytes
        }
        guard part.isLast else { return }
        let bytes = part.isOrdered ? unfinished.removeValue(forKey: id)! : unfinishedUnordered
        if !part.isOrdered { unfinishedUnordered = [] }
        messages.append(
            Message(stream: id, payloadProtocol: part.payloadProtocol, isOrdered: part.isOrdered, bytes: bytes))
    }

    func send(_ bytes: [UInt8], on stream: UInt16, isOrdered: Bool = true) throws(SendError) {
        try association.send(bytes, on: StreamID(stream), as: .binary, isOrdered: isOrdered)
    }

    /// What leaves now.
    func output(at now: Instant) -> [[UInt8]] {
        var packets: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: Association.packetSize)
        while let size = buffer.withUnsafeMutableBytes({ association.pollOutput(into: $0, at: now) }) {
            packets.append([UInt8](buffer[..<size]))
            precondition(packets.count < 20000, "an association that does not stop sending")
        }
        return packets
    }
}
