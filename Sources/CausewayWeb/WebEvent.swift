/// What the module tells the page. Numbers are part of the boundary that `Web/causeway.js` knows.
enum WebEvent: UInt32 {
    case started = 1
    case connected, pong, reserved, published, answer
    case connectionOpened, connectionClosed, peerConnected, peerDisconnected, pathChanged
    case identified, discovered, reservation, dialAttempt, addresses, message
    case streamReady = 20
    case streamData, streamWritable, streamFinished, streamClosed, streamOpened
    case socketConnect = 40
    case socketSend, socketClose
    case peerOffer = 50
    case peerAnswer, peerAccept, peerCandidate, peerDial, peerCarried, peerClose
    case channelOpen, channelSend, channelClose

    func tell(_ a: UInt32 = 0, _ b: UInt32 = 0, _ bytes: UnsafeRawBufferPointer) {
        hostEvent(rawValue, a, b, bytes.baseAddress, Int32(bytes.count))
    }

    func tell(_ a: UInt32 = 0, _ b: UInt32 = 0, _ bytes: [UInt8] = []) { bytes.withUnsafeBytes { tell(a, b, $0) } }
}

/// What the page asks of the module. Numbers are part of the boundary that `Web/causeway.js` knows.
enum WebCommand: UInt32 {
    case start = 1
    case connect, cancel, hangUp, ping, reserve, release, keepRelays
    case subscribe, unsubscribe, publish
    case protocols, openStream, streamWrite, streamFinish, streamReset, streamConsumed
    case socketOpen, socketData, socketClosed, socketDrained
    case suspended = 23
    case query, closeLink, socketBlocked
    case described = 30
    case gathered, peerConnected, peerFailed, peerDialled
    case channelOpened, channelReady, channelData, channelClosed, channelDrained
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

@_extern(wasm, module: "host", name: "event")
private func hostEvent(_ kind: UInt32, _ a: UInt32, _ b: UInt32, _ bytes: UnsafeRawPointer?, _ count: Int32)
