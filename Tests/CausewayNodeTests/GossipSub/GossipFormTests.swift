import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// A neighbour that never announces anything, because it is in no mesh and what it publishes goes to its fanout: its requests are all that
/// it says of ids. As js-libp2p does, it knows a message by the id that its own function makes, and no other.
private final class SilentReader {
    let victim: GossipVictim
    private let other: GossipPeer
    private let form: IDForm
    /// The ids of the messages that there are, by their frames.
    private var ids: [[UInt8]: [UInt8]] = [:]
    private var known: Set<[UInt8]> = []
    private var requests: [[[UInt8]]] = []
    private(set) var received = 0

    init(_ form: IDForm, agent: String, _ configuration: GossipSubConfiguration = GossipSubConfiguration()) {
        victim = GossipVictim(configuration, agent: agent)
        self.form = form
        other = victim.addNeighbour(2)
        victim.receive(GossipCodec.prune(chat, backoffSeconds: 60))
    }

    /// Requests for something that never came under the id that was asked for.
    var brokenPromises: Int { requests.count { !known.isSuperset(of: $0) } }

    func publish(_ number: UInt8) {
        let frame = message(by: 1, number)
        known.insert(ids[frame]!)
        victim.receive(frame)
        hear()
    }

    func otherPublishes(_ number: UInt8) {
        victim.host.gossip.received(message(by: 2, number), on: other.inbound!.stream, in: victim.host.state)
        hear()
    }

    func pass(_ time: Interval) {
        for _ in 0..<time.milliseconds / 100 {
            victim.pass(.milliseconds(100))
            hear()
        }
    }

    private func message(by author: Int, _ number: UInt8) -> [UInt8] {
        let sequence: [UInt8] = [0, 0, 0, 0, 0, 0, 1, number]
        let data = [number, UInt8(author)]
        let key = GossipHost.key(author).publicKey
        let decimal = [UInt8]("\(256 + Int(number))".utf8)
        let frame = signedMessage(author: author, sequence: sequence, data: data)
        ids[frame] =
            switch form {
            case .go: key.peerID.bytes + sequence
            case .js: key.protobuf + sequence
            case .rust: key.peerID.text + decimal
            case .sha256: SHA256.hash(data)
            case .sequenceSHA256: SHA256.hash(decimal)
            default: [7] + data
            }
        return frame
    }

    /// Takes what came, and asks for what it does not know by the ids that it was told.
    func hear() {
        var frames = victim.framesOfNeighbour()
        while !frames.isEmpty {
            for frame in frames {
                if let id = ids[frame], known.insert(id).inserted { received += 1 }
            }
            for wanted in frames.map({ controlIDs(1, $0).filter { !self.known.contains($0) } }) where !wanted.isEmpty {
                requests.append(wanted)
                victim.receive(GossipCodec.want(wanted))
            }
            frames = victim.framesOfNeighbour()
        }
    }
}

/// Neighbours whose ids are not what their names promise.
@Suite struct GossipFormTests {
    /// Eight seconds of a topic in which others write. Each broken promise counts 10 against us with js-libp2p, and squared if two come
    /// together: then it listens to no announcement for some seconds, and loses what is announced meanwhile.
    @Test(arguments: [IDForm.go, .js, .rust, .sha256, .sequenceSHA256], ["js-libp2p/3.3.11", "somebody's app", "rust-libp2p/0.50"])
    func aReaderThatAsksForItsOwnMessagesIsUnderstood(form: IDForm, agent: String) {
        let reader = SilentReader(form, agent: agent)
        for number in 0..<5 { reader.publish(UInt8(number)) }
        reader.pass(.seconds(2))
        #expect(reader.victim.host.gossip.idForm(of: reader.victim.peer) == form)
        for number in 5..<45 {
            reader.otherPublishes(UInt8(number))
            reader.pass(.milliseconds(200))
        }
        reader.pass(.seconds(2))
        #expect(reader.received == 40)
        #expect(reader.brokenPromises <= 2)
    }

    @Test func aReaderWithAFunctionOfItsOwnIsToldNothing() {
        let reader = SilentReader(.own, agent: "js-libp2p/3.3.11")
        for number in 0..<5 { reader.publish(UInt8(number)) }
        reader.pass(.seconds(2))
        #expect(reader.victim.host.gossip.idForm(of: reader.victim.peer) == .foreign)
        #expect(reader.victim.host.events.count { $0 == .happened(.foreignMessageIDs(reader.victim.peer.peer)) } == 1)
        reader.otherPublishes(9)
        reader.pass(.seconds(3))
        #expect(reader.brokenPromises == 2)
        // It may have been a function for some of its topics only.
        reader.victim.receive(GossipCodec.have(chat, ids: [GossipHost.key(4).publicKey.peerID.bytes + [UInt8](repeating: 0, count: 8)]))
        #expect(reader.victim.host.gossip.idForm(of: reader.victim.peer) == .go)
    }

    /// What a neighbour says of its own accord counts, not what it repeats, and not its name.
    @Test func aFormIsNotUnlearnt() {
        let victim = GossipVictim(agent: "js-libp2p/3.3.11")
        let message = signedMessage(author: 2)
        victim.receive(message)
        let (go, js) = (GossipHost.key(2).publicKey.peerID.bytes, GossipHost.key(2).publicKey.protobuf)
        let number: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1]
        #expect(victim.host.gossip.idForm(of: victim.peer) == .js)
        victim.receive(GossipCodec.have(chat, ids: [go + number]))
        victim.receive(GossipCodec.want([js + number]))
        #expect(victim.host.gossip.idForm(of: victim.peer) == .go)
        victim.host.gossip.identified(victim.peer.peer, on: victim.host.state.connections[victim.link]!, in: victim.host.state)
        #expect(victim.host.gossip.idForm(of: victim.peer) == .go)
    }

    /// Hashes that another neighbour has taught us are read at once, and so teach us who else writes them.
    @Test func aHashThatIsKnownShowsItsWritersForm() {
        let victim = GossipVictim(agent: "js-libp2p/3.3.11")
        victim.host.gossip.computed.use(.sha256)
        victim.receive(signedMessage(author: 2, data: [5]))
        victim.receive(GossipCodec.have(chat, ids: [SHA256.hash([5])]))
        #expect(victim.host.gossip.idForm(of: victim.peer) == .sha256)
        // Of one that cannot be read yet, its name says nothing.
        let riddle = GossipVictim(agent: "js-libp2p/3.3.11")
        riddle.receive(GossipCodec.have(chat, ids: [[1, 2, 3]]))
        #expect(riddle.host.gossip.idForm(of: riddle.peer) == .foreign)
    }

    /// Who never answers is tried once in three seconds, however often it asks.
    @Test func formsAreTriedSeldom() {
        let victim = GossipVictim(agent: "js-libp2p/3.3.11")
        victim.receive(signedMessage(author: 2))
        let id = GossipHost.key(2).publicKey.protobuf + [0, 0, 0, 0, 0, 0, 0, 1]
        _ = victim.frames()
        var trials = 0
        for _ in 0..<40 {
            victim.receive(GossipCodec.want([id]))
            trials += victim.frames().count { controlIDs(1, $0).count == 4 }
            victim.host.state.now = victim.host.state.now + .milliseconds(100)
        }
        #expect(trials == 2)
    }
}
