// Made of Sources/CausewayWeb/WebEvent.swift by Scripts/boundary.py, which makes it again when that has changed.
//
// What the module tells the page. `Scripts/boundary.py` gives the page these numbers and comments.
//
// A fault is eight bytes (`Fault`), an outcome three parts: address, fault, milliseconds. A reservation is relay, Unix time of its end
// (0: none), bytes and seconds that a circuit may carry (each empty without a limit), addresses.

// The bytes of these are parts.
// parts: the node's own peer.
export const STARTED = 0
// a: the request; b: the connection's link, a round trip's microseconds, or how many peers a message went to; parts: a reservation.
export const ANSWERED = 1
// a: the request; b: 1 if there is one fault, 0 if there are outcomes; parts: those.
export const FAILED = 2
// a: the link; b: `ConnectionFlags`; parts: peer, remote address, local address.
export const CONNECTION_OPENED = 3
// a: the link.
export const CONNECTION_CLOSED = 4
// parts: the peer.
export const PEER_CONNECTED = 5
// parts: the peer.
export const PEER_DISCONNECTED = 6
// A peer is reached another way. a: the link.
export const PATH_CHANGED = 7
// parts: peer, agent, protocol version, own address as the peer sees it, the number of its addresses, those, its protocols.
export const IDENTIFIED = 8
// a: 1 if JSON said so, 0 if Protobuf did; parts: peer, addresses.
export const DISCOVERED = 9
// a: a `ReservationState`; b: how many outcomes; parts: a fault, those (of a relay that was not reached), a reservation.
export const RESERVATION = 10
// a: 1 if the remote began; parts: peer, outcome.
export const DIAL_ATTEMPT = 11
// parts: the node's own addresses.
export const ADDRESSES = 12
// parts: topic, author (empty: not signed), neighbour, sequence number (big-endian), data.
export const MESSAGE = 13
// a: 1 if the peer subscribed, 0 if it left; parts: peer, topic.
export const SUBSCRIPTION_CHANGED = 14
// The remote has the end of what was written, or cannot get it. a: the stream; b: the link whose socket carried it; parts: a fault.
export const STREAM_DELIVERED = 15
// a: the stream; parts: a fault, and for a circuit's limit how many bytes had moved.
export const STREAM_CLOSED = 16
// a: the link; parts: address, and the hash of the certificate (empty: by WebSocket).
export const DIAL = 17
// Asks for a description that offers. a: the link; parts: addresses of STUN servers.
export const PEER_OFFER = 18
// Asks for a description that answers. a: the link; parts: the remote's description, then addresses of STUN servers.
export const PEER_ANSWER = 19
// The bytes of these are one string. The page knows `streamOpened` as the first of them.
// a: the stream's number, which is odd; b: the link; bytes: the protocol.
export const STREAM_OPENED = 20
// Answers `openStream`. a: the stream; b: the link; bytes: the protocol that the remote chose.
export const STREAM_READY = 21
// a: the stream; bytes: what the remote wrote.
export const STREAM_RECEIVED = 22
// a: the stream.
export const STREAM_WRITABLE = 23
// The remote has finished writing. a: the stream.
export const STREAM_FINISHED = 24
// a: the link; bytes: a WebSocket's message.
export const SOCKET_SEND = 25
// What carries the link is to be closed, after what it was given to send. a: the link.
export const LINK_RELEASED = 26
// a: the link; bytes: the remote's answer.
export const PEER_ACCEPT = 27
// a: the link; bytes: the remote's candidate, JSON.
export const PEER_CANDIDATE = 28
// The module drives the peer connection from now on. a: the link.
export const PEER_CARRIED = 29
// a: the link; b: the channel.
export const CHANNEL_OPEN = 30
// a: the link; b: the channel; bytes: one message.
export const CHANNEL_SEND = 31
// a: the link; b: the channel.
export const CHANNEL_CLOSE = 32
// The answer to a question, which the page takes at once: parts.
export const KNOWN = 33
