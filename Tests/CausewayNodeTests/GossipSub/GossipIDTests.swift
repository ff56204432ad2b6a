import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// Message ids in the forms of others.
@Suite struct GossipIDTests {
    private let sequence: [UInt8] = [0x18, 0xfa, 0, 0, 0, 0, 0, 9]

    private func victim(_ form: MessageIDForm) -> GossipVictim {
        var configuration = GossipSubConfiguration()
        configuration.messageID = form
        return GossipVictim(configuration)
    }

    /// The ids that the node tells its neighbour when that subscribes again.
    private func told(by victim: GossipVictim) -> [[UInt8]] {
        _ = victim.host.drain()
        victim.host.gossip.tell([victim.peer], of: victim.host.gossip.topics[0], in: victim.host.state)
        return victim.frames().flatMap { controlIDs(1, $0) }
    }

    @Test func rustsFormIsAuthorAndNumberInWords() throws {
        for author in [GossipHost.key(1).publicKey.peerID, PeerID(ofKey: [0x08, 0x00, 0x12, 0x40] + [UInt8](repeating: 7, count: 64))] {
            let number = sequence.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let wire = [UInt8]("\(author)\(number)".utf8)
            #expect(MessageID.form(of: wire) == .rust)
            #expect(MessageID.canonical(wire) == author.bytes + sequence)
            #expect(MessageID.rust(author.bytes + sequence) == wire)
            let none = [UInt8]("\(author)0".utf8)
            #expect(MessageID.canonical(none) == author.bytes + [UInt8](repeating: 0, count: 8))
            for wrong in ["", "01", "-1", "1x", "18446744073709551616", "99999999999999999999", "1844674407370955161600"] {
                #expect(MessageID.form(of: [UInt8]("\(author)\(wrong)".utf8)) == nil, "\(wrong)")
            }
        }
        #expect(MessageID.form(of: [UInt8](repeating: UInt8(ascii: "1"), count: 60)) == nil)
        #expect(MessageID.rust([1, 2, 3]).isEmpty)
    }

    @Test func eachFormIsWrittenAsItIs() throws {
        let message = signedMessage(author: 2, sequence: sequence, data: [5, 6])
        let author = GossipHost.key(2).publicKey
        let number = [UInt8]("\(sequence.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })".utf8)
        let forms: [(MessageIDForm, [UInt8])] = [
            (.go, author.peerID.bytes + sequence), (.js, author.protobuf + sequence), (.rust, author.peerID.text + number),
            (.sha256, SHA256.hash([5, 6])), (.sequenceSHA256, SHA256.hash(number)), (.own { $0.data + $0.topicUTF8 }, [5, 6] + chat),
        ]
        for (form, id) in forms {
            let victim = victim(form)
            victim.receive(message)
            #expect(told(by: victim) == [id], "\(form)")
            // The neighbour asks for it, and announces it, in that form.
            victim.receive(GossipCodec.want([id]))
            #expect(victim.frames() == [message], "\(form)")
            victim.receive(GossipCodec.have(chat, ids: [id]))
            #expect(victim.frames().isEmpty, "\(form): it is here")
        }
    }

    @Test func aNeighboursHashesAreRecognisedByWhatItSends() {
        let number = [UInt8]("\(sequence.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })".utf8)
        for (form, id) in [(IDForm.sequenceSHA256, SHA256.hash(number)), (.sha256, SHA256.hash([7]))] {
            let victim = victim(.learnt)
            victim.receive(GossipCodec.have(chat, ids: [id]))
            #expect(victim.frames().flatMap { controlIDs(2, $0) } == [id])
            victim.receive(signedMessage(author: 3, data: [1]))
            #expect(victim.host.gossip.idForm(of: victim.peer) == .foreign, "that was another message")
            victim.receive(signedMessage(author: 2, sequence: sequence, data: [7]))
            #expect(victim.host.gossip.idForm(of: victim.peer) == form)
            #expect(told(by: victim) == [id], "of the other one nobody knew then that its hash would be wanted")
            victim.receive(GossipCodec.have(chat, ids: [id]))
            #expect(victim.frames().isEmpty, "it is here")
        }
    }

    @Test func hashesAreRecognisedByACopyToo() {
        let victim = victim(.learnt)
        let message = signedMessage(author: 2, sequence: sequence, data: [7])
        victim.receive(message)
        _ = victim.frames()
        victim.receive(GossipCodec.have(chat, ids: [SHA256.hash([7])]))
        #expect(victim.frames().flatMap { controlIDs(2, $0) } == [SHA256.hash([7])], "it cannot tell that it has this message")
        #expect(told(by: victim).isEmpty, "the neighbour would not find what it has asked for")
        victim.receive(message)
        #expect(victim.host.gossip.idForm(of: victim.peer) == .sha256)
        #expect(victim.delivered().count <= 1)
    }

