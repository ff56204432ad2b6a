public import CausewayIdentity

/// What a thread gives its links, and hears of them. Nobody calls a link's `turn`, nor its set's, from within these calls.
public protocol LinkSetHost: AnyObject {
    /// The monotonic clock.
    var now: Instant { get }
    /// Fresh secret random bytes.
    func entropy(_ count: Int) -> Secret
    /// For the node, in order. `closed` is a link's last event.
    func linkReported(_ events: [LinkEvent], from link: UInt32)
    /// The remote opened a stream for an application's protocol. The host calls `link.setOwner` before it returns, or the stream is reset.
    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link)
    /// Outside of a turn of the set a link has got something to do: `LinkSet.turn` is due soon.
    func linksHaveWork()
    /// Nothing is left of a link, nor of what carried it: its number is free.
    func linkIsGone(_ link: UInt32)
}
