import CausewayIdentity

// The time before the remote is authenticated. What the other channels bring waits.
extension DataChannelConnection {
    /// Takes the next step of the handshake. Returns false if it needs more bytes of channel 0.
    func shakeHands(_ handshake: DataChannelHandshake, in streams: StreamMachine) -> Bool {
        do throws(ConnectionError) {
            sendReply(try handshake.begin())
            if lentChannel != DataChannelHandshake.channel { try hold() }
            if isHandshakeChannelClosed { throw .link(errno: 0) }
            guard inputs.count <= DataChannelHandshake.heldInputs else { throw tooManyInputs }
            while !lent.isEmpty {
                let (taken, reply) = try handshake.receive(UnsafeRawBufferPointer(lent))
                lent = UnsafeMutableRawBufferPointer(rebasing: lent[taken...])
                sendReply(reply)
                if let key = handshake.noise.remoteKey {
                    // Nothing follows on this channel.
                    lent = noBytes
                    actions.append(.close(DataChannelHandshake.channel))
                    self.handshake = nil
                    streams.establish(key.peerID, key)
                    return true
                }
            }
        } catch {
            streams.fail(error)
        }
        return false
    }

    private func sendReply(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        actions.append(.send(DataChannelHandshake.channel, bytes.withUnsafeBytes { DataChannelFraming.data($0) }))
    }

    /// Keeps a message on another channel.
    private func hold() throws(ConnectionError) {
        guard !lent.isEmpty else { return }
        guard lent.count <= DataChannelFraming.messageSize else { throw tooManyInputs }
        inputs.append(.received(lentChannel, [UInt8](copying: UnsafeRawBufferPointer(lent))))
        lent = noBytes
    }

    private var isHandshakeChannelClosed: Bool {
        inputs.contains { if case .closed(DataChannelHandshake.channel) = $0 { true } else { false } }
    }

    private var tooManyInputs: ConnectionError { .limit(.pendingControlFrames, value: UInt64(DataChannelHandshake.heldInputs)) }
}
