/// Why a packet did not arrive.
public enum PacketDrop: String, Error, Sendable, CaseIterable {
    /// Nobody has the address that it goes to.
    case noRoute = "no route"
    /// It goes to the router's own address from inside, and the router does not hairpin.
    case notHairpinned = "not hairpinned"
    /// The router keeps its hosts apart.
    case isolated
    /// The router lets no UDP pass.
    case udpBlocked = "UDP is blocked"
    /// The router has no mapping at the port that it came to.
    case noMapping = "no mapping"
    /// The mapping's filter does not let in whom it came from.
    case filtered
    /// The router knows of no connection that it belongs to.
    case noConnection = "no connection"
    /// The connection that it would open exists already, through another mapping.
    case otherMapping = "the connection has another mapping"
    /// A SYN for a connection that was begun from inside, at a router that does not support simultaneous open.
    case simultaneousOpen = "simultaneous open is not supported"
    /// The router's table is full.
    case tableFull = "table full"
    /// It is longer than a line on its way takes.
    case tooLarge = "too large"
    /// More waits for the line than its buffer holds.
    case queueFull = "queue full"
    /// The line lost it.
    case lost
    /// The host does not run, or sleeps.
    case hostDown = "host is down"
    /// The host accepts nothing that it did not ask for.
    case notAccepted = "not accepted"
    /// No socket has the port.
    case portClosed = "port closed"
}
