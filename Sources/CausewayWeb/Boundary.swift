import CausewayConnection
import CausewayIdentity

// The two sides of the boundary. Numbers are those that `Web/causeway.js` knows. A command or an event is two numbers and bytes; those are
// one byte string, or several parts, each behind its length in four bytes. Numbers are little-endian.

/// What the page asks of the module.
enum WebCommand: UInt32 {
    case start
    /// Their last part is a peer.
    case connect, openStream, hangUp, ping, release
    case cancel, reserve, keepRelays, protocols, subscribe, unsubscribe, publish
    case streamWrite, streamFinish, streamReset, streamConsumed
    case socketOpened, socketReceived, socketBlocked, linkFailed, closeLink
    case described, gathered, peerConnected, peerDialled
    case channelOpened, channelReady, channelReceived, channelClosed, channelDrained
    case suspended
    case limits, subscribers, mesh, identity
}

/// What the module tells the page.
enum WebEvent: UInt32 {
    // With parts.
    case started, answered, failed
    case connectionOpened, connectionClosed, peerConnected, peerDisconnected, pathChanged
    case identified, discovered, reservation, dialAttempt, addresses, message, subscriptionChanged
    case streamDelivered, streamClosed, dial
    // With bytes.
    case streamOpened, streamReady, streamReceived, streamWritable, streamFinished
    case socketSend, linkReleased
    case peerOffer, peerAnswer, peerAccept, peerCandidate, peerCarried
    case channelOpen, channelSend, channelClose
    /// The answer to a question, in parts.
    case known

    func tell(_ a: UInt32, _ b: UInt32, _ bytes: UnsafeRawBufferPointer) {
        hostEvent(rawValue, a, b, bytes.baseAddress, Int32(bytes.count))
    }

    func tell(_ a: UInt32, _ b: UInt32 = 0, _ bytes: [UInt8] = []) { bytes.withUnsafeBytes { tell(a, b, $0) } }
}

/// What is on or off in a node, as bits of `WebCommand.start`.
struct WebFlags: OptionSet {
    let rawValue: UInt32

    static let jsonDiscovery = WebFlags(rawValue: 1)
    static let protobufDiscovery = WebFlags(rawValue: 2)
    static let plainWebSocket = WebFlags(rawValue: 4)
    static let gossip = WebFlags(rawValue: 8)
    static let floodPublish = WebFlags(rawValue: 16)
    static let publishToNobody = WebFlags(rawValue: 32)
    static let webRTC = WebFlags(rawValue: 64)
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

@_extern(wasm, module: "host", name: "event")
private func hostEvent(_ kind: UInt32, _ a: UInt32, _ b: UInt32, _ bytes: UnsafeRawPointer?, _ count: Int32)
