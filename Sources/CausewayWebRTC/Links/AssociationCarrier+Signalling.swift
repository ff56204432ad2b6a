import CausewayConnection
import CausewayIdentity

// What a peer connection of `/webrtc` tells before it is a link, and hears.
extension AssociationCarrier {
    /// Bound: what the channels bring before the node has said whose they are, which takes it one turn. A remote that sends no more than
    /// the first flights of SCTP does not come near.
    static let keptInputs = 256

    /// The remote's answer to our offer.
    public func accept(_ answer: [UInt8]) throws(SDPError) {
        guard case .signalled(let session, _) = side else { return }
        try session.accept(answer, now: now)
        proceed()
    }

    /// A candidate of the remote, as JSON.
    public func add(candidate: [UInt8]) {
        guard case .signalled(let session, _) = side else { return }
        session.add(candidate: candidate)
        proceed()
    }

    func tell(_ candidate: ICECandidate) {
        if case .signalled(let session, let channel) = side { channel.gathered(session.text(of: candidate), by: self) }
    }

    func tellConnected() {
        guard case .signalled(let session, let channel) = side else { return }
        session.connected()
        // The last that is heard of it before it is a link.
        tellProgress()
        channel.connected(self)
    }

    func tellProgress() {
        guard link == nil, case .signalled(let session, let channel) = side else { return }
        let report = session.report
        guard report != told else { return }
        told = report
        channel.progressed(report, by: self)
    }

    /// Whether it is the channel that is in an offer for form's sake. It is the offerer's to close.
    func isFirstChannel(_ description: DataChannelDescription) -> Bool {
        guard case .signalled(let session, _) = side else { return false }
        return !session.isOfferer && description.label == SignalledSession.firstChannel
    }

    /// Ends a connection that keeps too much for a link that does not begin.
    func boundKept() {
        guard link == nil, let channels, channels.waitingInputs > Self.keptInputs else { return }
        fail(.limit(.pendingControlFrames, value: UInt64(Self.keptInputs)))
    }
}
