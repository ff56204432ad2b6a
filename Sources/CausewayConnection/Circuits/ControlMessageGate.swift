import CausewayIdentity

/// Finds the end of the single length-prefixed message that arrives on a stream of Circuit Relay v2 before the stream carries a circuit
/// (relay/circuit-v2.md).
///
/// Bytes behind that message belong to the stream's next owner. They may arrive before the node has decided, and then wait for that owner.
struct ControlMessageGate {
    private var prefix: [UInt8] = []
    private var left: UInt64?

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
}
