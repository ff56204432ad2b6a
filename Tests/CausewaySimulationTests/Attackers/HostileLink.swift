import CausewayIdentity
import CausewayNode
import CausewaySimulation

@testable import CausewayConnection

/// One connection of an attacker's. It goes through the upgrade as far as it wants to, and then sends any bytes it likes: below Noise,
/// inside it, or in Yamux frames of its own making. It keeps no rule that it is not told to keep.
final class HostileLink: SimulatedSocketOwner {
    /// How far it goes before it falls silent.
    enum Step: Int, CaseIterable {
        case connected, firstByte, header, proposal, firstMessage, halfOfLastMessage, established
    }

    let key: PrivateKey
    private(set) var isEstablished = false
    private(set) var isOver = false
    /// Without, window credit is never given back and nothing is answered.
    var reads = true
    /// Streams that it opened and has not ended, oldest first.
    private(set) var streams: [UInt32] = []

    private var gossip: UInt32?
    private let step: Step
    private var socket: SimulatedSocket?
    private var handshake: NoiseHandshake
    private let payload: [UInt8]
    private var keys: (send: CipherKey, receive: CipherKey)?
    private var counters: (send: UInt64, receive: UInt64) = (0, 0)
    private var lastStream: UInt32 = 0xffff_ffff
    /// What arrived and is not worked on: sealed, and opened.
    private var sealed = ByteQueue()
    private var opened = ByteQueue()
    /// What the socket has no room for.
    private var unsent = ByteQueue()
    /// What it was offered by the streams of the other side, until it has taken them up.
    private var offers: [UInt32: [UInt8]] = [:]

    init(_ key: PrivateKey, until step: Step, entropy: inout RandomSource) {
        self.key = key
        self.step = step
        let identity = try! NoiseIdentity(key, staticSecret: Secret(entropy.bytes(32)))
        payload = identity.payload
        handshake = NoiseHandshake(isInitiator: true, identity: identity, ephemeralSecret: Secret(entropy.bytes(32)), prologue: [])
    }

    /// Bytes that wait for the socket: an attacker that is held back waits, as everybody does.
    var isHeldBack: Bool { unsent.count > 64 << 10 }

    // MARK: The upgrade

    /// The connection stands.
    func start(on socket: SimulatedSocket) {
        self.socket = socket
        socket.owner = self
        var first: [UInt8] = []
        Multistream.append(Multistream.header, to: &first)
        switch step {
        case .connected: return
        case .firstByte: return sendRaw([0x13])
        case .header: return sendRaw(first)
        case .proposal: return sendRaw(first + [7, 0x2f, 0x6e])
        case .firstMessage, .halfOfLastMessage, .established: break
        }
        Multistream.append(Upgrade.noiseID, to: &first)
        sendRaw(first + framed(try! handshake.write([])))
    }

