import CausewayIdentity

/// Authenticates the remote of a peer connection that was dialled by its certificate's hash (webrtc/webrtc-direct.md): Noise XX on channel
/// 0, in which the listener speaks first. The prologue contains both certificates, so that nobody can be in between.
final class DataChannelHandshake {
    /// The channel that both sides have from the start.
    static let channel: UInt32 = 0
    /// Bound: messages on other channels that are kept until the end. A listener may open streams right behind its last message.
    static let heldMessages = 64

    let noise: NoiseExchange
    private var decoder = DataChannelDecoder()
    private var bytes = ByteQueue()
    /// Channels, and the messages on them in the same order. An empty message stands for a channel that was opened.
    private(set) var heldChannels: [UInt32] = []
    private(set) var held: [[UInt8]] = []

    /// - Parameter certificates: The SHA-256 of our certificate and of the remote's.
    init(
        expecting: PeerID?, identity: NoiseIdentity, ephemeralSecret: Secret, certificates: (own: [UInt8], remote: [UInt8])
    ) {
        let handshake = NoiseHandshake(
            isInitiator: false, identity: identity, ephemeralSecret: ephemeralSecret,
            prologue: Self.prologue(own: certificates.own, remote: certificates.remote))
        noise = NoiseExchange(handshake, payload: identity.payloadWithoutMuxers, expecting: expecting)
    }

    /// The prologue from two SHA-256 digests, each as a multihash.
    static func prologue(own: [UInt8], remote: [UInt8]) -> [UInt8] {
        [UInt8](utf8: "libp2p-webrtc-noise:") + [0x12, 0x20] + own + [0x12, 0x20] + remote
    }

    /// Returns false if there are too many.
    func hold(_ channel: UInt32, _ bytes: [UInt8]) -> Bool {
        guard held.count < Self.heldMessages, bytes.count <= DataChannelFraming.messageSize else { return false }
        heldChannels.append(channel)
        held.append(bytes)
        return true
    }

    /// Takes bytes of channel 0, up to the end of a message.
    /// - Returns: How many bytes were taken, and what to send there, if anything.
    func receive(_ chunk: UnsafeRawBufferPointer) throws(ConnectionError) -> (taken: Int, reply: [UInt8]) {
        let taken: Int
        do throws(DataChannelFault) {
            let message: DataChannelDecoder.Message?
            (taken, message) = try decoder.next(chunk)
            if let message { bytes.append(message.payload) }
            if bytes.count > 2 + Int(UInt16.max) { throw .messageTooLong }
        } catch {
            throw .peerFault(.dataChannel, code: error.rawValue)
        }
        let front = bytes.bytes
        guard front.count >= 2 else { return (taken, []) }
        let end = 2 + (Int(front[0]) << 8 | Int(front[1]))
        guard front.count >= end else { return (taken, []) }
        let message = [UInt8](copying: UnsafeRawBufferPointer(rebasing: front[2..<end]))
        bytes.drop(end)
        return (taken, try noise.receive(message))
    }
}
