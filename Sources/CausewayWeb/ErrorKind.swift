import CausewayConnection
import CausewayNode

/// Why something failed, as the page is told: the page makes the words.
enum ErrorKind: UInt32 {
    case none = 0
    case linkEnded, closed, timedOut, peerFault, limit, notConnected, limitedConnection, unsupportedProtocol
    case resetByRemote, resetLocally, refusedByRelay, unresolved, cancelled, backedOff, unsupportedTransport
    case ownPeer, unreachable, badAnswer, notARelayAddress, unsupportedKeyType, anotherPeer, circuitBytes, circuitDuration
    /// Of a dial: no failure.
    case connected = 100
}

/// A kind and the number that goes with it: a code, a status, or a limit's value.
struct Fault {
    let kind: ErrorKind
    var value: UInt32 = 0
    /// For a circuit's limit: what moved.
    var moved: UInt64 = 0

    init(kind: ErrorKind, _ value: UInt32 = 0) {
        self.kind = kind
        self.value = value
    }

    init(_ error: ConnectionError) {
        switch error {
        case .peerFault(let layer, let code):
            let isUnknownKey = layer == .noise && code >= NoiseFault.unsupportedRSA.rawValue
            self.init(kind: isUnknownKey ? .unsupportedKeyType : .peerFault, UInt32(layer.rawValue) << 16 | UInt32(code))
        case .wrongPeer: self.init(kind: .anotherPeer)
        case .noCommonProtocol(let layer): self.init(kind: .unsupportedProtocol, UInt32(layer.rawValue) << 16)
        case .timedOut(let layer): self.init(kind: .timedOut, UInt32(layer.rawValue) << 16)
        case .limit(let name, let value): self.init(limit: name, value)
        case .link(let errno): self.init(kind: .linkEnded, UInt32(truncatingIfNeeded: errno))
        case .goAway(let code): self.init(kind: .closed, code)
        case .closed(let reason): self.init(kind: .closed, 0x100 + UInt32(reason.rawValue))
        }
    }

    init(_ error: StreamError) {
        switch error {
        case .reset(let code): self.init(kind: .resetByRemote, code)
        case .resetLocally: self.init(kind: .resetLocally)
        case .unsupportedProtocol: self.init(kind: .unsupportedProtocol)
        case .peerFault(let layer, let code): self.init(kind: .peerFault, UInt32(layer.rawValue) << 16 | UInt32(code))
        case .timedOut: self.init(kind: .timedOut)
        case .limit(let name, let value): self.init(limit: name, value)
        case .circuitLimit(let name, let value, let moved):
            self.init(limit: name, value)
            self.moved = moved
        case .connection(let error): self.init(error)
        case .closed, .busy: self.init(kind: .closed)
        case .limitedConnection: self.init(kind: .limitedConnection)
        case .notConnected: self.init(kind: .notConnected)
        case .cancelled: self.init(kind: .cancelled)
        }
    }

    init(_ result: DialOutcome.Result) {
        switch result {
        case .connected: self.init(kind: .connected)
        case .failed(let error): self.init(error)
        case .refusedByRelay(let status): self.init(kind: .refusedByRelay, UInt32(status))
        case .unresolved(let code): self.init(kind: .unresolved, UInt32(truncatingIfNeeded: code))
        case .cancelled: self.init(kind: .cancelled)
        case .backedOff: self.init(kind: .backedOff)
        case .unsupported: self.init(kind: .unsupportedTransport)
        case .ownPeer: self.init(kind: .ownPeer)
        case .limit(let name, let value): self.init(limit: name, value)
        }
    }

    init(_ error: ReservationError) {
        switch error {
        case .unreachable: self.init(kind: .unreachable)
        case .refused(let status): self.init(kind: .refusedByRelay, UInt32(status))
        case .stream(let error): self.init(error)
        case .badAnswer(let fault): self.init(kind: .badAnswer, UInt32(fault))
        case .timedOut: self.init(kind: .timedOut)
        case .notARelayAddress: self.init(kind: .notARelayAddress)
        }
    }

    private init(limit name: LimitName, _ value: UInt64) {
        switch name {
        case .circuitBytes: kind = .circuitBytes
        case .circuitDuration: kind = .circuitDuration
        default: kind = .limit
        }
        self.value = UInt32(clamping: value)
    }
}
