import CausewayConnection
import CausewayNode
import CausewayTLS

// Texts for people: what happened, whose fault it was, and the limit's value if a limit was reached. The core uses codes and numbers.

extension ConnectionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .peerFault(.tls, let code): TLSError.explanation(of: code)
        case .peerFault(let layer, let code): "the peer violated \(layer.name) (fault \(code))"
        case .wrongPeer(let expected, let actual): "expected peer \(expected), but peer \(actual) answered"
        case .noCommonProtocol(let layer): "the peer speaks none of our \(layer.name) protocols"
        case .timedOut(let layer): "timed out (\(layer.name))"
        case .limit(let name, let value): "our limit was reached: \(name) (\(value))"
        case .link(errno: 0): "the peer closed the connection"
        case .link(let code): systemReason(code < 0 ? -code : code).lowercasedFirst
        case .goAway(code: 0): "the peer closed the connection (go away)"
        case .goAway(let code): "the peer closed the connection (go away, code \(code))"
        case .closed(let reason): reason.text
        }
    }
}

extension ConnectionError.Layer {
    var name: String {
        switch self {
        case .transport: "the transport"
        case .tls: "TLS"
        case .webSocket: "WebSocket"
        case .multistream: "multistream-select"
        case .noise: "Noise"
        case .yamux: "Yamux"
        case .dns: "name resolution"
        case .circuit: "the relay protocol"
        case .dataChannel: "a WebRTC data channel"
        case .signalling: "WebRTC signalling"
        case .ping: "ping"
        case .holePunching: "hole punching"
        }
    }
}

extension ConnectionPath.Transport: CustomStringConvertible {
    /// As in addresses: `tcp`, `ws`, `wss`, `webrtc`, `webrtc-direct`, `quic-v1`.
    public var description: String {
        switch self {
        case .tcp: "tcp"
        case .webSocket: "ws"
        case .secureWebSocket: "wss"
        case .webRTC: "webrtc"
        case .webRTCDirect: "webrtc-direct"
        case .quic: "quic-v1"
        }
    }
}

extension CloseReason {
    var text: String {
        switch self {
        case .application: "closed by this application"
        case .pruned: "closed: this node had too many connections"
        case .superseded: "closed: a better connection to the peer replaced it"
        case .shutdown: "closed: this node is shutting down"
        case .cancelled: "cancelled"
        case .unresponsive: "closed: the peer stopped responding"
        }
    }
}

extension LimitName: CustomStringConvertible {
    public var description: String {
        switch self {
        case .streamsPerConnection: "streams per connection"
        case .streamsAwaitingAccept: "streams waiting to be accepted"
        case .frameSize: "bytes of a frame"
        case .messageSize: "bytes of a message"
        case .pendingControlFrames: "control frames queued for a peer that does not read"
        case .queuedBytesPerStream: "bytes queued on a stream"
        case .receiveWindow: "bytes of a receive window"
        case .connections: "connections"
        case .connectionsPerAddress: "connections from one address"
        case .pendingConnections: "connections not yet authenticated"
        case .reservations: "reservations"
        case .reservationsPerAddress: "reservations from one address"
        case .reservationsPerNetwork: "reservations from one network"
        case .circuits: "circuits"
        case .circuitsPerPeer: "circuits of one peer"
        case .circuitsPerSource: "circuits from one source, or from its address, to one peer"
        case .circuitsPerAddress: "circuits from one address"
        case .circuitBytes: "bytes of a circuit"
        case .circuitDuration: "seconds of a circuit"
        case .addressesPerPeer: "addresses of one peer"
        case .connectionsPerNetwork: "connections from one IPv6 /48 network"
        case .descriptors: "open descriptors of the process"
        case .fruitlessStreams: "streams opened in vain"
        case .sentAhead: "bytes sent ahead of a circuit"
        case .heldPerConnection: "bytes held for one connection"
        case .heldPerPeer: "bytes held for one peer"
        case .heldPerPlace: "bytes held for one address"
        case .held: "bytes held for all peers"
        }
    }
}

extension StreamError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .reset(code: 0): "the peer reset the stream"
        case .reset(let code): "the peer reset the stream (code \(code))"
        case .resetLocally: "the stream was reset here"
        case .unsupportedProtocol:
            "the peer does not support the protocol; on a connection that a relay limits, it has to serve it with allowsLimited"
        case .peerFault(.ping, PingFault.wrongBytes.rawValue): "the peer answered the ping with other bytes than it was sent"
        case .peerFault(let layer, let code): "the peer violated \(layer.name) on the stream (fault \(code))"
        case .timedOut: "timed out"
        case .limit(let name, let value): "our limit was reached: \(name) (\(value))"
        case .circuitLimit(let name, let value, let moved):
            "the circuit reached the relay's limit of \(value) \(name) after \(moved) bytes"
        case .connection(let error): "the connection ended: \(error)"
        case .closed: "the stream is closed"
        case .limitedConnection: "the only connection is relayed with limits, and this protocol does not allow that"
        case .notConnected: "not connected"
        case .cancelled: "cancelled"
        case .busy: "another task is reading or writing this stream"
        case .resumption(let fault): "\(fault)"
        }
    }
}

