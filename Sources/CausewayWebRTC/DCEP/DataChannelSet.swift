import CausewayIdentity

/// The data channels of an association (RFC 8831, RFC 8832).
///
/// Its owner gives packets and time to `association` itself, and polls events here.
public final class DataChannelSet {
    /// Who may choose which numbers.
    public enum Role: Sendable {
        /// Even ones: the client of DTLS.
        case client
        /// Odd ones: the server of DTLS.
        case server
    }

    public let association: Association
    private var role: Role
    private let limits: DataChannelLimits
    private var channels = Table<UInt16, DataChannel>()
    /// Where the search for a free number begins. Numbers are used again late, which is kind to remotes that forget slowly.
    private var nextNumber: Int
    /// What has come of messages of DCEP that the remote has cut, as it may to fill a packet. Bound: `openBytes` of each, and of so many.
    private var begun = Table<UInt16, [UInt8]>()
    private static let cutMessages = 64

    /// 65535 is no channel (RFC 8832, section 6).
    private static let numbers = 65535

    public init(_ association: Association, role: Role, limits: DataChannelLimits = DataChannelLimits()) {
        self.association = association
        self.role = role
        self.limits = limits
        nextNumber = role == .client ? 0 : 1
    }

    public var count: Int { channels.count }

    // MARK: Commands

    /// Which side of DTLS this one is, if that was not known from the beginning. Call it before there are channels.
    func setRole(_ role: Role) {
        self.role = role
        nextNumber = role == .client ? 0 : 1
    }

    /// Opens a channel. Messages may be sent at once.
    public func open(label: [UInt8] = [], subprotocol: [UInt8] = [], isOrdered: Bool = true) throws(DataChannelError) -> StreamID {
        let message = DCEPMessage.open(DCEPMessage.Open(isOrdered: isOrdered, label: label, subprotocol: subprotocol)).bytes
        guard message.count <= limits.openBytes else { throw .nameTooLong }
        guard association.state == .established else { throw .send(.notOpen) }
        guard channels.count < limits.channels, let id = freeNumber() else { throw .tooManyChannels }
        channels[id.raw] = DataChannel(id, isOrdered: isOrdered, isAcknowledged: false)
        association.enqueue(message, on: id, as: .dcep)
        return id
    }

    /// Adds a channel that both sides know of without a message, as channel 0 of `/webrtc-direct`.
    public func add(negotiated id: StreamID) throws(DataChannelError) {
        guard channels[id.raw] == nil else { throw .channelInUse }
        guard channels.count < limits.channels else { throw .tooManyChannels }
        channels[id.raw] = DataChannel(id, isOrdered: true, isAcknowledged: true)
    }

    /// Sends a message.
    public func send(_ message: [UInt8], isText: Bool = false, on id: StreamID) throws(DataChannelError) {
        guard let channel = channels[id.raw] else { throw .unknownChannel }
        guard !channel.isClosing else { throw .channelClosing }
        let isOrdered = channel.isOrdered || !channel.isAcknowledged
        do throws(SendError) {
            if message.isEmpty {
                try association.send([0], on: id, as: isText ? .emptyString : .emptyBinary, isOrdered: isOrdered)
            } else {
                try association.send(message, on: id, as: isText ? .string : .binary, isOrdered: isOrdered)
            }
        } catch {
            throw .send(error)
        }
    }

    /// Closes a channel, after what was sent on it. `closed` follows when the remote has closed it, too.
    public func close(_ id: StreamID) {
        guard let channel = channels[id.raw], !channel.isClosing else { return }
        channel.isClosing = true
        association.reset(id)
    }

    /// The owner has taken bytes of a channel's parts.
    public func consumed(_ count: Int, on id: StreamID) { association.consumed(count, on: id) }

    // MARK: Events

    /// The next thing that the owner should know.
    public func pollEvent() -> DataChannelEvent? {
        while let event = association.pollEvent() { if let event = translate(event) { return event } }
        return nil
    }

    private func translate(_ event: AssociationEvent) -> DataChannelEvent? {
        switch event {
        case .connected: return .connected
        case .part(let part): return received(part)
        case .messageAbandoned(let id): return channels[id.raw] == nil ? nil : .messageAbandoned(id)
        case .streamReset(let id): return remoteReset(id)
        case .streamFailed(let id, let fault): return failed(id, fault)
        case .resetComplete(let id): return localReset(id)
        // The remote can never be told, so the number stays in use.
        case .resetRefused: return nil
        case .bufferedAmountLow(let id): return channels[id.raw] == nil ? nil : .bufferedAmountLow(id)
        case .roomToSend: return .roomToSend
        case .closed(let error): return .associationClosed(error)
        }
    }

