import CausewayIdentity

/// The frames between the link and Noise once the WebSocket stands: one binary message for each sealed frame.
struct WebSocketLayer {
    private var decoder: WebSocketDecoder
    /// A client's source of masks (splitmix64 over secret entropy); nil for a server. Masks keep scripts from choosing the bytes that old
    /// proxies see (RFC 6455 section 10.3); under them everything is sealed.
    private var masks: UInt64?

    init(isServer: Bool, maskSeed: UInt64) {
        decoder = WebSocketDecoder(isServer: isServer)
        masks = isServer ? nil : maskSeed
    }

    enum Fill: Equatable {
        case progress
        case needMore
        /// The remote closed the WebSocket.
        case closed
    }

    /// Decodes the next piece of `input`'s raw bytes; answers pings.
    mutating func fill(_ input: inout InputBuffer, wire: inout ByteQueue) throws(WebSocketFault) -> Fill {
        let raw = input.raw
        switch try decoder.next(in: raw) {
        case .needMore: return .needMore
        case .payload(let consumed, let range): input.addPayload(range, consumed: consumed)
        case .control(let consumed, let opcode, let range):
            if opcode == .ping { send(.pong, UnsafeRawBufferPointer(rebasing: raw[range]), into: &wire) }
            input.dropRaw(consumed)
            if opcode == .close { return .closed }
        }
        return .progress
    }

    /// Reserves room for one message of `size` bytes, writes its header and returns where the payload goes; `close` completes it.
    mutating func open(_ size: Int, in wire: inout ByteQueue) -> OpenMessage {
        let header = WebSocketFraming.headerLength(payload: size, masked: masks != nil)
        let at = wire.reserve(header + size)
        let mask = nextMask()
        WebSocketFraming.writeHeader(into: at, opcode: .binary, payload: size, mask: mask)
        return OpenMessage(payload: UnsafeMutableRawBufferPointer(start: at + header, count: size), header: header, mask: mask)
    }

    struct OpenMessage {
        let payload: UnsafeMutableRawBufferPointer
        let header: Int
        let mask: UInt32?
    }

    func close(_ message: OpenMessage, in wire: inout ByteQueue) {
        if let mask = message.mask { WebSocketFraming.mask(message.payload, key: mask, phase: 0) }
        wire.commit(message.header + message.payload.count)
    }

    /// RFC 6455 section 7.4.1: normal closure, or the remote's protocol error.
    mutating func sendClose(isFault: Bool, into wire: inout ByteQueue) {
        let status = isFault ? WebSocketFault.closeCode : 1000
        let code = [UInt8(truncatingIfNeeded: status >> 8), UInt8(truncatingIfNeeded: status)]
        code.withUnsafeBytes { send(.close, $0, into: &wire) }
    }

    private mutating func send(_ opcode: WebSocketOpcode, _ body: UnsafeRawBufferPointer, into wire: inout ByteQueue) {
        let mask = nextMask()
        let header = WebSocketFraming.headerLength(payload: body.count, masked: mask != nil)
        let at = wire.reserve(header + body.count)
        WebSocketFraming.writeHeader(into: at, opcode: opcode, payload: body.count, mask: mask)
        let payload = UnsafeMutableRawBufferPointer(start: at + header, count: body.count)
        payload.copyMemory(from: body)
        if let mask { WebSocketFraming.mask(payload, key: mask, phase: 0) }
        wire.commit(header + body.count)
    }

    private mutating func nextMask() -> UInt32? {
        guard let seed = masks else { return nil }
        let next = seed &+ 0x9e37_79b9_7f4a_7c15
        masks = next
        var z = next
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return UInt32(truncatingIfNeeded: (z ^ (z >> 31)) >> 32)
    }
}
