import CausewayIdentity

/// Puts one length-delimited message together from the chunks of a stream, and keeps what came behind it.
struct RelayInbox {
    private var bytes: [UInt8] = []

    enum Step {
        case incomplete
        /// The message without its length, and the bytes behind it.
        case message([UInt8], rest: [UInt8])
        case fault(RelayFault)
    }

    /// Never holds more than one message and its length: what is longer is a fault as soon as its length is known.
    mutating func take(_ chunk: [UInt8]) -> Step {
        if bytes.isEmpty { bytes = chunk } else { bytes.append(contentsOf: chunk) }
        let length: Int
        let prefix: Int
        switch bytes.withUnsafeBytes({ Varint.decode($0) }) {
        case .incomplete:
            // 4,096 takes two bytes; a third that still goes on announces far more.
            return bytes.count > 2 ? .fault(.messageTooLarge) : .incomplete
        case .malformed:
            return .fault(.malformed)
        case .value(let value, let size):
            guard value <= UInt64(HopCodec.messageSize) else { return .fault(.messageTooLarge) }
            length = Int(value)
            prefix = size
        }
        guard bytes.count >= prefix + length else { return .incomplete }
        let end = prefix + length
        let (message, rest) = bytes.withUnsafeBytes { all in
            (
                [UInt8](copying: UnsafeRawBufferPointer(rebasing: all[prefix..<end])),
                [UInt8](copying: UnsafeRawBufferPointer(rebasing: all[end...]))
            )
        }
        bytes = []
        return .message(message, rest: rest)
    }
}
