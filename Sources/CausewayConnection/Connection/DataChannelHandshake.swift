import CausewayIdentity

/// Finds out who is at the other end of a peer connection that was dialled by its certificate's hash (webrtc/webrtc-direct.md): Noise XX on
/// channel 0, in which the listener speaks first. Both certificates are part of the prologue, so that nobody can stand between.
final class DataChannelHandshake {
    /// The channel that both sides have from the start.
    static let channel: UInt32 = 0
    /// What arrives on other channels before the end is kept: a listener may open streams right behind its last message.
    static let heldMessages = 64

    let deadline: Instant
    private let expecting: PeerID?
    private let payload: [UInt8]
    private var noise: NoiseHandshake
    private var decoder = DataChannelDecoder()
    private var bytes: [UInt8] = []
    private(set) var held: [(channel: UInt32, bytes: [UInt8]?)] = []

    /// - Parameter certificates: SHA-256 of ours and of the remote's.
    init(
        expecting: PeerID?, identity: NoiseIdentity, ephemeralSecret: [UInt8], certificates: (own: [UInt8], remote: [UInt8]),
        deadline: Instant
    ) {
        self.expecting = expecting
        self.deadline = deadline
        payload = identity.payloadWithoutMuxers
        noise = NoiseHandshake(
            isInitiator: false, staticSecret: identity.staticSecret, staticPublic: identity.staticPublic, ephemeralSecret: ephemeralSecret,
            prologue: Self.prologue(own: certificates.own, remote: certificates.remote))
    }

    /// Of two digests by SHA-256, each as a multihash.
    static func prologue(own: [UInt8], remote: [UInt8]) -> [UInt8] {
        [UInt8](utf8: "libp2p-webrtc-noise:") + [0x12, 0x20] + own + [0x12, 0x20] + remote
    }

    /// False: too much.
    func hold(_ channel: UInt32, _ bytes: [UInt8]?) -> Bool {
        guard held.count < Self.heldMessages, bytes?.count ?? 0 <= DataChannelFraming.messageSize else { return false }
        held.append((channel, bytes))
        return true
    }

    /// Takes what came on channel 0.
    /// - Returns: messages to send there, and the remote's key at the end.
    func receive(_ chunk: UnsafeRawBufferPointer) throws(ConnectionError) -> (replies: [[UInt8]], key: PublicKey?) {
        try decode(chunk)
        var replies: [[UInt8]] = []
        while bytes.count >= 2 {
            let end = 2 + (Int(bytes[0]) << 8 | Int(bytes[1]))
            guard bytes.count >= end else { break }
            let message = [UInt8](bytes[2..<end])
            bytes.removeFirst(end)
            if let key = try checked(message, &replies) { return (replies, key) }
        }
        return (replies, nil)
    }

    private func checked(_ message: [UInt8], _ replies: inout [[UInt8]]) throws(ConnectionError) -> PublicKey? {
        let key: PublicKey?
        do throws(NoiseFault) {
            key = try step(message, &replies)
        } catch {
            throw .peerFault(.noise, code: error.rawValue)
        }
        if let key, let expecting, key.peerID != expecting { throw .wrongPeer(expected: expecting, actual: key.peerID) }
        return key
    }

    private func decode(_ chunk: UnsafeRawBufferPointer) throws(ConnectionError) {
        var rest = chunk
        while !rest.isEmpty {
            do throws(DataChannelFault) {
                let (taken, message) = try decoder.next(rest)
                rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
                if let payload = message?.payload { bytes.append(contentsOf: payload) }
                if bytes.count > 2 + Int(UInt16.max) { throw .messageTooLong }
            } catch {
                throw .peerFault(.dataChannel, code: error.rawValue)
            }
        }
    }

    private func step(_ message: [UInt8], _ replies: inout [[UInt8]]) throws(NoiseFault) -> PublicKey? {
        let content = try noise.read(message)
        guard noise.isComplete else {
            guard content.isEmpty else { throw .unexpectedPayload }
            let reply = try noise.write(payload)
            let framed = [UInt8(truncatingIfNeeded: reply.count >> 8), UInt8(truncatingIfNeeded: reply.count)] + reply
            replies.append(framed.withUnsafeBytes { DataChannelFraming.data($0) })
            return nil
        }
        return try NoisePayload(decoding: content).verifiedKey(for: noise.remoteStatic)
    }
}
