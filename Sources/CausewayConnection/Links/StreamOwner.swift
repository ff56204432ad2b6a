/// The owner of a stream gets its bytes: an application's stream, one leg of a splice, a circuit, or the link's own bridge to the node.
///
/// All calls come from `Link.turn` of the stream's link, on that link's thread, in the order in which things happened. In a call, an owner
/// may use any method of any link except `turn`.
public protocol StreamOwner: AnyObject {
    /// Both sides agreed on one of the proposed protocols for a stream that was opened here.
    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link)
    /// The next bytes. They are valid during the call, and the owner may change them. Their window credit is returned when `link.consumed`
    /// is called, during the call or later.
    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link)
    /// A `write` that took less than it was given may continue.
    func writable(_ stream: UInt32, on link: Link)
    /// The result of delivering our direction after it was finished. Called once, before `closed`. No error: the remote has everything,
    /// including the end, as far as that can be known: over Yamux the socket has taken it, over a data channel the remote has acknowledged
    /// it. `.timedOut`: the remote did not acknowledge it within `ConnectionLimits.finishAcknowledgementTime`. Not called if the stream
    /// fails before; then `closed` says why.
    func delivered(_ stream: UInt32, error: StreamError?, on link: Link)
    /// The remote finished its direction.
    func finished(_ stream: UInt32, on link: Link)
    /// Both directions are over, or the stream could not be opened. This is the last call.
    func closed(_ stream: UInt32, error: StreamError?, on link: Link)
}

extension StreamOwner {
    public func delivered(_ stream: UInt32, error: StreamError?, on link: Link) {}
}

/// What a shell does for its links.
public protocol LinkShell: AnyObject {
    /// Outside one of its turns, the link got something to do: bytes for the wire, or events. Call `turn` soon, but not from within this
    /// call.
    func linkIsDirty(_ link: Link)
    /// The remote opened a stream for an application's protocol. The shell must call `link.setOwner` before it returns; otherwise the
    /// stream is reset.
    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link)
}
