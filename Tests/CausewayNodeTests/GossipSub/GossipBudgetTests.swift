import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

extension GossipVictim {
    /// A neighbour that sends nothing yet: its stream.
    func addSender(_ index: Int) -> StreamKey {
        let link = host.addLink(to: GossipHost.key(index).publicKey)
        let stream = StreamKey(link: link, stream: 1)
        host.gossip.streamOpened(stream, protocolID: GossipSub.protocolIDs[0], in: host.state)
        return stream
    }

    func receive(_ bytes: [UInt8], on stream: StreamKey) { host.gossip.received(bytes, on: stream, in: host.state) }

    func isFollowed(_ stream: StreamKey) -> Bool { host.gossip.peersByStream[stream.packed] != nil }

    /// The data of messages that were delivered since the last look.
    func delivered() -> [[UInt8]] {
        host.drain().compactMap { if case .event(.message(let message)) = $0 { message.data } else { nil } }
    }
}

private func sequence(_ number: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) } }

@Suite struct GossipPartialRPCs {
    /// 64 MiB announced and not ended leave room for whoever comes.
    @Test func newcomersDoNotPayForUnfinishedRPCs() {
        let victim = GossipVictim()
        let attackers = (100..<164).map { victim.addSender($0) }
        for stream in attackers {
            var start: [UInt8] = []
            Varint.append(1 << 20, to: &start)
            victim.receive(start + [UInt8](repeating: 0, count: 1 << 20 - 1), on: stream)
        }
        #expect(victim.host.gossip.heldBytes > 60 << 20)
        let honest = victim.addNeighbour(2).inbound!.stream
        for round in 0..<5 {
            victim.host.state.now = victim.host.state.now + .milliseconds(100)
            let frame = signedMessage(author: 2, sequence: sequence(round + 1), data: [UInt8](repeating: UInt8(round), count: 200_000))
            for start in stride(from: 0, to: frame.count, by: 16_000) {
                victim.receive([UInt8](frame[start..<min(start + 16_000, frame.count)]), on: honest)
            }
        }
        #expect(victim.isFollowed(honest))
        #expect(attackers.filter { !victim.isFollowed($0) }.count == 1, "as much as is needed, and no more")
        #expect(victim.delivered().count == 5)
        #expect(victim.host.gossip.heldBytes <= 64 << 20)
    }

    @Test func anRPCThatDoesNotEndIsGivenUp() {
        let victim = GossipVictim()
        let honest = victim.addNeighbour(2).inbound!.stream
        let frame = signedMessage(author: 2, data: [UInt8](repeating: 1, count: 1000))
        victim.receive([UInt8](frame[..<500]), on: honest)
        victim.receive([0x80, 0x08, 1, 2, 3], on: victim.stream)
        victim.pass(.seconds(20))
        victim.receive([UInt8](frame[500...]), on: honest)
        #expect(victim.delivered().count == 1)
        victim.pass(.seconds(9))
        #expect(victim.isFollowed(victim.stream))
        victim.pass(.seconds(2))
        #expect(victim.wasReset && victim.host.gossip.heldBytes == 0)
        #expect(victim.peer.behaviour.faults > 0 && victim.peer.inbound == nil)
        victim.pass(.seconds(60))
        #expect(victim.isFollowed(honest), "nothing of its is unfinished")
    }

    /// js-libp2p takes 4 MiB, and passes on what it takes.
    @Test func anRPCThatIsTooLargeCostsOnlyItself() {
        let victim = GossipVictim()
        for size in [1 << 20 + 1, 4 << 20] {
            var frame: [UInt8] = []
            Varint.append(UInt64(size), to: &frame)
            frame += [UInt8](repeating: 0xff, count: size)
            frame += signedMessage(sequence: sequence(size))
            for start in stride(from: 0, to: frame.count, by: 60_000) {
                victim.receive([UInt8](frame[start..<min(start + 60_000, frame.count)]))
            }
            #expect(victim.host.gossip.heldBytes == 0)
        }
        #expect(!victim.wasReset && victim.peer.behaviour.faults == 0)
        #expect(victim.delivered().count == 2)
    }
}

