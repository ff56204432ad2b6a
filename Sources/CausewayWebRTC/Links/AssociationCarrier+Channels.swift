import CausewayConnection
import CausewayIdentity

// What goes between the channels of the association and those of the link.
extension AssociationCarrier {
    static let handshakeChannel: UInt32 = 0
    static let handshakeStream = StreamID(0)
    /// Bound: bytes that the channels may have sent together and the remote has not acknowledged. At 100 ms it allows 40 MB/s. The
    /// association itself takes 8 MiB, so it takes all of them, flags and acknowledgements included.
    static let room = 4 << 20
    /// What an action that waits costs beside its bytes, whatever the allocator adds.
    static let actionCost = 96
    /// The channels hear so often that the remote has acknowledged something, at least.
    private static let roomStep = 64 << 10

    // MARK: From the association

    func hear(_ event: DataChannelEvent) {
        switch event {
        case .connected: begin()
        case .opened(let stream, let description):
            if !isFirstChannel(description) { channels?.channelOpened(numbers.insert(remote: stream), now: now) }
        case .part(let part): take(part)
        case .closing(let stream), .failed(let stream, _): if let number = numbers.number(of: stream) { tellClosed(number) }
        case .closed(let stream): if let number = numbers.remove(stream) { tellClosed(number) }
        case .roomToSend: sendWaiting()
        case .messageAbandoned, .bufferedAmountLow, .associationClosed: break
        }
        boundKept()
    }

    private func tellClosed(_ number: UInt32) { channels?.channelClosed(number, now: now) }

    /// Passes lent bytes on, which the link reads at once.
    private func take(_ part: DataChannelPart) {
        let count = part.bytes.count
        guard let channels, link?.multiplexer.isClosed != true, let number = numbers.number(of: part.channel) else {
            return connection.channels.consumed(count, on: part.channel)
        }
        guard count > 0 else { return }
        guard let link else { return channels.keep(number, part.bytes, now: now) }
        // The handshake keeps what it needs, and gives nothing back.
        if number == Self.handshakeChannel { connection.channels.consumed(count, on: part.channel) }
        // They lie in the datagram, or were put together for this purpose: nobody else reads them.
        channels.received(number, UnsafeMutableRawBufferPointer(mutating: part.bytes), now: now)
        link.turn(now: now)
    }

    // MARK: From the link

    /// Does what the channels want. Returns whether they have something to do because of it.
    func carryOutActions(of channels: DataChannelConnection) -> Bool {
        let actions = channels.takeActions()
        for action in actions {
            guard case .send(let number, let message) = action, number != Self.handshakeChannel else { continue }
            unreturned += message.count
        }
        return carryOut(actions, of: channels)
    }

    private func carryOut(_ actions: [DataChannelAction], of channels: DataChannelConnection) -> Bool {
        var hasNews = false
        for action in actions {
            if case .returnCredit(let number, let count) = action {
                returnCredit(count, of: number)
            } else if !waiting.isEmpty || !carryOut(action, of: channels, &hasNews) {
                waiting.append(action)
                if case .send(_, let message) = action { waitingBytes += message.count }
            }
        }
        return hasNews
    }

    private func sendWaiting() {
        guard let channels else { return }
        let actions = waiting
        waiting = []
        waitingBytes = 0
        if carryOut(actions, of: channels) { link?.markDirty() }
    }

    /// The window is one for all channels, so a channel that has gone gives back as well.
    private func returnCredit(_ count: Int, of number: UInt32) {
        guard number != Self.handshakeChannel else { return }
        connection.channels.consumed(count, on: numbers.stream(number) ?? StreamID(.max))
    }

    /// Returns false if the association takes no message now.
    private func carryOut(_ action: DataChannelAction, of channels: DataChannelConnection, _ hasNews: inout Bool) -> Bool {
        switch action {
        case .open(let number):
            hasNews = true
            guard let stream = try? connection.channels.open() else {
                channels.channelClosed(number, now: now)
                return true
            }
            numbers.insert(number, stream)
            channels.channelReady(number, now: now)
        case .send(let number, let message): return send(message, on: number)
        case .close(let number): if let stream = numbers.stream(number) { connection.channels.close(stream) }
        case .returnCredit: break
        }
        return true
    }

    /// A message for a channel that has gone is nobody's.
    private func send(_ message: [UInt8], on number: UInt32) -> Bool {
        guard let stream = numbers.stream(number) else { return true }
        do throws(DataChannelError) {
            try connection.channels.send(message, on: stream)
            return true
        } catch {
            return error != .send(.bufferFull)
        }
    }

    /// Tells the channels what the remote has acknowledged. Returns whether there was anything to tell.
    func returnRoom(to channels: DataChannelConnection) -> Bool {
        let buffered = connection.channels.association.bufferedBytes
        let free = unreturned - buffered - waitingBytes
        guard free >= Self.roomStep || free > 0 && buffered == 0 else { return false }
        unreturned -= free
        channels.channelsTake(free, now: now)
        return true
    }
}
