import CausewayIdentity

/// The data channels of a WebRTC peer connection as a carrier of streams: one channel for each, with multistream-select on every channel
/// (webrtc/README.md). It knows no browser, socket or clock; DTLS encrypts. The remote was authenticated on the connection that carried the
/// signalling, or Noise on channel 0 authenticates it.
///
/// - Inputs: `channelOpened`, `channelReady`, `received`, `channelClosed`, `channelDrained`, `channelsTake`, `channelsKeep`.
/// - Outputs: once the machine has been polled until nil, `takeActions`.
///
/// Received bytes are lent until the machine's `pollOutput` returns nil, and a stream's data are handed out where they lie. Channels have
/// numbers below 2^31: odd if we open them, even if the shell reports that the remote did. Unread bytes are bounded: above
/// `ConnectionLimits.unreadPerChannel` the stream is reset, because a page cannot pause a channel, and SCTP has no window for each.
public final class DataChannelConnection {
    /// The longest message to send, including its prefix.
    let messageSize: Int
    /// Whether the shell says how much the channels take together, and hears how much readers have taken.
    #if hasFeature(Embedded)
        let isPaced = false
    #else
        let isPaced: Bool
    #endif
    #if hasFeature(Embedded)
        /// A page's browser keeps what waits in the channels, and bounds it for each of them.
        public var backlog: Int { 0 }
    #else
        /// What paced channels keep for the remote, as `channelsKeep` has said.
        public private(set) var backlog = 0
    #endif
    /// How many bytes paced channels take together. As on a wire, the last message may pass it, and so may flags.
    var room: Int
    var actions: [DataChannelAction] = []
    var channels = Table<UInt32, DataChannelStream>()
    /// Writers that wait for room, in their order.
    var waiting = StreamQueue()
    /// nil once the remote is authenticated.
    var handshake: DataChannelHandshake?

    // Reading.
    /// The moment of the last input.
    private(set) var now = Instant(nanoseconds: 0)
    var inputs: [DataChannelInput] = []
    private var nextInput = 0
    /// The bytes that the shell lends, and their channel.
    var lent = noBytes
    var lentChannel: UInt32 = 0
    /// Bytes of a channel that have not been cut into messages yet: lent ones, or `kept`.
    var rest = noBytes
    var channel: UInt32 = 0
    var kept = ByteQueue()
    /// The message that is being looked at, and its stream.
    var message: DataChannelDecoder.Message?
    var reader: DataChannelStream?
    /// The payload of the last output.
    var payload = noBytes

    /// Make it when the peer connection is connected, and with a handshake, channel 0 is open.
    /// - Parameters:
    ///   - handshake: authenticates the remote of `/webrtc-direct`. nil: the shell knows the remote, and calls
    ///     `StreamMachine.establish`.
    ///   - room: how many bytes the channels take together, until `channelsTake` says more. `DataChannelAction.returnCredit` tells what
    ///     readers have taken. nil: the shell does neither, as a page, whose browser has no such windows.
    public init(handshake: DataChannelHandshake? = nil, room: Int? = nil) {
        self.handshake = handshake
        messageSize = handshake == nil ? DataChannelFraming.messageSize : DataChannelFraming.cautiousMessageSize
        #if !hasFeature(Embedded)
            isPaced = room != nil
        #endif
        self.room = room ?? 0
    }

    var hasRoom: Bool { !isPaced || room > 0 }

    // MARK: Inputs

    /// The remote opened a channel, to which the shell gave this even number.
    public func channelOpened(_ channel: UInt32, now: Instant) { add(.opened(channel), now) }

    /// A channel of ours is open.
    public func channelReady(_ channel: UInt32, now: Instant) { add(.ready(channel), now) }

    /// The next bytes of a channel, in whatever messages they arrived. They are lent until `StreamMachine.pollOutput` returns nil. Do not
    /// pass further bytes before that.
    public func received(_ channel: UInt32, _ bytes: UnsafeMutableRawBufferPointer, now: Instant) {
        self.now = max(self.now, now)
        lent = bytes
        lentChannel = channel
    }

    /// The same before there is a machine that reads them: they are copied.
    public func keep(_ channel: UInt32, _ bytes: UnsafeRawBufferPointer, now: Instant) {
        add(.received(channel, [UInt8](copying: bytes)), now)
    }

    /// The inputs that nobody has looked at yet.
    public var waitingInputs: Int { inputs.count - nextInput }

    /// This many bytes that were sent on a channel still wait in it. The shell reports at least every time that it falls to zero, unless
    /// channels are paced.
    public func channelDrained(_ channel: UInt32, buffered: Int, now: Instant) { add(.drained(channel, buffered: buffered), now) }

    /// The remote closed a channel, or it failed.
    public func channelClosed(_ channel: UInt32, now: Instant) { add(.closed(channel), now) }

    /// Paced channels take this many more bytes together.
    public func channelsTake(_ more: Int, now: Instant) {
        self.now = max(self.now, now)
        room += more
    }

    #if !hasFeature(Embedded)
        /// Paced channels keep so many bytes: those that the remote has not acknowledged, and those that wait for earlier ones. They count
        /// as held.
        public func channelsKeep(_ bytes: Int) { backlog = bytes }
    #endif

    private func add(_ input: DataChannelInput, _ now: Instant) {
        self.now = max(self.now, now)
        inputs.append(input)
    }

    /// The first input that nobody has looked at yet.
    func takeInput() -> DataChannelInput? {
        guard nextInput < inputs.count else { return nil }
        nextInput += 1
        let input = inputs[nextInput - 1]
        if nextInput == inputs.count { dropInputs() }
        return input
    }

    func dropInputs() {
        inputs = []
        nextInput = 0
    }

    // MARK: Outputs

    /// What the shell has to do, in order.
    public func takeActions() -> [DataChannelAction] {
        let taken = actions
        actions = []
        return taken
    }
}

var noBytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: nil, count: 0) }
