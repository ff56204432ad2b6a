import CausewayConnection
import CausewayIdentity

/// Identify's message (identify/README.md) as it arrives: nothing in it is checked yet. Names and addresses are bytes.
struct IdentifyMessage: Equatable {
    /// Bound: agent and version names are cut to so many bytes.
    static let nameLength = 256

    enum Field {
        static let publicKey: UInt32 = 1
        static let listenAddresses: UInt32 = 2
        static let protocolIDs: UInt32 = 3
        static let observedAddress: UInt32 = 4
        static let protocolVersion: UInt32 = 5
        static let agent: UInt32 = 6
        static let signedRecord: UInt32 = 8
    }

    var publicKey: [UInt8]?
    var listenAddresses: [[UInt8]] = []
    var protocolIDs: [[UInt8]] = []
    var observedAddress: [UInt8]?
    var protocolVersion: [UInt8]?
    var agent: [UInt8]?
    var signedRecord: [UInt8]?

    /// Merges one message into what came before. Lists stop growing at their limits; unknown fields are skipped. Returns false if the bytes
    /// are no such message.
    mutating func merge(_ message: consuming ProtobufReader, limits: NodeLimits) -> Bool {
        while message.advance() {
            switch message.number {
            case Field.publicKey: publicKey = message.content()
            case Field.listenAddresses:
                let address = message.content()
                if listenAddresses.count < limits.addressesPerPeer { listenAddresses.append(address) }
            case Field.protocolIDs:
                let name = message.content()
                if protocolIDs.count < limits.protocolsPerPeer, name.count <= limits.protocolIDLength { protocolIDs.append(name) }
            case Field.observedAddress: observedAddress = message.content()
            case Field.protocolVersion: protocolVersion = Self.name(message.content())
            case Field.agent: agent = Self.name(message.content())
            case Field.signedRecord: signedRecord = message.content()
            default: break
            }
        }
        return message.fault == nil
    }

    private static func name(_ content: [UInt8]) -> [UInt8] {
        content.count > nameLength ? [UInt8](copying: content, 0..<nameLength) : content
    }
}

/// Writes identify's messages, each preceded by its length as a varint. Content that is too long for one message goes into several, which
/// the reader merges. rust-libp2p reads only the first one, so add what matters most first.
struct IdentifyWriter {
    /// The size of one message: rust-libp2p rejects longer ones.
    static let messageSize = 4096
    /// The size of a message with a single field, such as a signed record (go: 8 KiB).
    static let fieldSize = 8192
    private var complete: [UInt8] = []
    private var message = ProtobufWriter()

    /// Leaves out a field that is too long for any message.
    mutating func add(_ field: UInt32, _ content: [UInt8]) {
        let size = 1 + Varint.length(of: UInt64(content.count)) + content.count
        guard size <= Self.fieldSize else { return }
        if !message.bytes.isEmpty, message.bytes.count + size > Self.messageSize { complete = finished() }
        message.content(field, content)
    }

    /// All messages.
    mutating func finished() -> [UInt8] {
        let all = complete + message.framed
        message = ProtobufWriter()
        return all
    }
}

/// What a peer sends on one identify stream.
final class IdentifyExchange {
    let stream: StreamKey
    let isPush: Bool
    private(set) var message = IdentifyMessage()
    private(set) var messages = 0
    private var bytes = 0
    private var inbox = MessageInbox()

    init(_ stream: StreamKey, isPush: Bool) {
        self.stream = stream
        self.isPush = isPush
    }

    /// Whether the stream may end here.
    var isComplete: Bool { messages > 0 && inbox.count == 0 }

    func take(_ chunk: [UInt8], limits: NodeLimits) throws(IdentifyError) {
        bytes += chunk.count
        guard bytes <= limits.identifyBytes else { throw .messageTooLarge(limit: limits.identifyBytes) }
        inbox.add(chunk)
        while let next = inbox.next(limit: limits.identifyBytes) {
            guard messages < limits.identifyMessages else { throw .tooManyMessages(limit: limits.identifyMessages) }
            messages += 1
            guard message.merge(next, limits: limits) else { throw .malformed }
        }
        guard let fault = inbox.fault else { return }
        throw fault == .tooLong ? .messageTooLarge(limit: limits.identifyBytes) : .malformed
    }
}
