/// Reads the frames of one side, in place. libp2p ignores message borders, so payload passes through in whatever pieces it arrives. The
/// decoder never collects a frame, fragment or message, so their number and size cost no memory.
public struct WebSocketDecoder: Sendable {
    /// The kind of the next bytes.
    public enum Step: Equatable, Sendable {
        /// The bytes are the beginning of a header or of a control frame. Call again with the same bytes and more behind them.
        case needMore
        /// `range` of the given bytes is payload, and is unmasked now. It may be empty. Afterwards, drop the first `consumed` bytes.
        case payload(consumed: Int, range: Range<Int>)
        /// A complete ping, pong or close. `range` is its payload of at most 125 bytes, unmasked now.
        case control(consumed: Int, opcode: WebSocketOpcode, range: Range<Int>)
    }

    private let isServer: Bool
    /// The payload of the current data frame that has not arrived.
    private var left: UInt64 = 0
    private var key: UInt32 = 0
    private var phase: UInt8 = 0
    private var insideMessage = false

    /// - Parameter isServer: Whether we are the server, so that frames must be masked.
    public init(isServer: Bool) { self.isServer = isServer }

    /// Takes the next step through `bytes`, which start with the first byte that no earlier step consumed.
    public mutating func next(in bytes: UnsafeMutableRawBufferPointer) throws(WebSocketFault) -> Step {
        if left > 0 {
            guard bytes.count > 0 else { return .needMore }
            return payload(of: bytes, from: 0)
        }
        guard bytes.count >= 2 else { return .needMore }
        let opcode = try checkedOpcode(bytes[0], second: bytes[1])
        let short = bytes[1] & 0x7f
        let lengthEnd = short < 126 ? 2 : short == 126 ? 4 : 10
        let header = lengthEnd + (isServer ? 4 : 0)
        guard bytes.count >= header else { return .needMore }
        let length = try Self.length(short, bytes)
        let mask = isServer ? UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: lengthEnd, as: UInt32.self)) : 0
        if opcode.isControl { return try control(opcode, bytes, header, Int(length), mask) }
        insideMessage = bytes[0] & 0x80 == 0
        left = length
        key = mask
        phase = 0
        return payload(of: bytes, from: header)
    }

    private mutating func payload(of bytes: UnsafeMutableRawBufferPointer, from start: Int) -> Step {
        let size = Int(min(left, UInt64(bytes.count - start)))
        let end = start + size
        WebSocketFraming.mask(UnsafeMutableRawBufferPointer(rebasing: bytes[start..<end]), key: key, phase: Int(phase))
        left -= UInt64(size)
        phase = (phase + UInt8(size & 3)) & 3
        return .payload(consumed: end, range: start..<end)
    }

    private func control(
        _ opcode: WebSocketOpcode, _ bytes: UnsafeMutableRawBufferPointer, _ header: Int, _ length: Int, _ mask: UInt32
    ) throws(WebSocketFault) -> Step {
        let end = header + length
        guard bytes.count >= end else { return .needMore }
        let body = UnsafeMutableRawBufferPointer(rebasing: bytes[header..<end])
        WebSocketFraming.mask(body, key: mask, phase: 0)
        if opcode == .close { _ = try Self.closeCode(UnsafeRawBufferPointer(body)) }
        return .control(consumed: end, opcode: opcode, range: header..<end)
    }

    private func checkedOpcode(_ first: UInt8, second: UInt8) throws(WebSocketFault) -> WebSocketOpcode {
        if first & 0x70 != 0 { throw .reservedBit }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0f) else { throw .reservedOpcode }
        let isMasked = second & 0x80 != 0
        if isServer != isMasked { throw isServer ? .unmasked : .masked }
        if opcode.isControl {
            if first & 0x80 == 0 { throw .fragmentedControl }
            if second & 0x7f > 125 { throw .controlTooLong }
        } else if opcode == .continuation {
            if !insideMessage { throw .unexpectedContinuation }
        } else if insideMessage {
            throw .unfinishedMessage
        }
        return opcode
    }

    private static func length(_ short: UInt8, _ bytes: UnsafeMutableRawBufferPointer) throws(WebSocketFault) -> UInt64 {
        if short < 126 { return UInt64(short) }
        if short == 126 {
            let length = UInt64(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            if length < 126 { throw .nonMinimalLength }
            return length
        }
        let length = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
        if length >> 63 != 0 { throw .lengthOverflow }
        if length < 65536 { throw .nonMinimalLength }
        return length
    }

    /// The status in a close frame's payload. nil: it has none (section 7.4).
    public static func closeCode(_ payload: UnsafeRawBufferPointer) throws(WebSocketFault) -> UInt16? {
        if payload.count == 0 { return nil }
        guard payload.count >= 2 else { throw .badCloseCode }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: return code
        default: throw .badCloseCode
        }
    }
}
