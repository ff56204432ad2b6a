import CausewayIdentity

/// The messages of multistream-select 1.0 (connections/README.md): a length as a varint, a text, a line feed.
enum Multistream {
    static let header = [UInt8](utf8: "/multistream/1.0.0")
    static let notAvailable = [UInt8](utf8: "na")

    static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        Varint.append(UInt64(text.count) + 1, to: &bytes)
        bytes.append(contentsOf: text)
        bytes.append(0x0a)
    }
}

/// Cuts bytes into messages, however they arrive.
struct MultistreamReader: ~Copyable {
    private var cutter: MessageCutter

    init(limit: Int) { cutter = MessageCutter(limit: limit) }

    /// Takes bytes up to the end of the next message.
    /// - Returns: How many bytes were taken, and the message without its line feed once it is complete.
    mutating func next(_ bytes: UnsafeRawBufferPointer) throws(MultistreamFault) -> (taken: Int, message: [UInt8]?) {
        let taken: Int
        let message: UnsafeRawBufferPointer?
        do throws(MessageCutter.Fault) {
            (taken, message) = try cutter.next(bytes)
        } catch {
            throw .messageTooLong
        }
        guard let message else { return (taken, nil) }
        guard message.last == 0x0a else { throw .missingLineFeed }
        return (taken, [UInt8](copying: UnsafeRawBufferPointer(rebasing: message.dropLast())))
    }
}
