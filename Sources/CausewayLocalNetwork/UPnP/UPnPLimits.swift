public import CausewayIdentity

/// Times and bounds for finding and asking a gateway by UPnP, with the reason for each. Whoever in the network writes the gateway's address
/// as a sender, or listens at a port of it, can send anything.
public struct UPnPLimits: Equatable, Sendable {
    /// How often the gateway is searched for, each time with one question to all and one to it alone, and how long an answer is waited for.
    /// Devices answer within a second of the question.
    public var searches = 2
    public var searchWait = Interval.milliseconds(1250)
    /// Answers to a search that are read, and different descriptions in them that are fetched. A router has two or three.
    public var answers = 64
    public var locations = 4
    /// Services of one description that are asked for the external address. A router has one for each of its connections.
    public var services = 4
    /// The whole of one request and its answer, from the connection on. A router takes some tenths of a second.
    public var exchangeTime = Interval.seconds(3)
    /// Bytes of an answer's head, of a description and of the answer to an action. Descriptions have 3 to 20 kB, answers less than one.
    public var headSize = 4 << 10
    public var descriptionSize = 64 << 10
    public var answerSize = 16 << 10
    /// Bytes of an address.
    public var addressSize = 512

    public init() {}
}
