public import CausewayConnection

/// How a router translates IPv4 addresses, in the words of RFC 4787 (UDP) and RFC 5382 (TCP).
public struct NAT: Equatable, Sendable {
    /// What of the far endpoint a decision depends on (RFC 4787, sections 4.1 and 5).
    public enum Behaviour: Sendable, CaseIterable {
        case endpointIndependent
        case addressDependent
        case addressAndPortDependent
    }

    /// Which outside port a new mapping gets (RFC 4787, section 4.2).
    public enum PortAssignment: Sendable, CaseIterable {
        /// The inside port if it is free, else a random one.
        case preservation
        /// The next free one behind the last.
        case sequential
        case random
    }

    /// For which remotes an inside endpoint keeps its outside port.
    public var mapping: Behaviour
    /// Which remotes may send to a mapping: all, those with an address that it has sent to, those with an endpoint that it has sent to.
    public var filtering: Behaviour
    public var ports = PortAssignment.random
    /// Even inside ports get even outside ports, odd ones odd (RFC 4787, section 4.2.2).
    public var preservesParity = false
    /// Whether hosts inside reach each other at their outside endpoints. The receiver then sees the sender's outside endpoint (RFC 4787,
    /// REQ-9a).
    public var hairpinning = false
    /// Whether datagrams from outside keep a mapping alive, too. Those from inside always do (RFC 4787, REQ-6).
    public var inboundRefresh = false
    /// Whether a SYN passes inwards when a SYN to that remote has passed outwards (RFC 5382, REQ-2).
    public var supportsSimultaneousOpen = true
    public var expiry = FlowExpiry()

    public init(mapping: Behaviour, filtering: Behaviour) {
        self.mapping = mapping
        self.filtering = filtering
    }
}

/// A router's filter for what it does not translate: IPv6, and IPv4 where there is no NAT. Hosts behind it have addresses of their own.
public struct Firewall: Equatable, Sendable {
    /// Which remotes may send to an inside endpoint that has sent something; nobody may to one that has not.
    public var filtering: NAT.Behaviour
    public var expiry = FlowExpiry()

    public init(filtering: NAT.Behaviour = .addressAndPortDependent) { self.filtering = filtering }
}

/// How long a router remembers what it hears no more of.
public struct FlowExpiry: Equatable, Sendable {
    /// A remote that datagrams went to. RFC 4787, REQ-5 asks for 2 minutes at least and recommends 5.
    public var udp = Interval.seconds(300)
    /// A TCP connection that is being opened or closed: 4 minutes (RFC 5382, REQ-5).
    public var tcpTransitory = Interval.seconds(240)
    /// An established TCP connection: 2 hours and 4 minutes (RFC 5382, REQ-5).
    public var tcpEstablished = Interval.seconds(7440)

    public init() {}
}