@Suite struct GossipWaste {
    /// How much of 1 MiB of these RPCs is taken before the stream is cut.
    private func taken(_ rpc: [UInt8]) -> Int {
        let victim = GossipVictim()
        var bytes: [UInt8] = []
        while bytes.count < 16 << 10 { bytes += rpc }
        for round in 0..<64 {
            victim.receive(bytes)
            if victim.wasReset { return round * bytes.count }
        }
        return 1 << 20
    }

    @Test func entriesThatCountForNothingAreCounted() {
        var message = ProtobufWriter()
        message.content(4, [UInt8]("other".utf8))
        var empty: [[UInt8]] = [[0]]
        empty.append(gossipFrame([UInt8](repeating: 0x12, count: 1) + [0]))
        empty.append(gossipFrame((0..<4000).flatMap { _ in [0x12, 0x00] as [UInt8] }))
        empty.append(gossipFrame((0..<4000).flatMap { _ in [0x1a, 0x00] as [UInt8] }))
        empty.append(gossipFrame((0..<4000).flatMap { _ in [0x0a, 0x00] as [UInt8] }))
        empty.append(gossipFrame((0..<8000).flatMap { _ in [0x7a, 0x00] as [UInt8] }))
        empty.append(gossipRPC(3, (0..<8000).flatMap { _ in [0x7a, 0x00] as [UInt8] }))
        empty.append(gossipRPC(3, (0..<4000).flatMap { _ in [0x0a, 0x00] as [UInt8] }))
        empty.append(gossipRPC(2, (0..<8000).flatMap { _ in [0x7a, 0x00] as [UInt8] }))
        for (index, rpc) in empty.enumerated() { #expect(taken(rpc) <= 256 << 10, "kind \(index)") }
        #expect(taken(gossipRPC(2, message.bytes)) <= 512 << 10)
    }

    @Test func oneLargeRPCIsNotReadToItsEnd() {
        let victim = GossipVictim()
        victim.receive(gossipFrame((0..<500_000).flatMap { _ in [0x12, 0x00] as [UInt8] }))
        #expect(victim.wasReset && victim.host.gossip.heldBytes == 0)
        #expect(victim.peer.behaviour.wasted <= 32_768 + 2)
    }

    @Test func messagesThatWereReadForSomethingAreNot() {
        let victim = GossipVictim()
        let before = victim.peer.behaviour.wasted
        let known = (0..<10).map { signedMessage(author: 3, sequence: sequence($0)) }.flatMap { $0 }
        for _ in 0..<1000 { victim.receive(known) }
        #expect(!victim.wasReset && victim.peer.behaviour.wasted == before)
        #expect(victim.delivered().count == 10)
    }

    @Test func aMessageWithoutTopicIsAFault() {
        let victim = GossipVictim()
        victim.receive(gossipRPC(2, []))
        #expect(victim.peer.behaviour.faults == 10)
    }

    @Test func messagesOfOneRPCAreCounted() {
        var configuration = GossipSubConfiguration()
        configuration.limits.entries = 10
        let victim = GossipVictim(configuration)
        var writer = ProtobufWriter()
        for index in 0..<20 {
            writer.content(2, gossipContent(of: signedMessage(sequence: sequence(index))))
        }
        victim.receive(writer.framed)
        #expect(victim.delivered().count == 10 && victim.peer.behaviour.faults == 10)
    }
}

@Suite struct GossipWork {
    private let costly = try! PrivateKey.p256(entropy: [UInt8](0..<48))

    /// Messages of an author whose signatures take long to verify.
    private func flood(_ count: Int, from start: Int = 0) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in start..<start + count {
            let signed = MessageCodec.signedBytes(
                from: costly.publicKey.peerID.bytes, data: [1], sequence: sequence(index), topic: chat)
            bytes += MessageCodec.frame(signed: signed, signature: try! costly.sign(signed), key: costly.publicKey.protobuf)
        }
        return bytes
    }