    private func framed(_ message: [UInt8]) -> [UInt8] { [UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message }

    /// The header and the acceptance of Noise come before the second message.
    private func continueUpgrade() {
        let before = 28
        guard step.rawValue > Step.firstMessage.rawValue, sealed.count >= before + 2 else { return }
        let bytes = [UInt8](sealed.bytes)
        let length = Int(bytes[before]) << 8 | Int(bytes[before + 1])
        guard bytes.count >= before + 2 + length, (try? handshake.read([UInt8](bytes[before + 2..<before + 2 + length]))) != nil,
            let last = try? handshake.write(payload)
        else { return }
        sealed.drop(before + 2 + length)
        let message = framed(last)
        guard step == .established else { return sendRaw([UInt8](message[..<(message.count / 2)])) }
        sendRaw(message)
        keys = handshake.split()
        isEstablished = true
    }

    // MARK: Sending

    /// Bytes as they are.
    func sendRaw(_ bytes: [UInt8]) {
        guard !isOver else { return }
        unsent.append(bytes)
        flush()
    }

    /// Bytes sealed as one Noise message.
    func sendSealed(_ bytes: [UInt8]) {
        guard let keys else { return }
        sendRaw(framed(keys.send.seal(bytes, counter: counters.send)))
        counters.send += 1
    }

    func sendFrame(_ kind: YamuxHeader.Kind, _ flags: YamuxHeader.Flags = [], stream: UInt32 = 0, length: UInt32? = nil, body: [UInt8] = [])
    {
        sendSealed(Self.frame(kind, flags, stream: stream, length: length, body: body))
    }

    /// One Yamux frame; `length` if it is to lie about its body.
    static func frame(
        _ kind: YamuxHeader.Kind, _ flags: YamuxHeader.Flags = [], stream: UInt32 = 0, length: UInt32? = nil, body: [UInt8] = []
    ) -> [UInt8] {
        var head = [UInt8](repeating: 0, count: Yamux.headerSize)
        head.withUnsafeMutableBytes {
            YamuxHeader(kind: kind, flags: flags, stream: stream, length: length ?? UInt32(body.count)).write(to: $0.baseAddress!)
        }
        return head + body
    }

    private func flush() {
        guard let socket, !unsent.isEmpty else { return }
        unsent.drop(socket.write(unsent.bytes))
    }

    func close() {
        isOver = true
        socket?.reset()
        socket = nil
    }

    // MARK: Streams

    /// A stream's number that was not used yet.
    func nextStream() -> UInt32 {
        lastStream &+= 2
        return lastStream
    }

    /// Opens a stream and proposes a protocol; `bytes` come right behind.
    @discardableResult
    func open(_ name: [UInt8], _ bytes: [UInt8] = []) -> UInt32 { open(offering: Self.proposal(of: name) + bytes) }

    /// Opens a stream that begins with these bytes.
    @discardableResult
    func open(offering bytes: [UInt8]) -> UInt32 {
        let stream = nextStream()
        streams.append(stream)
        sendFrame(.data, .syn, stream: stream, body: bytes)
        return stream
    }

    static func proposal(of name: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        Multistream.append(Multistream.header, to: &bytes)
        Multistream.append(name, to: &bytes)
        return bytes
    }

    /// Bytes on a stream, in frames that fit a Noise message.
    func send(_ bytes: [UInt8], on stream: UInt32) {
        for start in stride(from: 0, to: bytes.count, by: 32 << 10) {
            sendFrame(.data, stream: stream, body: [UInt8](bytes[start..<min(start + 32 << 10, bytes.count)]))
        }
    }

    /// Bytes on its stream of gossip, which is opened when it is not there.
    func sendGossip(_ bytes: [UInt8]) {
        if let gossip, streams.contains(gossip) { return send(bytes, on: gossip) }
        gossip = open(Attacker.gossip)
        send(bytes, on: gossip!)
    }

    func reset(_ stream: UInt32) {
        streams.removeAll { $0 == stream }
        sendFrame(.windowUpdate, .rst, stream: stream, length: 0)
    }

    // MARK: What arrives

    func received(_ bytes: UnsafeMutableRawBufferPointer, on socket: SimulatedSocket) {
        sealed.append(UnsafeRawBufferPointer(bytes))
        if !isEstablished { continueUpgrade() }
        openFrames()
        while readFrame() {}
    }

    private func openFrames() {
        while let keys, sealed.count >= 2 {
            let length = Int(sealed.bytes[0]) << 8 | Int(sealed.bytes[1])
            guard sealed.count >= 2 + length else { return }
            guard let plain = keys.receive.open([UInt8](sealed.bytes[2..<2 + length]), counter: counters.receive) else { return close() }
            counters.receive += 1
            sealed.drop(2 + length)
            opened.append(plain)
        }
    }

    /// Answers what keeps the connection alive.
    private func readFrame() -> Bool {
        guard opened.count >= Yamux.headerSize, let header = try? YamuxHeader(at: opened.bytes.baseAddress!) else { return false }
        let size = header.kind == .data ? Int(header.length) : 0
        guard opened.count >= Yamux.headerSize + size else { return false }
        let body = [UInt8](opened.bytes[Yamux.headerSize..<Yamux.headerSize + size])
        opened.drop(Yamux.headerSize + size)
        guard reads else { return true }
        if header.kind == .ping, header.flags.contains(.syn) { sendFrame(.ping, .ack, length: header.length) }
        if header.flags.contains(.rst) {
            streams.removeAll { $0 == header.stream }
            offers[header.stream] = nil
        } else if header.kind == .data {
            if size > 0 { sendFrame(.windowUpdate, stream: header.stream, length: UInt32(size)) }
            takeUp(header, body)
        }
        return true
    }

    /// Accepts whatever the other side proposes on a stream of its own.
    private func takeUp(_ header: YamuxHeader, _ body: [UInt8]) {
        guard header.stream & 1 == 0, header.flags.contains(.syn) || offers[header.stream] != nil else { return }
        let offer = offers[header.stream, default: []] + body
        let headerSize = 20
        guard offer.count > headerSize, offer.count >= headerSize + 1 + Int(offer[headerSize]) else {
            offers[header.stream] = offer
            return
        }
        offers[header.stream] = nil
        sendFrame(.data, .ack, stream: header.stream, body: [UInt8](offer[...(headerSize + Int(offer[headerSize]))]))
    }

    func writable(_ socket: SimulatedSocket) { flush() }

    func closed(_ socket: SimulatedSocket, errno: Int32) {
        isOver = true
        self.socket = nil
    }
}
