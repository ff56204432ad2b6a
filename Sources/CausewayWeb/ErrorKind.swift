import CausewayConnection
import CausewayNode

/// Why something failed, as the page is told: the page makes the words. `.wrongPeer` is its `ERR_WRONG_PEER`, and so on; `.aborted` is
/// `ABORT_ERR`.
enum ErrorKind: UInt32 {
    /// A dial succeeded, or a stream ended in order.
    case none
    case connectionLost, closed, timeout, peerFault, limit, notConnected, limitedConnection, unsupportedProtocol
    case reset, abortedLocally, refusedByRelay, unresolved, aborted, backedOff, unsupportedTransport
    case ownPeer, unreachable, answer, notRelayAddress, keyType, wrongPeer, circuitBytes, circuitDuration
    case messageTooLarge, noSubscribers, invalidTopic, pubsubOff, hearsay
}

/// A kind and its detail (a code, a status, or a limit's value) as one number, with the kind in the upper half, and the limit's name
/// (`LimitName`) above it.
struct Fault {
    let number: UInt64

    init(kind: ErrorKind, _ value: UInt32 = 0) { number = UInt64(kind.rawValue) << 32 | UInt64(value) }

    init(_ error: ConnectionError) {
        switch error {
        case .peerFault(let layer, let code):
            let isUnknownKey = layer == .noise && code >= NoiseFault.unsupportedRSA.rawValue
            self.init(kind: isUnknownKey ? .keyType : .peerFault, layer, code)
        case .wrongPeer: self.init(kind: .wrongPeer)
        case .noCommonProtocol(let layer): self.init(kind: .unsupportedProtocol, layer)
        case .timedOut(let layer): self.init(kind: .timeout, layer)
        case .limit(let name, let value): self.init(name, value)
        case .link(let errno): self.init(kind: .connectionLost, UInt32(truncatingIfNeeded: errno))
        case .goAway(let code): self.init(kind: .closed, code)
        case .closed(let reason): self.init(kind: .closed, 0x100 + UInt32(reason.rawValue))
        }
    }

    /// Without an error, the stream ended in order.
    init(_ error: StreamError?) {
        guard let error else {
            self.init(kind: .none)
            return
        }
        switch error {
        case .reset(let code): self.init(kind: .reset, code)
        case .resetLocally: self.init(kind: .abortedLocally)
        case .unsupportedProtocol: self.init(kind: .unsupportedProtocol)
        case .peerFault(let layer, let code): self.init(kind: .peerFault, layer, code)
        case .timedOut: self.init(kind: .timeout)
        case .limit(let name, let value), .circuitLimit(let name, let value, _): self.init(name, value)
        case .connection(let error): self.init(error)
        case .closed, .busy: self.init(kind: .closed)
        case .limitedConnection: self.init(kind: .limitedConnection)
        case .notConnected: self.init(kind: .notConnected)
        case .cancelled: self.init(kind: .aborted)
        }
    }

    init(_ result: DialOutcome.Result) {
        switch result {
        case .connected: self.init(kind: .none)
        case .failed(let error): self.init(error)
        case .refusedByRelay(let status): self.init(kind: .refusedByRelay, UInt32(status))
        case .unresolved(let code): self.init(kind: .unresolved, UInt32(truncatingIfNeeded: code))
        case .cancelled: self.init(kind: .aborted)
        case .backedOff: self.init(kind: .backedOff)
        case .unsupported: self.init(kind: .unsupportedTransport)
        case .hearsay: self.init(kind: .hearsay)
        case .ownPeer: self.init(kind: .ownPeer)
        case .limit(let name, let value): self.init(name, value)
        }
    }

    init(_ error: ReservationError) {
        switch error {
        case .unreachable: self.init(kind: .unreachable)
        case .refused(let status): self.init(kind: .refusedByRelay, UInt32(status))
        case .stream(let error): self.init(error)
        case .badAnswer(let fault): self.init(kind: .answer, UInt32(fault))
        case .timedOut: self.init(kind: .timeout)
        case .notARelayAddress: self.init(kind: .notRelayAddress)
        }
    }

    init(_ error: PublishError) {
        switch error {
        case .tooLarge(let limit): self.init(kind: .messageTooLarge, UInt32(clamping: limit))
        case .noSubscribers: self.init(kind: .noSubscribers)
        case .badTopic: self.init(kind: .invalidTopic)
        case .off: self.init(kind: .pubsubOff)
        }
    }

    private init(kind: ErrorKind, _ layer: ConnectionError.Layer, _ code: UInt16 = 0) {
        self.init(kind: kind, UInt32(layer.rawValue) << 16 | UInt32(code))
    }

    private init(_ name: LimitName, _ value: UInt64) {
        let kind: ErrorKind = name == .circuitBytes ? .circuitBytes : name == .circuitDuration ? .circuitDuration : .limit
        number = UInt64(name.rawValue) << 40 | Fault(kind: kind, UInt32(clamping: value)).number
    }
}