    @Test func betweenTwoEventsOfOthersAFewSignaturesAreVerified() {
        let victim = GossipVictim()
        let honest = victim.addNeighbour(2).inbound!.stream
        let bytes = flood(400)
        let start = bytes.count / 2
        victim.receive([UInt8](bytes[..<start]), on: victim.stream)
        victim.receive([UInt8](bytes[start...]), on: victim.stream)
        #expect(victim.delivered().count <= 11)
        #expect(victim.host.nextDeadline <= victim.host.state.now, "the rest is for the next turn")
        victim.receive(signedMessage(author: 2, data: [2]), on: honest)
        #expect(victim.delivered() == [[2]], "nobody waits for another's work")
        var turns = 0
        var count = 11
        while !victim.host.gossip.waiting.isEmpty {
            victim.host.advance()
            turns += 1
            let messages = victim.delivered()
            #expect(messages.count <= 11)
            count += messages.count
        }
        #expect(count >= 400 && turns >= 36)
        #expect(victim.host.gossip.heldBytes == 0 && !victim.wasReset && victim.peer.behaviour.faults == 0)
    }

    @Test func oneTurnOfManyIsBoundedToo() {
        let victim = GossipVictim()
        let senders = (100..<164).map { victim.addSender($0) }
        for (index, stream) in senders.enumerated() { victim.receive(flood(12, from: index * 12), on: stream) }
        // 100,000 of work: 50 signatures, over which the last may go.
        #expect(victim.delivered().count <= 52)
        var largest = 0
        while !victim.host.gossip.waiting.isEmpty {
            victim.host.advance()
            largest = max(largest, victim.delivered().count)
        }
        #expect(largest <= 52 && largest > 40)
    }

    @Test func messagesOfOneNeighbourKeepTheirOrder() {
        let victim = GossipVictim()
        var bytes: [UInt8] = []
        for index in 0..<300 { bytes += signedMessage(sequence: sequence(index), data: sequence(index)) }
        var received: [[UInt8]] = []
        for start in stride(from: 0, to: bytes.count, by: 5_000) {
            victim.receive([UInt8](bytes[start..<min(start + 5_000, bytes.count)]), on: victim.stream)
            received += victim.delivered()
            victim.host.advance()
            received += victim.delivered()
        }
        victim.host.workOff()
        received += victim.delivered()
        #expect(received == (0..<300).map { sequence($0) })
    }

    @Test func whatCameBeforeTheEndIsWorkedOff() {
        for isReset in [false, true] {
            let victim = GossipVictim()
            victim.receive(flood(100), on: victim.stream)
            var count = victim.delivered().count
            if isReset {
                victim.host.gossip.closed(victim.stream, error: .connection(.closed(.application)), in: victim.host.state)
            } else {
                victim.host.gossip.finished(victim.stream, in: victim.host.state)
            }
            victim.host.workOff()
            let outputs = victim.host.drain()
            count += outputs.filter { if case .event(.message) = $0 { true } else { false } }.count
            #expect(count == 100 && victim.host.gossip.heldBytes == 0 && victim.peer.inbound == nil)
            #expect(outputs.contains(.link(victim.link, .finish(stream: 1))) == !isReset)
        }
    }

    @Test func creditWaitsForTheWork() {
        let bench = NodeBench(100) { $0.gossip = GossipSubConfiguration() }
        bench.node.subscribe(chat, now: bench.now)
        let link = bench.inbound(7)
        bench.feed(.streamOpened(stream: 1, protocolID: GossipSub.protocolIDs[0]), link)
        func credit() -> Int {
            bench.outputs.reduce(0) { if case .link(link, .consumed(stream: 1, let count)) = $1 { $0 + count } else { $0 } }
        }
        let bytes = flood(1000)
        for start in stride(from: 0, to: bytes.count, by: 16 << 10) {
            bench.feed(.data(stream: 1, [UInt8](bytes[start..<min(start + 16 << 10, bytes.count)])), link)
        }
        #expect(credit() == 0)
        #expect(bench.node.nextDeadline <= bench.now)
        bench.wait(.milliseconds(1))
        #expect(credit() > bytes.count - 32 << 10)
        #expect(bench.outputs.filter { if case .event(.message) = $0 { true } else { false } }.count == 1000)
    }
}

@Test func aNodeThatGoesTakesItsNeighboursWithIt() {
    weak var neighbour: GossipPeer?
    do {
        let victim = GossipVictim()
        neighbour = victim.peer
        #expect(neighbour?.inbound != nil)
    }
    #expect(neighbour == nil)
}
