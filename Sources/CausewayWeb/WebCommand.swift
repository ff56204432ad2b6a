/// What the page asks of the module. `Scripts/boundary.py` gives the page these numbers and comments.
enum WebCommand: UInt32 {
    /// a: `WebFlags`; b: milliseconds between two announcements to a discovery topic; parts: the key's seed, the agent, the Unix time in
    /// nanoseconds at zero of the page's clock, the most bytes of a message, and discovery topics, each behind a byte: 1 if its
    /// announcements are JSON, 0 if they are Protobuf. `started` answers it.
    case start
    /// a: the request; b: 1 if a limited connection will do; parts: addresses to dial, then the peer.
    case connect
    /// a: the stream's number, which is even; b: 1 if a limited connection will do; parts: protocols, then the peer.
    case openStream
    /// parts: the peer.
    case hangUp
    /// a: the request; parts: the peer.
    case ping
    /// Gives up the place at a relay. parts: the relay's peer.
    case release
    /// a: the request.
    case cancel
    /// a: the request; bytes: the relay's address.
    case reserve
    /// a: how many places to keep; parts: the addresses of relays.
    case keepRelays
    /// a: how many of the first are served on limited connections, too; parts: protocols.
    case protocols
    /// bytes: the topic.
    case subscribe
    /// bytes: the topic.
    case unsubscribe
    /// a: the request; parts: topic, data.
    case publish
    /// a: the stream; bytes: what to write. The command's result is the number of bytes that wait to be sent.
    case streamWrite
    /// a: the stream.
    case streamFinish
    /// a: the stream.
    case streamReset
    /// The application has read. a: the stream; b: how many bytes.
    case streamConsumed
    /// a: the link.
    case socketOpened
    /// a: the link; bytes: lent for the length of the call, and decrypted where they lie.
    case socketReceived
    /// a: the link; b: 1 if much waits in the browser, 0 when that is over.
    case socketBlocked
    /// What carries a link ended, or came to nothing. a: the link; b: a `LinkFailure`, or the limit of a message's bytes that was passed.
    case linkFailed
    /// a: the link.
    case closeLink
    /// The browser has made its description. a: the link; bytes: SDP.
    case described
    /// The browser has found a candidate of its own. a: the link; bytes: JSON.
    case gathered
    /// a: the link.
    case peerConnected
    /// Channel 0 of a dialled peer connection is open. a: the link; bytes: the SHA-256 of the page's certificate.
    case peerDialled
    /// The remote opened a data channel. a: the link; b: the channel, which is even.
    case channelOpened
    /// A data channel that the module asked for is open. a: the link; b: the channel, which is odd.
    case channelReady
    /// a: the link; b: the channel; bytes: one message, lent for the length of the call.
    case channelReceived
    /// a: the link; b: the channel.
    case channelClosed
    /// a: the link; b: the channel; bytes: how many bytes the browser holds still.
    case channelDrained
    /// The machine slept, or its network changed.
    case suspended
    /// What a circuit may carry still. a: the link. `known` answers this and the following: bytes and seconds, each empty without a limit.
    case limits
    /// bytes: the topic. Answer: peers.
    case subscribers
    /// bytes: the topic. Answer: peers.
    case mesh
    /// bytes: the peer. Answer: the parts of `identified`, or none.
    case identity
    /// Which connection new streams to a peer take. bytes: the peer. Answer: the link, or nothing.
    case best
}
