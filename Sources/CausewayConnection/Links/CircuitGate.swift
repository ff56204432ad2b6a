import CausewayIdentity

/// Finds the end of the single length-prefixed message that arrives on a stream of Circuit Relay v2 before the stream carries a circuit
/// (relay/circuit-v2.md).
///
/// Bytes behind that message belong to the stream's next owner. They may arrive before the node has decided, and then wait for that owner.
struct CircuitGate {
    private var prefix: [UInt8] = []
    private var left: UInt64?

    /// nil for other protocols, on which all bytes are the node's.
    init?(protocolID: [UInt8]) {
        guard protocolID == Self.hop || protocolID == Self.stop else { return nil }
    }

    /// How many of the next bytes are the node's.
    mutating func pass(_ bytes: UnsafeRawBufferPointer) -> Int {
        var index = 0
        while left == nil, index < bytes.count {
            prefix.append(bytes[index])
            index += 1
            switch prefix.withUnsafeBytes({ Varint.decode($0) }) {
            case .incomplete: continue
            case .value(let length, _): left = length
            // The node gets all of it, and refuses it.
            case .malformed: left = .max
            }
        }
        let size = min(left ?? 0, UInt64(bytes.count - index))
        if let left { self.left = left - size }
        return index + Int(size)
    }

    private static let hop = [UInt8](utf8: "/libp2p/circuit/relay/0.2.0/hop")
    private static let stop = [UInt8](utf8: "/libp2p/circuit/relay/0.2.0/stop")
}
