public import CausewayIdentity

/// How a node finds out at which of its addresses others reach it, and what that may cost, with the reason for each. Where no reason is
/// given, the value is go-libp2p's.
public struct AutoNATClientLimits: Equatable, Sendable {
    /// Addresses that are tried: ten for each of five transports.
    public var addresses = 50
    /// Addresses in one request.
    public var addressesPerRequest = 10
    /// Requests at the same time, each to another server: an address that drops packets takes a server 10 s.
    public var requestsAtOnce = 3
    /// A verdict takes so many more results of one kind than of the other, among the newest `window` results. So one server that lies is
    /// outvoted.
    public var confidence = 3
    public var window = 5
    /// Results of one address within `recheck`. One about which servers disagree is left alone until then.
    public var resultsAtOnce = 10
    /// How long a verdict is good.
    public var recheck = Interval.seconds(3600)
    /// Refusals to dial one address, after which it waits: few servers may have its transport.
    public var refusals = 5
    public var refusalTime = Interval.seconds(600)
    /// How long a server is left alone after a request, and after one that it rejected or left without an answer.
    public var serverRest = Interval.seconds(60)
    public var failedServerRest = Interval.seconds(300)
    /// How long the node waits after a request that brought nothing. The wait doubles with each, up to the second value.
    public var shortestWait = Interval.seconds(5)
    public var longestWait = Interval.seconds(300)
    /// How long it waits for more servers and addresses to become known before it asks.
    public var delay = Interval.seconds(1)
    /// The most data that it sends for one dial.
    public var data = 100_000
    /// The time for an answer: a server may take 15 s for the data, 3 s until it dials, 10 s to dial and 5 s for its word.
    public var requestTime = Interval.seconds(35)
    /// How long a dial-back may come after the answer, and how long it may take to say its nonce.
    public var dialBackTime = Interval.seconds(5)
    /// Connections that say at the same moment that they are dial-backs. Above this, they are reset.
    public var dialBacks = 16
    /// One message of a server, and of a dial-back (1,024), which has ten bytes.
    public var messageSize = 8192
    public var dialBackSize = 1024

    /// The defaults.
    public init() {}
}
