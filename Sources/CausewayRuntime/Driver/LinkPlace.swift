public import CausewayConnection

/// A link's number with the loop on which it runs.
public struct LinkPlace: Sendable {
    let linkLoop: LinkLoop
    let id: UInt32

    public var loop: EventLoop { linkLoop.loop }

    /// Called on the loop. nil: the link is gone.
    public var link: Link? { linkLoop.links.link(id) }
}
