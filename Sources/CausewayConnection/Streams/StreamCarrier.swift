/// What carries the streams of one link to its remote: Yamux over bytes (`Connection`), data channels (`DataChannelConnection`).
///
/// It moves bytes and signals. What they mean for a stream's life is the machine's business, which calls these functions and gives itself
/// as an argument, because a carrier keeps no reference to it. Nothing here has a default, so the compiler tells the next carrier what it
/// has to provide.
public protocol StreamCarrier: AnyObject {
    // MARK: Driving

    /// Goes on with what was received until there is an output. It returns bytes of a stream (`StreamMachine.about`), and queues everything
    /// else. nil, and nothing is queued: all of it has been processed.
    func proceed(in streams: StreamMachine) -> ConnectionOutput?

    /// The bytes of a `.data` output, valid until the next `proceed`.
    func payload(_ start: Int, _ count: Int) -> UnsafeMutableRawBufferPointer

    /// When `deadlinePassed` has something to do, apart from the machine's own deadlines.
    func nextDeadline(in streams: StreamMachine) -> Instant

    /// A deadline has passed, its own or one of the machine's.
    func deadlinePassed(in streams: StreamMachine)

    /// Asks the remote for a sign of life now.
    func probe(in streams: StreamMachine)

    /// The bytes that wait for the remote to take them.
    var backlog: Int { get }

    // MARK: Beginning and end

    /// The number of our first stream: 1 or 2. The following have every second number.
    var firstStream: UInt32 { get }

    /// The protocol that is going on while the remote is not authenticated. An error names it if that takes too long.
    var handshakeLayer: ConnectionError.Layer { get }

    /// The machine is about to end: tells the remote, if there is a way.
    func sayGoodbye(because error: ConnectionError)

    /// The machine has ended with all its streams.
    func ended()

    // MARK: Streams

    /// A stream has been added: one of ours, or one that the carrier accepted.
    func begin(_ stream: MultiplexedStream, in streams: StreamMachine)

    /// Sends as many of the bytes as possible now, and lets the writer wait if that is not all.
    func send(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream, in streams: StreamMachine) -> Int

    /// Sends all of a few bytes, whatever else waits to be sent. Returns false if that is not possible.
    func sendAll(_ bytes: UnsafeRawBufferPointer, on stream: MultiplexedStream, in streams: StreamMachine) -> Bool

    /// Sends the end of our direction. `StreamMachine.delivered` takes the result.
    func finish(_ stream: MultiplexedStream, in streams: StreamMachine)

    /// Ends both directions at once. `code` is for the remote if there is a place for it.
    func reset(_ stream: MultiplexedStream, code: UInt32, in streams: StreamMachine)

    /// A writer that had to wait may be able to continue.
    func resumeWriter(of stream: MultiplexedStream, in streams: StreamMachine)

    /// The stream owes its remote credit for at least `creditStep` bytes, because its reader has taken them.
    func giveCredit(of stream: MultiplexedStream, in streams: StreamMachine)

    /// Both directions are over in order; `forget` follows.
    func conclude(_ stream: MultiplexedStream)

    /// The stream has left the table, for whatever reason.
    func forget(_ stream: MultiplexedStream)
}