extension ResumptionFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooLate(let undelivered): "no connection carried the stream again in time; the peer has not confirmed \(undelivered) bytes"
        case .unknownStream: "the peer does not know the stream any more"
        case .tooManyStreams: "the peer carries as many resumable streams as it allows"
        case .impossiblePosition: "the peer claims to have received what was not sent"
        case .tooMuchUnconfirmed: "the peer sent more than \(Resumption.window) bytes that were not confirmed"
        case .malformed: "the peer violated the protocol of resumable streams"
        }
    }
}

extension DialOutcome: CustomStringConvertible {
    public var description: String {
        let report = peerConnection.map { "; WebRTC: \($0)" } ?? ""
        return "\(address): \(result) (\(took.milliseconds) ms\(report))"
    }
}

extension DialOutcome.Result: CustomStringConvertible {
    public var description: String {
        switch self {
        case .connected: "connected"
        case .failed(let error): error.description
        case .refusedByRelay(let status): "the relay refused: \(RelayStatus.text(status))"
        case .unresolved(let code): "the name could not be resolved (code \(code))"
        case .cancelled: "cancelled: another address connected first, or the dial was cancelled"
        case .backedOff: "not tried: it failed recently"
        case .unsupported: "not tried: this node has no transport for such an address"
        case .hearsay: "not tried: only remote peers named it, and it is a local address or contains a path"
        case .ownPeer: "not tried: it is an address of this node itself"
        case .limit(let name, let value): "not tried: our limit was reached: \(name) (\(value))"
        }
    }
}

/// The relay protocol's status codes (relay/circuit-v2.md) in words.
enum RelayStatus {
    static func text(_ status: UInt16) -> String {
        switch status {
        case 200: "it grants no reservation (200 RESERVATION_REFUSED)"
        case 201: "it has reached its limits (201 RESOURCE_LIMIT_EXCEEDED)"
        case 202: "it does not permit this (202 PERMISSION_DENIED)"
        case 203: "it could not reach the peer (203 CONNECTION_FAILED)"
        case 204: "the peer has no reservation there (204 NO_RESERVATION)"
        case 400: "it found the message malformed (400 MALFORMED_MESSAGE)"
        case 401: "it did not expect the message (401 UNEXPECTED_MESSAGE)"
        default: "status \(status)"
        }
    }
}

extension ReservationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreachable(let outcomes) where outcomes.isEmpty: "the relay cannot be reached: no address is known"
        case .unreachable(let outcomes): "the relay cannot be reached: \(outcomes.map(\.description).joined(separator: "; "))"
        case .refused(let status): "the relay refused: \(RelayStatus.text(status))"
        case .stream(let error): "the relay's stream failed: \(error)"
        case .badAnswer(let code): "the relay's answer is invalid (fault \(code))"
        case .timedOut: "the relay did not answer in time"
        case .notARelayAddress: "the relay's address must end in /p2p/<peer id>"
        }
    }
}

extension PublishError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooLarge(let limit): "the message is larger than the limit of \(limit) bytes"
        case .noSubscribers: "no known peer subscribes to the topic"
        case .badTopic: "the topic's name is empty or too long"
        case .off: "GossipSub is switched off in this node"
        }
    }
}

extension GossipSettingError: CustomStringConvertible {
    public var description: String {
        "\(name) is \(value): expected \(range.lowerBound) to \(range.upperBound)\(bound.map { " (\($0))" } ?? "")"
    }
}

extension TopicPattern.Fault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .empty: "a topic's name is missing"
        case .misplacedStar: "a * can only stand at the end"
        }
    }
}

extension NodeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .wrongCertificate(let address):
            "cannot announce \(address): its /certhash is of no certificate of this node; leave it out, and the node adds its own"
        case .unsupportedAddress(let address): "this node has no transport for \(address)"
        case .file(let path, let reason): "\(path): \(reason)"
        case .identity(let reason): "the private key cannot be used: \(reason)"
        case .missingPeerID(let address): "\(address) must end in /p2p/<peer id>"
        case .notConnected(let peer, let outcomes) where outcomes.isEmpty: "no connection to \(peer): no address is known"
        case .notConnected(let peer, let outcomes):
            "no connection to \(peer): \(outcomes.map(\.description).joined(separator: "; "))"
                + (DialDiagnosis(outcomes).map { ". \($0)" } ?? "")
        case .reservation(let error): error.description
        case .publish(let error): error.description
        case .pubSub(let error): error.description
        case .stream(let error): error.description
        case .environment(_, let reason): "the system could not provide an event loop for the node: \(reason)"
        case .notRunning: "the node is not running"
        case .alreadyRun: "the node was run before: make another one to run again"
        case .cancelled: "cancelled"
        }
    }
}

extension String {
    var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}

extension IdentifyError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .messageTooLarge(let limit): "an identify message is larger than \(limit) bytes"
        case .tooManyMessages(let limit): "identify sent more than \(limit) messages"
        case .malformed: "an identify message is malformed"
        case .foreignKey: "identify names another peer's key"
        case .timedOut: "the peer did not answer identify in time"
        case .stream(let error): "identify's stream failed: \(error)"
        }
    }
}

extension Event: CustomStringConvertible {
    /// As in the log: the name, and the fields as `name=value`.
    public var description: String { record.description }
}

extension EventRecord: CustomStringConvertible {
    public var description: String { Printable.line(text()) }
}
