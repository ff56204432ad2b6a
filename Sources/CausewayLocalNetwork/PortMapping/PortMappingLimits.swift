public import CausewayIdentity

/// Times and bounds for asking a gateway, with the reason for each.
public struct PortMappingLimits: Equatable, Sendable {
    /// Ports that are mapped. A node listens on two or three.
    public var ports = 8
    /// For how long a mapping is asked, in seconds. The specifications recommend two hours; a gateway that restarts is noticed when the
    /// mapping is renewed, at half of its time, so ours are shorter.
    public var lifetime: UInt32 = 1200
    /// A mapping for less than this many seconds is refused, as it would be renewed without end (RFC 6887, section 15: servers should give
    /// 120 s); one for longer is taken as this long (RFC 6887, section 15).
    public var shortestLifetime: UInt32 = 60
    public var longestLifetime: UInt32 = 86_400
    /// How long a gateway that refused or did not answer is left in peace.
    public var retry = Interval.seconds(600)
    /// What has to lie between two occasions on which all is mapped again because a gateway seems to have restarted: a gateway whose clock
    /// jumps must not make us ask without end.
    public var restartGap = Interval.seconds(30)
    /// How long a node waits at most, for a random time, before it asks again because all have heard that the gateway has restarted
    /// (RFC 6887, section 14.1.3, has 5 s for the largest networks).
    public var longestDelay = Interval.seconds(2)
    /// How often a request for a mapping is sent in all, and how long the first answer is waited for: twice as long after each. NAT-PMP
    /// begins at 250 ms (RFC 6886, section 3.1), PCP at 3 s (RFC 6887, section 8.1.1).
    public var requests = 6
    public var firstWaitNATPMP = Interval.milliseconds(250)
    public var firstWaitPCP = Interval.seconds(3)
    /// How often a mapping by UPnP is renewed. UPnP has no clock that would tell of a restart, so the renewal is what mends it.
    public var renewalUPnP = Interval.seconds(120)
    /// External ports that are tried by UPnP if others have them.
    public var externalPorts = 4
    /// How the gateway is searched and asked by UPnP.
    public var upnp = UPnPLimits()
    /// How long the answers to requests for the end of mappings are waited for, when the node stops.
    public var release = Interval.milliseconds(400)
    /// The same by UPnP, where each is a connection of its own, one after the other.
    public var releaseUPnP = Interval.milliseconds(1500)

    public init() {}
}
