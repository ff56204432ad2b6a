public import CausewayIdentity

/// Authenticates the remote of a peer connection that was dialled by its certificate's hash (webrtc/webrtc-direct.md): Noise XX on channel
/// 0, in which the listener speaks first. The prologue contains both certificates, so that nobody can be in between.
public final class DataChannelHandshake {
    /// The channel that both sides have from the start.
    static let channel: UInt32 = 0
    /// Bound: inputs of other channels that are kept until the end. A remote may open streams right behind its last message.
    static let heldInputs = 64

    let noise: NoiseExchange
    /// The listener has not said its first word.
    private var speaksNext: Bool
    private var decoder = DataChannelDecoder()
    private var bytes = ByteQueue()

    /// - Parameters:
    ///   - isListener: Whether the remote has dialled us.
    ///   - expecting: who the remote must be; nil: anybody.
    ///   - ephemeralSecret: 32 fresh secret random bytes.
    ///   - certificates: SHA-256 of our certificate and of the remote's, 32 bytes each.
    public init(
        isListener: Bool, expecting: PeerID?, identity: NoiseIdentity, ephemeralSecret: Secret,
        certificates: (own: [UInt8], remote: [UInt8])
    ) {
        speaksNext = isListener
        let (dialler, listener) = isListener ? (certificates.remote, certificates.own) : (certificates.own, certificates.remote)
        let handshake = NoiseHandshake(
            isInitiator: isListener, identity: identity, ephemeralSecret: ephemeralSecret,
            prologue: Self.prologue(dialler: dialler, listener: listener))
        noise = NoiseExchange(handshake, payload: identity.payloadWithoutMuxers, expecting: expecting)
    }

    /// The prologue from the two certificates' SHA-256, each as a multihash.
    static func prologue(dialler: [UInt8], listener: [UInt8]) -> [UInt8] {
        [UInt8](utf8: "libp2p-webrtc-noise:") + [0x12, 0x20] + dialler + [0x12, 0x20] + listener
    }

    /// What to send on channel 0 before anything is received, once. Empty for the dialler.
    func begin() throws(ConnectionError) -> [UInt8] {
        guard speaksNext else { return [] }
        speaksNext = false
        return try noise.begin()
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
