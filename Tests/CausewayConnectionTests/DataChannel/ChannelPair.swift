import CausewayIdentity
import Testing

@testable import CausewayConnection

/// Two ends of data channels, and the channels between them.
final class ChannelPair {
    final class End {
        let channels: DataChannelConnection
        let machine: StreamMachine
        /// The other end's number of a channel, by ours.
        var other: [UInt32: UInt32] = [:]
        var nextInbound: UInt32 = 2
        var log: [ConnectionOutput] = []
        var data: [UInt32: [UInt8]] = [:]
        var sent = 0
        var consumes = true

        /// How many bytes the streams' readers, and the machine itself, have given back.
        var givenBack = 0
        /// How many bytes the remote's channels have passed to this end.
        var arrived = 0

        init(_ channels: DataChannelConnection, remote: (PeerID, PublicKey)?, protocols: [String], limits: ConnectionLimits) {
            let table = ProtocolTable(
                protocols.map { ProtocolTable.Entry(name: [UInt8]($0.utf8), owner: .application, allowsLimited: true) })
            self.channels = channels
            machine = StreamMachine(over: channels, protocols: table, limits: limits, now: Instant(nanoseconds: 0))
            if let (peer, key) = remote { machine.establish(peer, key) }
        }

        /// How its streams ended.
        var ends: [ConnectionOutput] {
            log.filter {
                switch $0 {
                case .streamClosed, .streamFailed, .finished: true
                default: false
                }
            }
        }

        /// Takes all outputs.
        @discardableResult
        func poll() -> Bool {
            var hasMoved = false
            while let output = machine.pollOutput() {
                hasMoved = true
                if case .data(let stream, let start, let count) = output {
                    data[stream, default: []] += [UInt8](machine.payload(start, count))
                    if consumes { machine.consumed(stream, count) }
                } else {
                    log.append(output)
                }
            }
            return hasMoved
        }

        /// Lends bytes, in pieces, as long as they are processed.
        func receive(_ channel: UInt32, _ bytes: [UInt8], piece: Int = .max, now: Instant) {
            arrived += bytes.count
            var start = 0
            while start < bytes.count {
                let end = start + min(piece, bytes.count - start)
                var part = [UInt8](bytes[start..<end])
                part.withUnsafeMutableBytes {
                    channels.received(channel, $0, now: now)
                    poll()
                }
                start = end
            }
        }
    }

    let a: End
    let b: End
    var now = Instant(nanoseconds: 0)
    /// Channels report what they passed on.
    var drains = true
    /// How many bytes a piece has at most on its way.
    var piece = Int.max

    init(protocols: [String] = ["/echo"], limits: ConnectionLimits = ConnectionLimits(), room: Int? = nil) {
        func end(_ seed: UInt8) -> End {
            let key = try! PrivateKey(ed25519Seed: [UInt8](repeating: seed, count: 32)).publicKey
            return End(DataChannelConnection(room: room), remote: (key.peerID, key), protocols: protocols, limits: limits)
        }
        a = end(1)
        b = end(2)
        run()
    }

    /// The two roles of `/webrtc-direct`: `a` has dialled `b`.
    init(dialler: DataChannelHandshake, listener: DataChannelHandshake) {
        func end(_ handshake: DataChannelHandshake) -> End {
            End(DataChannelConnection(handshake: handshake), remote: nil, protocols: ["/echo"], limits: ConnectionLimits())
        }
        a = end(dialler)
        b = end(listener)
        a.other[DataChannelHandshake.channel] = DataChannelHandshake.channel
        b.other[DataChannelHandshake.channel] = DataChannelHandshake.channel
    }

    func run() {
        var isBusy = true
        while isBusy {
            let moved = [move(from: a, to: b), move(from: b, to: a)]
            isBusy = moved.contains(true)
        }
    }

    private func move(from: End, to: End) -> Bool {
        var hasMoved = from.poll()
        for action in from.channels.takeActions() {
            hasMoved = true
            switch action {
            case .open(let channel):
                from.other[channel] = to.nextInbound
                to.other[to.nextInbound] = channel
                to.channels.channelOpened(to.nextInbound, now: now)
                to.nextInbound += 2
                from.channels.channelReady(channel, now: now)
            case .send(let channel, let bytes):
                #expect(bytes.count <= DataChannelFraming.messageSize)
                from.sent += bytes.count
                guard let target = from.other[channel] else { continue }
                to.receive(target, bytes, piece: piece, now: now)
                if drains { from.channels.channelDrained(channel, buffered: 0, now: now) }
            case .returnCredit(_, let count): from.givenBack += count
            case .close(let channel):
                guard let target = from.other.removeValue(forKey: channel) else { continue }
                to.other[target] = nil
                to.channels.channelClosed(target, now: now)
            }
        }
        return hasMoved
    }

    func open(_ names: [String] = ["/echo"]) throws -> UInt32 {
        try a.machine.openStream(names.map { [UInt8]($0.utf8) }, now: now)
    }

    func write(_ end: End, _ stream: UInt32, _ bytes: [UInt8]) throws -> Int {
        try bytes.withUnsafeBytes { try end.machine.write(stream, $0) }
    }

    func advance(_ interval: Interval) {
        now = now + interval
        a.machine.advance(to: now)
        b.machine.advance(to: now)
        run()
    }
}
