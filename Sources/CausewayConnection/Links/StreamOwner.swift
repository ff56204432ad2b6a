/// Who gets a stream's bytes: an application's stream, one leg of a splice, a circuit, or the link's own hand-over to the node.
///
/// All calls come from `Link.turn` of the stream's link, on that link's thread, in the order in which things happened. An owner may call
/// any method of any link in them but `turn`.
public protocol StreamOwner: AnyObject {
    /// A stream that was opened here is settled on one of the proposed protocols.
    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link)
    /// The next bytes, valid during the call, and the owner's to change. Their window credit goes back when `link.consumed` is called, then
    /// or later.
    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link)
    /// A `write` that took less than it was given may go on.
    func writable(_ stream: UInt32, on link: Link)
    /// What became of our direction once it was finished, told once, before `closed`. No error: all of it, its end too, is with the remote
    /// as far as that can be known: over Yamux the socket has taken it, over a data channel the remote has said so. `.timedOut`: it has not
    /// said so in `ConnectionLimits.finishAcknowledgementTime`. It does not come if the stream fails before: `closed` says why.
    func delivered(_ stream: UInt32, error: StreamError?, on link: Link)
    /// The remote finished its direction.
    func finished(_ stream: UInt32, on link: Link)
    /// Both directions are over, or the stream never came to be; the last call.
    func closed(_ stream: UInt32, error: StreamError?, on link: Link)
}

extension StreamOwner {
    public func delivered(_ stream: UInt32, error: StreamError?, on link: Link) {}
}

/// What a shell does for its links.
public protocol LinkShell: AnyObject {
    /// Outside of a turn of its own the link got something to do: bytes for the wire, or events. Call `turn` soon, not from within this
    /// call.
    func linkIsDirty(_ link: Link)
    /// The remote opened a stream for an application's protocol. The shell calls `link.setOwner` before it returns, or the stream is reset.
    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link)
}
