import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

/// A connection whose remote is the test, as far as its answer to identify.
private struct Asked {
    let bench: NodeBench
    let link: UInt32
    let stream: StreamKey

    init(_ configure: (inout NodeConfiguration) -> Void = { _ in }) {
        bench = NodeBench(100, configure)
        link = bench.inbound(7)
        stream = bench.opened(Identify.protocolID)[0]
        bench.feed(.streamReady(stream: stream.stream, protocolID: Identify.protocolID), link)
    }

    func answer(_ bytes: [UInt8]) {
        bench.feed(.data(stream: stream.stream, bytes), link)
        bench.feed(.finished(stream: stream.stream), link)
    }

    func answer(_ message: IdentifyMessage) { answer(message.encoded()) }

    /// Sends a push.
    func push(_ message: IdentifyMessage, on stream: UInt32 = 101) {
        bench.feed(.streamOpened(stream: stream, protocolID: Identify.pushID), link)
        bench.feed(.data(stream: stream, message.encoded()), link)
        bench.feed(.finished(stream: stream), link)
    }

    var told: PeerDescription? { bench.node.description(of: peer(7)) }
    var failures: [IdentifyError] { bench.events.compactMap { if case .notIdentified(peer(7), let error) = $0 { error } else { nil } } }
}

extension IdentifyMessage {
    /// In as many messages as we would make of it.
    fileprivate func encoded() -> [UInt8] {
        var writer = IdentifyWriter()
        if let publicKey { writer.add(Field.publicKey, publicKey) }
        if let protocolVersion { writer.add(Field.protocolVersion, protocolVersion) }
        if let agent { writer.add(Field.agent, agent) }
        if let observedAddress { writer.add(Field.observedAddress, observedAddress) }
        for address in listenAddresses { writer.add(Field.listenAddresses, address) }
        for name in protocolIDs { writer.add(Field.protocolIDs, name) }
        if let signedRecord { writer.add(Field.signedRecord, signedRecord) }
        return writer.finished()
    }
}

private func ordinary() -> IdentifyMessage {
    var message = IdentifyMessage()
    message.publicKey = key(7).publicKey.protobuf
    message.agent = bytes("js-libp2p/3")
    message.protocolVersion = bytes("ipfs/0.1.0")
    message.listenAddresses = [address("/ip4/203.0.113.7/tcp/1").bytes]
    message.protocolIDs = [Ping.protocolID, Identify.pushID]
    message.observedAddress = address("/ip4/198.51.100.1/tcp/4001").bytes
    return message
}

private func record(_ sequence: UInt64, _ addresses: [String], of number: UInt8 = 7, by signer: UInt8 = 7) -> [UInt8] {
    let record = PeerRecord(peerID: peer(number), sequence: sequence, addresses: addresses.map { address($0) })
    do { return try record.sealed(by: key(signer)) } catch { fatalError("no record") }
}

@Test func asksEveryPeerAndTellsWhatItHears() {
    let asked = Asked()
    asked.answer(ordinary())
    let expected = PeerDescription(
        peer: peer(7), agent: bytes("js-libp2p/3"), protocolVersion: bytes("ipfs/0.1.0"), protocolIDs: [Ping.protocolID, Identify.pushID],
        listenAddresses: [address("/ip4/203.0.113.7/tcp/1")], observedAddress: address("/ip4/198.51.100.1/tcp/4001"))
    #expect(asked.bench.events.contains(.identified(expected)))
    #expect(asked.bench.node.addresses(of: peer(7)) == expected.listenAddresses)
}

@Test func answersAtOnceWithAllItIs() throws {
    let bench = NodeBench { $0.agent = bytes("causeway/test") }
    bench.node.listening([address("/ip4/198.51.100.1/tcp/4001")], now: bench.now)
    let link = bench.inbound(7)
    let stream = StreamKey(link: link, stream: 1)
    bench.feed(.streamOpened(stream: 1, protocolID: Identify.protocolID), link)
    #expect(bench.wasFinished(stream))
    let heard = IdentifyExchange(stream, isPush: false)
    try heard.take(bench.sent(on: stream), limits: NodeLimits())
    #expect(heard.isComplete && heard.messages == 1)
    #expect(heard.message.agent == bytes("causeway/test"))
    #expect(heard.message.publicKey == key(100).publicKey.protobuf)
    #expect(heard.message.observedAddress == address("/ip4/203.0.113.9/tcp/5000").bytes)
    #expect(heard.message.listenAddresses == [address("/ip4/198.51.100.1/tcp/4001").bytes])
    #expect(heard.message.protocolIDs.contains(Ping.protocolID))
    let record = try PeerRecord.decode(envelope: heard.message.signedRecord ?? [])
    #expect(record.peerID == peer(100) && record.addresses == [address("/ip4/198.51.100.1/tcp/4001")])
}

