/// What an attempt at a WebRTC connection did about NATs that ICE alone does not pass, and what came of it.
public struct HardNATReport: Equatable, Sendable {
    /// What this side does. The NAT of one side gives every remote another port; the other side is always at the same one.
    public enum Part: Sendable {
        /// This side's NAT gives random ports: it sends from many sockets to the remote's port.
        case sockets
        /// The remote's NAT gives random ports: this side tries them.
        case probes
        /// The remote's NAT gives one port after the other: this side tries the next ones, then any.
        case predictions
    }

    /// How far it has come.
    public enum State: Sendable {
        /// Not tried: the remote does not take part.
        case remoteDeclines
        /// Not tried: nothing shows that one side's NAT gives each remote another port and the other side's does not, or it is this
        /// side's and gives one port after the other, so that the remote comes first.
        case notNeeded
        /// Not tried: both sides' NATs give each remote another port.
        case bothDependent
        /// Not tried yet: this node tried it with another peer, or shortly before.
        case busy
        case running
        /// There was a path meanwhile.
        case passed
        /// Everything was sent, and nobody has answered in time.
        case unanswered
    }

    public let state: State
    /// nil: not tried.
    public let part: Part?
    /// Datagrams that this side has sent for it beside ICE's own. 0 until it has ended.
    public let packets: Int

    public init(_ state: State, _ part: Part? = nil, packets: Int = 0) {
        self.state = state
        self.part = part
        self.packets = packets
    }
}

#if !hasFeature(Embedded)
    extension HardNATReport: CustomStringConvertible {
        public var description: String {
            let work =
                switch part {
                case .sockets: "many sockets"
                case .probes: "many ports"
                case .predictions: "predicted ports"
                case nil: "not tried"
                }
            return switch state {
            case .remoteDeclines: "\(work), the remote does not take part"
            case .notNeeded: "\(work), there is none of a kind that can be passed, or the remote does it"
            case .bothDependent: "\(work), both give each remote another port"
            case .busy: "\(work), one attempt at a time"
            case .running: work
            case .passed: "\(work), passed after \(packets) packets"
            case .unanswered: "\(work), no answer to \(packets) packets"
            }
        }
    }
#endif