    @Test func idsThatNobodyCanReadAreToldOfAndNotAnswered() throws {
        let victim = victim(.learnt)
        var (warnings, delivered) = (0, 0)
        for round in 0..<ForeignIDs.trials {
            victim.receive(GossipCodec.have(chat, ids: [[UInt8(round), 1, 2, 3]]))
            victim.receive(signedMessage(author: 2, sequence: [0, 0, 0, 0, 0, 0, 1, UInt8(round)], data: [UInt8(round)]))
            #expect(victim.peer.foreignIDs.asked.count <= ForeignIDs.kept)
            warnings += victim.host.outputs.count { $0 == .event(.happened(.foreignMessageIDs(victim.peer.peer))) }
            delivered += victim.delivered().count
        }
        #expect(warnings == 1 && delivered == ForeignIDs.trials, "its messages are as good as others'")
        #expect(told(by: victim).isEmpty, "what it could not recognise would be a broken promise")
        // It may have been a matter of time.
        victim.pass(.seconds(1))
        victim.receive(GossipCodec.have(chat, ids: [GossipHost.key(4).publicKey.peerID.bytes + sequence]))
        #expect(victim.host.gossip.idForm(of: victim.peer) == .go)
    }

    @Test func whatAnApplicationsFunctionCallsTheSameIsTheSame() {
        let victim = victim(.own { $0.data })
        victim.receive(signedMessage(author: 2, data: [1, 1]))
        victim.receive(signedMessage(author: 3, data: [1, 1]))
        victim.receive(signedMessage(author: 3, sequence: sequence, data: [2]))
        #expect(victim.delivered() == [[1, 1], [2]])
        // Without a name, or with one that is too long, a message is one by author and number.
        for id in [0, GossipLimits().messageID + 1] {
            let strange = self.victim(.own { _ in [UInt8](repeating: 1, count: id) })
            for author in 2..<4 { strange.receive(signedMessage(author: author, data: [1])) }
            #expect(strange.delivered().count == 2)
        }
        // A preset is only a way to write: who says the same as another is heard.
        let written = self.victim(.sha256)
        for author in 2..<4 { written.receive(signedMessage(author: author, data: [1])) }
        #expect(written.delivered().count == 2)
    }

    @Test func unsignedMeshesTakeTheFunctionToo() throws {
        var configuration = GossipSubConfiguration()
        configuration.signed = false
        configuration.messageID = .own { [UInt8]($0.data.prefix(1)) }
        let network = GossipNetwork(2, configuration, subscribed: chat)
        network.run(.seconds(1))
        for data: [UInt8] in [[1, 1], [1, 2], [2]] { _ = try network.hosts[0].gossip.publish(data, on: chat, in: network.hosts[0].state) }
        network.run(.seconds(2))
        #expect(network.hosts[1].messages.map(\.data) == [[1, 1], [2]])
    }

    @Test func computedIDsAreBoundedAndForgotten() throws {
        var configuration = GossipSubConfiguration()
        configuration.messageID = .sha256
        configuration.limits.seen = 8
        let host = GossipHost(0, configuration)
        for index in 0..<20 { _ = try host.gossip.publish([UInt8(index)], on: chat, in: host.state) }
        #expect(host.gossip.computed.count == 8 && host.gossip.computed[SHA256.hash([0])] == nil)
        #expect(host.gossip.computed[SHA256.hash([19])] != nil)
        host.state.now = host.state.now + .seconds(121)
        host.gossip.advance(in: host.state)
        #expect(host.gossip.computed.count == 0)
    }

    /// Neighbours of all dialects and versions in one sparse mesh, whose links lose an eighth of all messages: gossip repairs that only if
    /// everybody understands the others' ids.
    @Test func aMeshOfAllDialectsLosesNothing() {
        let forms: [MessageIDForm] = [.learnt, .go, .js, .rust, .sha256, .sequenceSHA256]
        let hosts = (0..<18).map { index in
            var configuration = GossipSubConfiguration()
            configuration.floodPublish = false
            configuration.messageID = index < 8 ? .learnt : forms[index % forms.count]
            configuration.parameters.dontWantSize = 64
            // Some neighbours are in no mesh, so that there is somebody to gossip with.
            configuration.parameters.meshSize = 3
            configuration.parameters.meshLow = 2
            configuration.parameters.meshHigh = 4
            configuration.parameters.meshOutbound = 1
            configuration.parameters.gossipHistory = 5
            return GossipHost(index, configuration)
        }
        for (index, host) in hosts.enumerated() where index % 3 > 0 { host.protocols = [GossipSub.protocolIDs[index % 3]] }
        for host in hosts { host.gossip.subscribe(chat, in: host.state) }
        let network = GossipNetwork(hosts)
        // Everybody has a neighbour that learns; those who do not have only such neighbours.
        for a in 0..<18 { for b in 0..<min(a, 8) where (a + b) % 3 != 1 { network.connect(a, b) } }
        network.run(.seconds(5))
        var random = RandomSource(seed: 5)
        network.loses = { _, _, _, isDroppable in isDroppable && random.below(8) == 0 }
        for round in 0..<40 {
            let author = hosts[round % 18]
            author.gossip.publish(
                request: UInt32(round), topic: chat, data: [UInt8](repeating: UInt8(round), count: 100), in: author.state)
            network.run(.milliseconds(200))
        }
        network.loses = { _, _, _, _ in false }
        network.run(.seconds(10))
        for host in hosts {
            let got = host.messages.map { Int($0.data[0]) }.sorted()
            #expect(got == (0..<40).filter { $0 % 18 != host.index }, "host \(host.index)")
        }
    }
}
