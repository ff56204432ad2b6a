import CausewayNode

/// An ordinary stream that carries a resumable one, and the connection over which it runs.
struct CarryingStream: Sendable {
    let stream: Stream
    let connection: Connection
}
