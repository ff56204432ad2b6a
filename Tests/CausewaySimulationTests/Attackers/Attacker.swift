import CausewayIdentity

@testable import CausewayConnection
@testable import CausewayNode
@testable import CausewaySimulation

/// A stranger with a few addresses and as many keys as it likes, who means no good: at moments of its own drawing it connects, or does one
/// of its kind's deeds on a connection that it has.
final class Attacker {
    enum Kind: CaseIterable {
        /// Breaks the rules, at every layer.
        case invalid
        /// Keeps all rules, and wants nothing but that others work.
        case wasteful
        /// Begins everything and ends nothing.
        case silent
        /// Takes as much of everything as it is given, and keeps it.
        case greedy
    }

    typealias Deed = @Sendable (Attacker, HostileLink) -> Void

    let kind: Kind
    var random: RandomSource
    /// Whom it attacks by way of the relay.
    let victims: [PeerID]
    /// What the peers talk about.
    let topic: [UInt8]
    private let simulation: Simulation
    private let hosts: [SimulatedHost]
    private let targets: [SimulatedAddress]
    private let keys: [PrivateKey]
    private var links: [HostileLink] = []
    private var isGone = false
    private var sequence: UInt64 = 0
    /// Proves to nobody who it is: it keeps handshakes unfinished, from all its places.
    private let staysUnknown: Bool

    /// - Parameters:
    ///   - places: its addresses.
    ///   - targets: the nodes that it connects to.
    init(
        _ kind: Kind, named name: String, places: [[UInt8]], targets: [SimulatedNode], victims: [SimulatedNode], topic: String,
        in simulation: Simulation
    ) {
        self.kind = kind
        self.simulation = simulation
        self.topic = [UInt8](topic.utf8)
        self.victims = victims.map(\.peerID)
        var random = simulation.random(name)
        keys = (0..<4).map { _ in try! PrivateKey(ed25519Seed: random.bytes(32)) }
        for key in keys { simulation.eventText.name(key.publicKey.peerID, name) }
        hosts = places.enumerated().map { simulation.addHost("\(name), place \($0.offset)", ip: $0.element) }
        self.targets = targets.map { SimulatedAddress(ip: $0.host.addresses[0], port: $0.tcpPort!) }
        staysUnknown = kind == .silent && random.below(2) == 0
        self.random = random
    }

    /// Goes about it until it is told to stop.
    func act() {
        guard !isGone else { return }
        links.removeAll(where: \.isOver)
        let able = links.filter { $0.isEstablished && !$0.isHeldBack }
        if able.isEmpty || (links.count < Self.links[kind]! && random.below(3) == 0) {
            connect()
        } else {
            let deeds = Self.deeds[kind]!
            for _ in 0...random.below(3) { deeds[random.below(deeds.count)](self, able[random.below(able.count)]) }
        }
        simulation.schedule(after: .milliseconds(UInt64(5 + random.below(80)))) { self.act() }
    }

    func stop() {
        isGone = true
        for link in links { link.close() }
        links = []
    }

    private func connect() {
        guard links.count < Self.links[kind]! else { return }
        let target = targets[random.below(targets.count)]
        let unfinished = HostileLink.Step.allCases.dropLast()
        let isShy = staysUnknown || kind == .silent && random.below(3) == 0
        let step = isShy ? unfinished[random.below(unfinished.count)] : .established
        let link = HostileLink(keys[random.below(keys.count)], until: step, entropy: &random)
        if kind == .silent || kind == .greedy { link.reads = random.below(2) == 0 }
        links.append(link)
        hosts[random.below(hosts.count)].connect(to: target) { answer in
            guard case .success(let socket) = answer, !self.isGone else { return link.close() }
            link.start(on: socket)
            if self.kind == .invalid, self.random.below(3) == 0 { link.sendRaw(self.random.bytes(1 + self.random.below(300))) }
        }
    }

    /// How many connections it keeps. The greedy one's end where the remote says so.
    private static let links: [Kind: Int] = [.invalid: 8, .wasteful: 8, .silent: 32, .greedy: 32]
    private static let deeds: [Kind: [Deed]] = [.invalid: invalid, .wasteful: wasteful, .silent: silent, .greedy: greedy]

    // MARK: What it says

    static let gossip = GossipSub.protocolIDs[0]
    static let hop = HopCodec.hopID
    static let ping = Ping.protocolID
    static let echo = [UInt8](utf8: "/echo/1")

    func victim() -> PeerID { victims[random.below(victims.count)] }

    /// An RPC of one message, signed by the link's key, unless it is forged.
    func message(by link: HostileLink, topic: [UInt8], forged: Bool = false) -> [UInt8] {
        sequence += 1
        let number = (0..<8).map { UInt8(truncatingIfNeeded: sequence >> (56 - 8 * UInt64($0))) }
        let signed = MessageCodec.signedBytes(
            from: link.key.publicKey.peerID.bytes, data: random.bytes(20), sequence: number, topic: topic)
        var signature = try! link.key.sign(signed)
        if forged { signature[3] ^= 1 }
        return MessageCodec.frame(signed: signed, signature: signature, key: [])
    }

    /// Any bytes, fast.
    func filler(_ count: Int) -> [UInt8] {
        count <= 64 ? random.bytes(count) : [UInt8](repeating: UInt8(truncatingIfNeeded: random.next()), count: count)
    }

    /// A text behind its length, as one that is longer than what follows would begin.
    func unfinished(_ length: Int, _ given: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        Varint.append(UInt64(length), to: &bytes)
        return bytes + filler(given)
    }
}
