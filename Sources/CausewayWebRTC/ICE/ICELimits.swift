public import CausewayIdentity

/// Bounds on what a remote can make an ICE agent keep and do, with the reason for each, and the times of the standards.
public struct ICELimits: Equatable, Sendable {
    /// Candidates that a description or signalling may name. A browser on a machine with many interfaces names 20 to 30.
    public var remoteCandidates = 64
    /// Those that only show by their checks: one for each mapping that the remote's NATs make towards us.
    public var peerReflexiveCandidates = 16
    /// Pairs that are checked (RFC 8445, section 6.1.2.5). The pairs of lowest priority go.
    public var pairs = 100
    /// Checks of one pair since the last that worked. Each check of the remote triggers one, and it sends each of its own seven times. But
    /// two agents whose NATs let everybody in and map for each remote would trigger each other for ever.
    public var checksPerPair = 20
    /// Sockets of this side, and the STUN servers that each asks: 32 questions, sent within two seconds.
    public var sockets = 8
    public var servers = 4
    /// Answers to one remote at once and in each second. Its own checks are paced, and few.
    public var answersAtOnce = 64
    public var answersPerSecond = 50
    /// Answers that wait for the driver, which takes them after each datagram.
    public var waitingAnswers = 64

    /// Ta: the time between two new checks (RFC 8445, section 14.2), so 20 new checks a second.
    public var pace = Interval.milliseconds(50)
    /// How checks are sent again (RFC 8445, section 14.3).
    public var retransmission = STUNLimits()
    /// After the first success, a better pair that has no answer yet has this long; most paths in the world answer within it.
    public var nominationDelay = Interval.milliseconds(300)
    /// A controlled agent follows a nomination of lower priority only if the path that it has was not nominated for so long. Those that
    /// nominate with every check do so at once, those that renominate do it with checks 2.5 s apart at most.
    public var renominationDelay = Interval.seconds(2)
    /// No agent gives up earlier (RFC 8863): the time of one check that nobody answers.
    public var patience = Interval.milliseconds(39_500)

    /// The interval between checks of consent, and its end without an answer (RFC 7675, section 5.1).
    public var consentInterval = Interval.seconds(5)
    public var consentTime = Interval.seconds(30)
    /// The same for a path that is in doubt, because the machine slept or its network changed.
    public var probeInterval = Interval.milliseconds(500)
    public var probeTime = Interval.seconds(3)
    /// So long without an answer (a lite agent: without a check), and the path counts as disconnected: four checks in a row.
    public var disconnectedTime = Interval.seconds(20)
    /// A lite agent follows a source that was not nominated if the nominated one was silent so long: a remote whose NAT gave it a new port.
    /// Checks of consent come at least every 4 to 6 s. A full agent, which asks itself, waits for two answers.
    public var silence = Interval.seconds(4)

    public init() {}
}