@Test func longAnswersGoInPartsAndAreMerged() throws {
    var message = ordinary()
    message.protocolIDs = (0..<900).map { bytes("/a/protocol/with/a/rather/long/name/\($0)") }
    message.signedRecord = record(1, ["/ip4/203.0.113.7/tcp/9"])
    let encoded = message.encoded()
    let heard = IdentifyExchange(StreamKey(link: 1, stream: 1), isPush: false)
    for byte in encoded { try heard.take([byte], limits: NodeLimits()) }
    #expect(heard.message == message && heard.messages > 1)
    let asked = Asked()
    asked.answer(message)
    #expect(asked.told?.protocolIDs.count == 900)
    #expect(asked.told?.listenAddresses == [address("/ip4/203.0.113.7/tcp/9")])
}

/// rust-libp2p reads one message, of 4,096 bytes at most.
@Test func theFirstMessageOfALongAnswerSaysWhatMatters() throws {
    let wide = (1...30).map { address("/dns4/a-rather-long-name-\($0).of-a-host.example.org/tcp/4001") }
    let local = (1...34).map { address("/ip4/192.168.7.\($0)/tcp/4001") }
    let bench = NodeBench {
        $0.announce = local + wide
        $0.relay = RelayLimits()
    }
    let names = (1...100).map { bytes("/an/application/protocol/\($0)/1.0.0") }
    bench.node.setApplicationProtocols(names.map { .init(name: $0, owner: .application, allowsLimited: false) }, now: bench.now)
    let circuit = address("/ip4/203.0.113.50/tcp/1/p2p/\(peer(5).description)/p2p-circuit")
    bench.node.context.addresses.replaceCircuits(by: [circuit], in: bench.node.context)
    let link = bench.inbound(7, from: "/ip4/192.168.7.7/tcp/1")
    bench.feed(.streamOpened(stream: 1, protocolID: Identify.protocolID), link)
    var rest = bench.sent(on: StreamKey(link: link, stream: 1))
    let all = IdentifyExchange(StreamKey(link: link, stream: 1), isPush: false)
    try all.take(rest, limits: NodeLimits())
    #expect(all.isComplete && (2...5).contains(all.messages))

    let length = Int(rest[0] & 0x7f) | Int(rest[1]) << 7
    #expect(length <= 4096 && length > 3900)
    rest = [UInt8](rest[..<(length + 2)])
    let first = IdentifyExchange(StreamKey(link: link, stream: 1), isPush: false)
    try first.take(rest, limits: NodeLimits())
    #expect(first.isComplete && first.messages == 1)
    #expect(first.message.publicKey == key(100).publicKey.protobuf && first.message.observedAddress != nil)
    #expect(first.message.agent != nil && first.message.protocolVersion != nil)
    #expect(Set(names).isSubset(of: first.message.protocolIDs) && first.message.protocolIDs.contains(Ping.protocolID))
    let known = first.message.listenAddresses
    #expect(known.count >= 8 && known == wide.prefix(known.count).map { $0.bytes })

    // The record has them all, in the same order: of all reach, circuits, then this network's.
    let record = try PeerRecord.decode(envelope: try #require(all.message.signedRecord))
    #expect(record.addresses == wide + [circuit] + local)
    // A peer elsewhere has no use for the last ones.
    let far = bench.inbound(8)
    bench.feed(.streamOpened(stream: 1, protocolID: Identify.protocolID), far)
    let abroad = IdentifyExchange(StreamKey(link: far, stream: 1), isPush: false)
    try abroad.take(bench.sent(on: abroad.stream), limits: NodeLimits())
    #expect(try PeerRecord.decode(envelope: try #require(abroad.message.signedRecord)).addresses == wide + [circuit])
    var roomy = NodeLimits()
    roomy.addressesPerPeer = 100
    let generous = IdentifyExchange(StreamKey(link: link, stream: 1), isPush: false)
    try generous.take(bench.sent(on: StreamKey(link: link, stream: 1)), limits: roomy)
    #expect(generous.message.listenAddresses == record.addresses.map { $0.bytes })
}

@Test func noRecordIsLongerThanOthersRead() throws {
    let bench = NodeBench { $0.announce = (1...400).map { address("/dns4/a-rather-long-name-\($0).example.org/tcp/4001") } }
    let link = bench.inbound(7)
    bench.feed(.streamOpened(stream: 1, protocolID: Identify.protocolID), link)
    let heard = IdentifyExchange(StreamKey(link: link, stream: 1), isPush: false)
    try heard.take(bench.sent(on: StreamKey(link: link, stream: 1)), limits: NodeLimits())
    let envelope = try #require(heard.message.signedRecord)
    #expect(envelope.count < 8192)
    #expect(try PeerRecord.decode(envelope: envelope).addresses.count > 100)
}

@Test func aLongAnswerInOneMessageIsRead() throws {
    // As js writes it: 250 protocols, 1,000 addresses, and these again in the record.
    var message = ordinary()
    message.protocolIDs = (0..<250).map { bytes("/some/protocol/of/an/application/\($0)") }
    let many = (1...1000).map { Multiaddr.tcp(ip: [203, 0, 113, 7], port: UInt16($0)) }
    message.listenAddresses = many.map { $0.bytes }
    message.signedRecord = try PeerRecord(peerID: peer(7), sequence: 1, addresses: many).sealed(by: key(7))
    var whole = ProtobufWriter()
    for address in message.listenAddresses { whole.content(IdentifyMessage.Field.listenAddresses, address) }
    for name in message.protocolIDs { whole.content(IdentifyMessage.Field.protocolIDs, name) }
    if let record = message.signedRecord { whole.content(IdentifyMessage.Field.signedRecord, record) }
    #expect(whole.bytes.count > 30_000)
    let asked = Asked()
    asked.answer(whole.framed)
    #expect(asked.told?.protocolIDs.count == 250 && asked.told?.listenAddresses.count == 32)
}

@Test func changesArePushedOnceToThoseWhoListen() {
    let asked = Asked()
    asked.answer(ordinary())
    asked.bench.inbound(8)
    asked.bench.clear()
    let node = asked.bench.node
    node.listening([address("/ip4/198.51.100.1/tcp/4001")], now: asked.bench.now)
    node.setApplicationProtocols([.init(name: bytes("/chat/1"), owner: .application, allowsLimited: false)], now: asked.bench.now)
    asked.bench.wait(.milliseconds(999))
    #expect(asked.bench.opened(Identify.pushID).isEmpty)
    asked.bench.wait(.milliseconds(1))
    let pushes = asked.bench.opened(Identify.pushID)
    #expect(pushes.count == 1 && pushes[0].link == asked.link)
    #expect(!asked.bench.sent(on: pushes[0]).isEmpty && !asked.bench.wasFinished(pushes[0]))
    asked.bench.feed(.streamReady(stream: pushes[0].stream, protocolID: Identify.pushID), asked.link)
    #expect(asked.bench.wasFinished(pushes[0]))
}

@Test func receivedPushChangesWhatItNames() {
    let asked = Asked()
    asked.answer(ordinary())
    var change = IdentifyMessage()
    change.listenAddresses = [address("/ip4/203.0.113.7/tcp/2").bytes]
    asked.push(change)
    #expect(asked.told?.listenAddresses == [address("/ip4/203.0.113.7/tcp/2")])
    #expect(asked.told?.agentUTF8 == bytes("js-libp2p/3") && asked.told?.protocolIDs.count == 2)
    #expect(asked.bench.node.addresses(of: peer(7)) == [address("/ip4/203.0.113.7/tcp/2")])
}

// MARK: Bad input

@Test func longNamesAreCut() {
    let asked = Asked()
    var message = ordinary()
    message.agent = [UInt8](repeating: 97, count: 3000)
    message.protocolVersion = [UInt8](repeating: 98, count: 3000)
    asked.answer(message)
    #expect(asked.told?.agentUTF8 == [UInt8](repeating: 97, count: IdentifyMessage.nameLength))
    #expect(asked.told?.protocolVersionUTF8 == [UInt8](repeating: 98, count: IdentifyMessage.nameLength))
}

@Test func badRecordsCostOnlyThemselves() {
    let listed = [address("/ip4/203.0.113.7/tcp/1")]
    let foreign = record(1, ["/ip4/203.0.113.66/tcp/1"], of: 8, by: 8)
    let forged = record(1, ["/ip4/203.0.113.66/tcp/1"], of: 7, by: 8)
    var broken = record(1, ["/ip4/203.0.113.66/tcp/1"])
    broken[broken.count - 1] ^= 1
    for bad in [foreign, forged, broken, [], [0xff, 0xff]] {
        let asked = Asked()
        var message = ordinary()
        message.signedRecord = bad
        asked.answer(message)
        #expect(asked.told?.listenAddresses == listed)
        #expect(asked.bench.node.addresses(of: peer(8)).isEmpty)
    }
}

@Test func staleRecordIsIgnored() {
    let asked = Asked()
    var message = ordinary()
    message.signedRecord = record(5, ["/ip4/203.0.113.7/tcp/5"])
    asked.answer(message)
    message.listenAddresses = []
    message.signedRecord = record(4, ["/ip4/203.0.113.7/tcp/4"])
    asked.push(message)
    #expect(asked.told?.listenAddresses == [address("/ip4/203.0.113.7/tcp/5")])
}

@Test func foreignKeyIsNotBelieved() {
    for foreign in [key(8).publicKey.protobuf, [0x08, 0x01, 0x12, 0x84, 0xff, 0xff, 0xff, 0x0f, 1], []] {
        let asked = Asked()
        var message = ordinary()
        message.publicKey = foreign
        asked.answer(message)
        #expect(asked.failures == [.foreignKey] && asked.told == nil)
    }
}

@Test func oversizedAndEndlessAnswersAreRefused() {
    let large = Asked()
    large.answer([0x81, 0x80, 0x05])
    #expect(large.failures == [.messageTooLarge(limit: 81920)] && large.bench.wasReset(large.stream))
    let together = Asked()
    var message = ordinary()
    message.protocolIDs = (0..<1000).map { bytes("/p/\($0)/") + [UInt8](repeating: 65, count: 100) }
    together.answer(message)
    #expect(together.failures == [.messageTooLarge(limit: 81920)] && together.told == nil)
    let huge = Asked()
    huge.answer([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
    #expect(huge.failures == [.messageTooLarge(limit: 81920)])
    let many = Asked()
    for _ in 0..<12 { many.bench.feed(.data(stream: many.stream.stream, [0]), many.link) }
    #expect(many.failures == [.tooManyMessages(limit: 10)])
    let broken = Asked()
    broken.answer([3, 0x12, 0x7f, 0])
    #expect(broken.failures == [.malformed])
    let cut = Asked()
    cut.answer([9, 0x12])
    #expect(cut.failures == [.malformed])
    let silent = Asked()
    silent.bench.wait(.seconds(10))
    #expect(silent.failures == [.timedOut] && silent.bench.wasReset(silent.stream))
}

@Test func listsAreCapped() {
    // More protocol ids than one peer may have, planted over several messages; a name too long; addresses without end.
    let asked = Asked()
    var message = IdentifyMessage()
    message.publicKey = key(7).publicKey.protobuf
    message.protocolIDs = (0..<1800).map { bytes("/p/\($0)") } + [[UInt8](repeating: 65, count: 257)]
    message.listenAddresses = (1...500).map { Multiaddr.tcp(ip: [203, 0, 113, 7], port: UInt16($0)).bytes } + [[0xff, 0xff]]
    asked.answer(message)
    #expect(asked.told?.protocolIDs.count == 1024)
    #expect(asked.told?.listenAddresses.count == 32)
    #expect(asked.bench.node.addresses(of: peer(7)).count == 32)
}

@Test func oddAddressesAreLeftOut() {
    let asked = Asked()
    var message = ordinary()
    let own = address("/ip4/203.0.113.7/tcp/1")
    message.listenAddresses = [
        [0xff], [], own.appending(peer(7)).bytes, own.bytes, address("/ip4/203.0.113.7/tcp/2").appending(peer(8)).bytes,
    ]
    asked.answer(message)
    #expect(asked.told?.listenAddresses == [own])
}

@Test func pushFloodIsBounded() {
    let asked = Asked()
    asked.answer(ordinary())
    for stream in 0..<50 { asked.bench.feed(.streamOpened(stream: UInt32(201 + 2 * stream), protocolID: Identify.pushID), asked.link) }
    let open = (0..<50).filter { !asked.bench.wasReset(StreamKey(link: asked.link, stream: UInt32(201 + 2 * $0))) }
    #expect(open == Array(0..<Identify.inboundPushes))
    asked.bench.wait(.seconds(10))
    #expect(asked.bench.node.context.owners.count == 0)
}

/// A signature in a push may take a millisecond to verify.
@Test func pushesInMassesAreRefused() {
    let asked = Asked()
    asked.answer(ordinary())
    func heard() -> Int { asked.bench.events.filter { if case .identified = $0 { true } else { false } }.count }
    let before = heard()
    for index in 0..<100 as Range<UInt32> { asked.push(ordinary(), on: 101 + 2 * index) }
    #expect(heard() - before == Identify.pushesInSpan)
    #expect(asked.bench.outputs.contains(.link(asked.link, .reset(stream: 299))))
    // An honest peer's come once a second, for ever.
    for index in 0..<60 as Range<UInt32> {
        asked.bench.wait(.seconds(1))
        if index >= 10 { asked.push(ordinary(), on: 1001 + 2 * index) }
    }
    #expect(heard() - before == Identify.pushesInSpan + 50)
}

@Test func aRecordOfAnotherPeerIsNotLookedAt() throws {
    let envelope = record(1, ["/ip4/203.0.113.7/tcp/9"])
    #expect(try PeerRecord.decode(envelope: envelope, of: peer(7)).peerID == peer(7))
    var forged = envelope
    forged[forged.count - 1] ^= 1
    #expect(throws: RecordError.keyIsNotThePeers) { try PeerRecord.decode(envelope: forged, of: peer(8)) }
    #expect(throws: RecordError.badSignature) { try PeerRecord.decode(envelope: forged, of: peer(7)) }
}
