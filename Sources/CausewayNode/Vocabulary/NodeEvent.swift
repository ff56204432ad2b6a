/// What a node delivers to its application.
public indirect enum NodeEvent: Equatable, Sendable {
    /// The answer to a request. Each request gets exactly one.
    case answered(request: UInt32, Answer)
    /// A message of a topic that the application has joined.
    case message(GossipMessage)
    #if !hasFeature(Embedded)
        /// A message of a topic that the application judges. `Node.judge` answers, by this number.
        case unjudged(UInt32, GossipMessage)
        /// There was no verdict on the message with this number in time: it is ignored.
        case overdue(UInt32)
    #endif
    case happened(Event)
}
