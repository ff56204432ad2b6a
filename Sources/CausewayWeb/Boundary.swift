import CausewayConnection
import CausewayIdentity

// The two sides of the boundary. A command or an event is two numbers, a and b, and bytes; those are one byte string, or several parts,
// each behind its length in four bytes. Numbers are little-endian. `Scripts/boundary.py` makes `Web/causeway/boundary` of this file,
// `WebCommand`, `WebEvent` and `ErrorKind`.

/// What is on or off in a node.
struct WebFlags: OptionSet {
    let rawValue: UInt32

    static let listenOnly = WebFlags(rawValue: 1)
    static let plainWebSocket = WebFlags(rawValue: 2)
    static let gossip = WebFlags(rawValue: 4)
    static let floodPublish = WebFlags(rawValue: 8)
    static let publishToNobody = WebFlags(rawValue: 16)
    static let webRTC = WebFlags(rawValue: 32)
}

/// What a connection is.
struct ConnectionFlags: OptionSet {
    let rawValue: UInt32

    static let inbound = ConnectionFlags(rawValue: 1)
    static let limited = ConnectionFlags(rawValue: 2)
}

/// Why what carries a link failed. More than these is a number of bytes: a message was longer.
enum LinkFailure: UInt32 {
    case lost
    /// The browser does not take the remote's description.
    case badDescription
}

/// What became of a reservation.
enum ReservationState: UInt32 {
    case made, refreshed, lost, failed
}

/// The parts of a command's bytes. What is cut short ends where the bytes do.
func parts(of bytes: UnsafeMutableRawBufferPointer) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    var end = 0
    while end + 4 <= bytes.count {
        let start = end + 4
        end = start + min(Int(clamping: bytes.loadUnaligned(fromByteOffset: end, as: UInt32.self)), bytes.count - start)
        parts.append([UInt8](copying: UnsafeRawBufferPointer(rebasing: bytes[start..<end])))
    }
    return parts
}

extension UInt64 {
    init(littleEndian bytes: [UInt8]) {
        self = 0
        for index in bytes.indices.reversed() { self = self << 8 | UInt64(bytes[index]) }
    }
}
