import CausewayConnection
import CausewayNode
import CausewaySimulation

/// One node of a drawn world.
struct WorldActor: CustomStringConvertible {
    enum Kind: String {
        /// Everybody reaches it, and it relays.
        case relay
        /// Everybody reaches it.
        case open
        /// It listens, but nothing that others begin gets through to it.
        case hidden
        /// It only dials.
        case silent
    }

    enum Transport: String {
        case tcp = "TCP"
        case webSocket = "WebSocket"
        case webRTCDirect = "WebRTC"
    }

    /// Never changes, whoever else is left out.
    let number: Int
    let kind: Kind
    let line: LineConditions
    /// By which it listens, if it does.
    let transport: Transport
    /// As relay: what a circuit may move and how long it may last.
    let circuit: CircuitLimit
    /// Topics that it has joined from the beginning.
    let topics: [String]

    var name: String { "\(kind.rawValue)\(number)" }
    func listens(by transport: Transport) -> Bool { kind != .silent && self.transport == transport }
    var isReachable: Bool { kind == .relay || kind == .open }
    var ip: [UInt8] { isReachable ? [203, 0, 113, UInt8(number + 1)] : [198, 51, UInt8(number), 1] }

    var description: String {
        let transport = kind == .silent ? "does not listen" : transport.rawValue
        let limit = circuit.isUnlimited ? "" : ", limited circuits"
        return "\(name): \(line.latency.milliseconds) ms, \(line.bytesPerSecond) bytes/s, \(transport)\(limit), topics \(topics)"
    }
}
