import CausewayIdentity

/// WebSocket between the link and Noise: the opening handshake, then one binary message for each sealed frame.
final class WebSocketLayer: LinkFraming {
    let opening: [UInt8]
    /// nil once the WebSocket is open.
    private var handshake: WebSocketHandshake?
    private var decoder: WebSocketDecoder
    /// A client's source of masks (splitmix64 over secret entropy). nil for a server. Masks keep scripts from choosing the bytes that old
    /// proxies see (RFC 6455 section 10.3); everything under them is sealed.
    private var masks: UInt64?
    /// The mask of the message that was begun last.
    private var mask: UInt32?

    init(serverWithin limits: ConnectionLimits) {
        opening = []
        handshake = WebSocketHandshake(serverWithHeadLimit: limits.httpHead)
        decoder = WebSocketDecoder(isServer: true)
    }

    /// Makes a client's layer. It uses the part of `entropy` that the ephemeral key leaves: 8 bytes for the masks, 16 for the handshake's
    /// key.
    init(host: [UInt8], path: [UInt8], limits: ConnectionLimits, entropy: Secret) throws(WebSocketFault) {
        let handshake = try WebSocketHandshake(host: host, path: path, key: entropy[40..<56], headLimit: limits.httpHead)
        opening = handshake.request
        self.handshake = handshake
        decoder = WebSocketDecoder(isServer: false)
        var seed: UInt64 = 0
        for byte in entropy[32..<40] { seed = seed << 8 | UInt64(byte) }
        masks = seed
    }

    func fill(_ input: inout InputBuffer, wire: inout ByteQueue) throws(WebSocketFault) -> FillResult {
        let raw = input.raw
        if handshake != nil { return try shakeHands(&input, wire: &wire) }
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

    private func shakeHands(_ input: inout InputBuffer, wire: inout ByteQueue) throws(WebSocketFault) -> FillResult {
        switch handshake?.receive(UnsafeRawBufferPointer(input.raw)) {
        case .accepted(let response, let consumed)?:
            wire.append(response)
            input.dropRaw(consumed)
            handshake = nil
            return .progress
        case .rejected(let response, let fault)?:
            wire.append(response)
            throw fault
        case .incomplete?, nil: return .needMore
        }
    }

    func reserve(_ size: Int, in wire: inout ByteQueue) -> UnsafeMutableRawPointer { open(.binary, size, in: &wire) }

    func commit(_ size: Int, in wire: inout ByteQueue) {
        let header = WebSocketFraming.headerLength(payload: size, masked: mask != nil)
        if let mask {
            // The reserved room is large enough, so `reserve` returns the same place again.
            let payload = UnsafeMutableRawBufferPointer(start: wire.reserve(header + size) + header, count: size)
            WebSocketFraming.mask(payload, key: mask, phase: 0)
        }
        wire.commit(header + size)
    }

    /// RFC 6455 section 7.4.1: normal closure, or the remote's protocol error. Before the WebSocket is open, the HTTP response has said
    /// everything.
    func sendClose(isFault: Bool, into wire: inout ByteQueue) {
        guard handshake == nil else { return }
        let status = isFault ? WebSocketFault.closeCode : 1000
        let code = [UInt8(truncatingIfNeeded: status >> 8), UInt8(truncatingIfNeeded: status)]
        code.withUnsafeBytes { send(.close, $0, into: &wire) }
    }

    private func send(_ opcode: WebSocketOpcode, _ body: UnsafeRawBufferPointer, into wire: inout ByteQueue) {
        let payload = open(opcode, body.count, in: &wire)
        if let from = body.baseAddress { payload.copyMemory(from: from, byteCount: body.count) }
        commit(body.count, in: &wire)
    }

    /// Writes a message's header, and returns where its payload goes.
    private func open(_ opcode: WebSocketOpcode, _ size: Int, in wire: inout ByteQueue) -> UnsafeMutableRawPointer {
        mask = nextMask()
        let header = WebSocketFraming.headerLength(payload: size, masked: mask != nil)
        let at = wire.reserve(header + size)
        WebSocketFraming.writeHeader(into: at, opcode: opcode, payload: size, mask: mask)
        return at + header
    }

    private func nextMask() -> UInt32? {
        guard let seed = masks else { return nil }
        let next = seed &+ 0x9e37_79b9_7f4a_7c15
        masks = next
        var z = next
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return UInt32(truncatingIfNeeded: (z ^ (z >> 31)) >> 32)
    }
}
