import CausewayIdentity

/// Noise XX as libp2p uses it: each side's payload names its identity, and proves it by a signature of the side's static key.
final class NoiseExchange {
    private var handshake: NoiseHandshake
    /// The remote's key, once it is proven.
    private(set) var remoteKey: PublicKey?
    /// The muxers in the remote's payload. Empty: it does not negotiate early.
    private(set) var remoteMuxers: [[UInt8]] = []
    private let payload: [UInt8]
    private let expecting: PeerID?

    /// - Parameters:
    ///   - payload: one of the identity's.
    ///   - expecting: who the remote must be; nil: anybody.
    init(_ handshake: NoiseHandshake, payload: [UInt8], expecting: PeerID?) {
        self.handshake = handshake
        self.payload = payload
        self.expecting = expecting
    }

    /// The initiator's first message, which proves nothing yet.
    func begin() throws(ConnectionError) -> [UInt8] { try write([]) }

    /// Takes the remote's next message.
    /// - Returns: Our message that follows. Empty after the last.
    func receive(_ message: [UInt8]) throws(ConnectionError) -> [UInt8] {
        do throws(NoiseFault) {
            let received = try handshake.read(message)
            if handshake.remoteStatic.isEmpty {
                guard received.isEmpty else { throw .unexpectedPayload }
            } else {
                let decoded = try NoisePayload(decoding: received)
                remoteMuxers = decoded.muxers
                remoteKey = try decoded.verifiedKey(for: handshake.remoteStatic)
            }
        } catch {
            throw .peerFault(.noise, code: error.rawValue)
        }
        if let expecting, let actual = remoteKey?.peerID, actual != expecting { throw .wrongPeer(expected: expecting, actual: actual) }
        return handshake.isComplete ? [] : try write(payload)
    }

    /// The keys for sending and receiving.
    func split() -> (send: CipherKey, receive: CipherKey) { handshake.split() }

    /// Our next message, preceded by its length.
    private func write(_ payload: [UInt8]) throws(ConnectionError) -> [UInt8] {
        do throws(NoiseFault) {
            let message = try handshake.write(payload)
            var framed = [UInt8(truncatingIfNeeded: message.count >> 8)]
            framed.append(UInt8(truncatingIfNeeded: message.count))
            framed.append(contentsOf: message)
            return framed
        } catch {
            throw .peerFault(.noise, code: error.rawValue)
        }
    }
}
