import CausewayConnection
import CausewayIdentity

/// Identify's message (identify/README.md) as it stands on the wire: nothing in it is checked yet. Names and addresses are bytes.
struct IdentifyMessage: Equatable {
    var publicKey: [UInt8]?
    var listenAddresses: [[UInt8]] = []
    var protocolIDs: [[UInt8]] = []
    var observedAddress: [UInt8]?
    var protocolVersion: [UInt8]?
    var agent: [UInt8]?
    var signedRecord: [UInt8]?
}

/// Reads and writes identify's messages, each behind a varint of its length. What is too long for one goes into several, which the reader
/// merges.
enum IdentifyCodec {
    /// Agent and version names are cut to this.
    static let nameLength = 256

    static func encode(_ message: IdentifyMessage, messageSize: Int) -> [UInt8] {
        var fields: [[UInt8]] = []
        func add(_ number: UInt32, _ content: [UInt8]?) {
            guard let content else { return }
            var field = ProtobufWriter()
            field.content(number, content)
            if field.bytes.count <= messageSize { fields.append(field.bytes) }
        }
        add(1, message.publicKey)
        add(5, message.protocolVersion)
        add(6, message.agent)
        add(4, message.observedAddress)
        for address in message.listenAddresses { add(2, address) }
        for name in message.protocolIDs { add(3, name) }
        add(8, message.signedRecord)
        var out: [UInt8] = []
        var part: [UInt8] = []
        for field in fields {
            if part.count + field.count > messageSize {
                append(part, to: &out)
                part = []
            }
            part.append(contentsOf: field)
        }
        append(part, to: &out)
        return out
    }

    private static func append(_ part: [UInt8], to out: inout [UInt8]) {
        Varint.append(UInt64(part.count), to: &out)
        out.append(contentsOf: part)
    }

    /// Merges one message into what came before. Lists stop growing at their limits; unknown fields are skipped.
    static func decode(_ bytes: [UInt8], into message: inout IdentifyMessage, limits: NodeLimits) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: message.publicKey = try reader.content(field)
            case 2:
                let address = try reader.content(field)
                if message.listenAddresses.count < limits.addressesPerPeer { message.listenAddresses.append(address) }
            case 3:
                let name = try reader.content(field)
                if message.protocolIDs.count < limits.protocolsPerPeer, name.count <= limits.protocolIDLength {
                    message.protocolIDs.append(name)
                }
            case 4: message.observedAddress = try reader.content(field)
            case 5: message.protocolVersion = [UInt8](try reader.content(field).prefix(nameLength))
            case 6: message.agent = [UInt8](try reader.content(field).prefix(nameLength))
            case 8: message.signedRecord = try reader.content(field)
            default: break
            }
        }
    }
}

/// Puts the messages of one stream together. Holds one message and its length at most.
struct IdentifyInbox {
    private(set) var message = IdentifyMessage()
    private(set) var messages = 0
    private var bytes: [UInt8] = []

    /// Whether the stream may end here.
    var isComplete: Bool { messages > 0 && bytes.isEmpty }

    mutating func take(_ chunk: [UInt8], limits: NodeLimits) throws(IdentifyError) {
        bytes.append(contentsOf: chunk)
        while !bytes.isEmpty {
            let start: Int
            let end: Int
            switch bytes.withUnsafeBytes({ Varint.decode($0) }) {
            case .incomplete:
                guard bytes.count < 4 else { throw .messageTooLarge(limit: limits.identifyMessage) }
                return
            case .malformed: throw .malformed
            case .value(let length, let size):
                guard length <= UInt64(limits.identifyMessage) else { throw .messageTooLarge(limit: limits.identifyMessage) }
                start = size
                end = size + Int(length)
            }
            guard messages < limits.identifyMessages else { throw .tooManyMessages(limit: limits.identifyMessages) }
            guard bytes.count >= end else { return }
            messages += 1
            do throws(ProtobufError) {
                try IdentifyCodec.decode([UInt8](bytes[start..<end]), into: &message, limits: limits)
            } catch {
                throw .malformed
            }
            bytes.removeFirst(end)
        }
    }
}
