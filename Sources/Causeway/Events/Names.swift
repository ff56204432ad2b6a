public import CausewayNode

// The core's values under the names that the API gives them. The core has a `Connection` of its own, the machine.

public typealias Connection = ConnectionDescription
public typealias PeerInfo = PeerDescription
public typealias Message = GossipMessage

/// The messages of one topic, from the call on. The node leaves the topic when the last subscription to it has ended or was released.
public typealias Subscription = Feed<Message>
