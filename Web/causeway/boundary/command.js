// Made of Sources/CausewayWeb/WebCommand.swift by Scripts/boundary.py, which makes it again when that has changed.
//
// What the page asks of the module. `Scripts/boundary.py` gives the page these numbers and comments.

// a: `WebFlags`; b: milliseconds between two announcements to a discovery topic; parts: the key's seed, the agent, the Unix time in
// nanoseconds at zero of the page's clock, the most bytes of a message, and discovery topics, each behind a byte: 1 if its
// announcements are JSON, 0 if they are Protobuf. `started` answers it.
export const START = 0
// a: the request; b: 1 if a limited connection will do; parts: addresses to dial, then the peer.
export const CONNECT = 1
// a: the stream's number, which is even; b: 1 if a limited connection will do; parts: protocols, then the peer.
export const OPEN_STREAM = 2
// parts: the peer.
export const HANG_UP = 3
// a: the request; parts: the peer.
export const PING = 4
// Gives up the place at a relay. parts: the relay's peer.
export const RELEASE = 5
// a: the request.
export const CANCEL = 6
// a: the request; bytes: the relay's address.
export const RESERVE = 7
// a: how many places to keep; parts: the addresses of relays.
export const KEEP_RELAYS = 8
// a: how many of the first are served on limited connections, too; parts: protocols.
export const PROTOCOLS = 9
// bytes: the topic.
export const SUBSCRIBE = 10
// bytes: the topic.
export const UNSUBSCRIBE = 11
// a: the request; parts: topic, data.
export const PUBLISH = 12
// a: the stream; bytes: what to write. The command's result is the number of bytes that wait to be sent.
export const STREAM_WRITE = 13
// a: the stream.
export const STREAM_FINISH = 14
// a: the stream.
export const STREAM_RESET = 15
// The application has read. a: the stream; b: how many bytes.
export const STREAM_CONSUMED = 16
// a: the link.
export const SOCKET_OPENED = 17
// a: the link; bytes: lent for the length of the call, and decrypted where they lie.
export const SOCKET_RECEIVED = 18
// a: the link; b: 1 if much waits in the browser, 0 when that is over.
export const SOCKET_BLOCKED = 19
// What carries a link ended, or came to nothing. a: the link; b: a `LinkFailure`, or the limit of a message's bytes that was passed.
export const LINK_FAILED = 20
// a: the link.
export const CLOSE_LINK = 21
// The browser has made its description. a: the link; bytes: SDP.
export const DESCRIBED = 22
// The browser has found a candidate of its own. a: the link; bytes: JSON.
export const GATHERED = 23
// a: the link.
export const PEER_CONNECTED = 24
// Channel 0 of a dialled peer connection is open. a: the link; bytes: the SHA-256 of the page's certificate.
export const PEER_DIALLED = 25
// The remote opened a data channel. a: the link; b: the channel, which is even.
export const CHANNEL_OPENED = 26
// A data channel that the module asked for is open. a: the link; b: the channel, which is odd.
export const CHANNEL_READY = 27
// a: the link; b: the channel; bytes: one message, lent for the length of the call.
export const CHANNEL_RECEIVED = 28
// a: the link; b: the channel.
export const CHANNEL_CLOSED = 29
// a: the link; b: the channel; bytes: how many bytes the browser holds still.
export const CHANNEL_DRAINED = 30
// The machine slept, or its network changed.
export const SUSPENDED = 31
// What a circuit may carry still. a: the link. `known` answers this and the following: bytes and seconds, each empty without a limit.
export const LIMITS = 32
// bytes: the topic. Answer: peers.
export const SUBSCRIBERS = 33
// bytes: the topic. Answer: peers.
export const MESH = 34
// bytes: the peer. Answer: the parts of `identified`, or none.
export const IDENTITY = 35
// Which connection new streams to a peer take. bytes: the peer. Answer: the link, or nothing.
export const BEST = 36