    private func received(_ part: MessagePart) -> DataChannelEvent? {
        let channel = channels[part.stream.raw]
        if part.payloadProtocol == .dcep { return establish(part, channel) }
        guard let channel, !channel.isRemotelyReset else { return refuse(part) }
        // Whatever comes after this side has closed is nobody's.
        guard !channel.isClosing else { return discard(part) }
        let isEmpty = part.payloadProtocol == .emptyString || part.payloadProtocol == .emptyBinary
        if isEmpty { association.consumed(part.bytes.count, on: part.stream) }
        return .part(
            DataChannelPart(
                channel: channel.id, isText: part.payloadProtocol == .string || part.payloadProtocol == .emptyString,
                bytes: isEmpty ? UnsafeRawBufferPointer(start: nil, count: 0) : part.bytes, isFirst: part.isFirst, isLast: part.isLast,
                isOrdered: part.isOrdered))
    }

    private func discard(_ part: MessagePart) -> DataChannelEvent? {
        association.consumed(part.bytes.count, on: part.stream)
        return nil
    }

    /// The remote uses a channel as it must not: what it sends is discarded, and it sees the channel closed.
    private func refuse(_ part: MessagePart) -> DataChannelEvent? {
        if let channel = channels[part.stream.raw] { close(channel.id) } else { association.reset(part.stream) }
        return discard(part)
    }

    // MARK: Establishment

    private func establish(_ part: MessagePart, _ channel: DataChannel?) -> DataChannelEvent? {
        let earlier = begun.removeValue(forKey: part.stream.raw)
        if part.isFirst, part.isLast {
            guard let message = DCEPMessage(part.bytes) else { return refuse(part) }
            return take(message, part, channel)
        }
        // The rest of one that was refused.
        guard part.isFirst || earlier != nil else { return refuse(part) }
        let bytes = (part.isFirst ? [] : earlier ?? []) + part.bytes
        guard bytes.count <= limits.openBytes, begun.count < Self.cutMessages else { return refuse(part) }
        guard part.isLast else {
            begun[part.stream.raw] = bytes
            return discard(part)
        }
        guard let message = bytes.withUnsafeBytes({ DCEPMessage($0) }) else { return refuse(part) }
        return take(message, part, channel)
    }

    private func take(_ message: DCEPMessage, _ part: MessagePart, _ channel: DataChannel?) -> DataChannelEvent? {
        switch message {
        case .acknowledgement:
            channel?.isAcknowledged = true
            return discard(part)
        case .open(let open):
            guard channel == nil, isRemotes(part.stream), channels.count < limits.channels, part.bytes.count <= limits.openBytes else {
                return refuse(part)
            }
            _ = discard(part)
            channels[part.stream.raw] = DataChannel(part.stream, isOrdered: open.isOrdered, isAcknowledged: true)
            association.enqueue(DCEPMessage.acknowledgement.bytes, on: part.stream, as: .dcep)
            return .opened(
                part.stream,
                DataChannelDescription(label: open.label, subprotocol: open.subprotocol, isOrdered: open.isOrdered))
        }
    }

    private func isRemotes(_ id: StreamID) -> Bool { (id.raw & 1 == 0) == (role == .server) && id.raw != UInt16.max }

    private func freeNumber() -> StreamID? {
        let end = min(Self.numbers, association.outboundStreams)
        let first = role == .client ? 0 : 1
        for _ in 0...limits.channels {
            if nextNumber >= end { nextNumber = first }
            let number = UInt16(truncatingIfNeeded: nextNumber)
            nextNumber += 2
            if Int(number) < end, channels[number] == nil, !association.isClosing(StreamID(number)) { return StreamID(number) }
        }
        return nil
    }

    // MARK: Ends

    private func remoteReset(_ id: StreamID) -> DataChannelEvent? {
        begun[id.raw] = nil
        guard let channel = channels[id.raw], !channel.isRemotelyReset else { return nil }
        channel.isRemotelyReset = true
        if let closed = release(channel) { return closed }
        guard !channel.isClosing else { return nil }
        // Browsers wait in `closing` until the other direction is reset, too.
        close(id)
        return .closing(id)
    }

    /// The association has begun to reset this side's direction.
    private func failed(_ id: StreamID, _ fault: StreamFault) -> DataChannelEvent? {
        guard let channel = channels[id.raw] else { return nil }
        channel.isClosing = true
        return .failed(id, fault)
    }

    private func localReset(_ id: StreamID) -> DataChannelEvent? {
        guard let channel = channels[id.raw] else { return nil }
        channel.isLocallyReset = true
        return release(channel)
    }

    private func release(_ channel: DataChannel) -> DataChannelEvent? {
        guard channel.isLocallyReset, channel.isRemotelyReset else { return nil }
        channels[channel.id.raw] = nil
        return .closed(channel.id)
    }
}
