import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// A relay whose shell is the test, and peers that ask it.
private final class ServerBench {
    let bench: NodeBench
    let limits: AutoNATServerLimits
    private var nextStream: UInt32 = 101

    init(isRelay: Bool = true, _ change: (inout AutoNATServerLimits) -> Void = { _ in }) {
        var limits = AutoNATServerLimits()
        change(&limits)
        self.limits = limits
        bench = NodeBench(100) {
            $0.autonatServer = limits
            if isRelay { $0.relay = RelayLimits() }
        }
        bench.node.listening([address("/ip4/198.51.100.1/tcp/4001")], now: bench.now)
    }

    var server: AutoNATServer { bench.node.part(AutoNATServer.self)! }

    func open(on link: UInt32, _ protocolID: [UInt8] = AutoNATMessage.requestID) -> StreamKey {
        let stream = StreamKey(link: link, stream: nextStream)
        nextStream += 2
        bench.feed(.streamOpened(stream: stream.stream, protocolID: protocolID), link)
        return stream
    }

    func send(_ bytes: [UInt8], on stream: StreamKey) { bench.feed(.data(stream: stream.stream, bytes), stream.link) }

    /// Asks on a new stream.
    func ask(_ addresses: [String], on link: UInt32, nonce: UInt64 = 77) -> StreamKey {
        let stream = open(on: link)
        send(AutoNATMessage.request(addresses.map { address($0).bytes }, nonce: nonce).framed, on: stream)
        return stream
    }

    func askVersion1(_ addresses: [String], of number: UInt8, on link: UInt32) -> StreamKey {
        let stream = open(on: link, AutoNATv1Message.protocolID)
        send(AutoNATv1Message.dial(peer: peer(number).bytes, addresses.map { address($0).bytes }).framed, on: stream)
        return stream
    }

    func answers(on stream: StreamKey) -> [AutoNATMessage] {
        var inbox = MessageInbox()
        inbox.add(bench.sent(on: stream))
        var found: [AutoNATMessage] = []
        while let next = inbox.next(limit: 8192) { if let message = AutoNATMessage(next) { found.append(message) } }
        return found
    }

    func answersVersion1(on stream: StreamKey) -> [AutoNATv1Message] {
        var inbox = MessageInbox()
        inbox.add(bench.sent(on: stream))
        var found: [AutoNATv1Message] = []
        while let next = inbox.next(limit: 8192) { if let message = AutoNATv1Message(next) { found.append(message) } }
        return found
    }

    var dialled: [String] { bench.dials.map { $0.address } }

    /// The newest dial is refused.
    func refuse() { bench.feed(.closed(.link(errno: 111)), bench.dials.last?.link ?? 0) }

    /// The newest dial gets through, and the remote agrees to the dial-back.
    func reach(_ number: UInt8, agrees: Bool = true) -> StreamKey {
        let link = bench.dials.last?.link ?? 0
        bench.establish(link, number)
        let stream = bench.opened(AutoNATMessage.dialBackID).last ?? StreamKey(link: 0, stream: 0)
        if agrees { bench.feed(.streamReady(stream: stream.stream, protocolID: AutoNATMessage.dialBackID), link) }
        return stream
    }
}

/// At the IP address where peer 7 is seen.
private let fine = "/ip4/203.0.113.9/tcp/4001"
private let elsewhere = "/ip4/192.0.2.1/tcp/4001"

@Suite struct AutoNATServerTests {
    @Test func theFirstAddressThatMayBeDialledIsDialledByAProbe() {
        let one = ServerBench()
        let link = one.bench.inbound(7)
        let unfit = [
            "/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip4/100.64.0.1/tcp/1", "/ip4/169.254.0.1/tcp/1", "/ip4/224.0.0.1/tcp/1",
            "/ip4/0.0.0.0/tcp/1", "/ip4/198.51.100.1/tcp/9", "/ip4/203.0.113.9/tcp/0", "/dns4/example.com/tcp/1",
            "/ip4/203.0.113.9/tcp/1/p2p/\(peer(8))/p2p-circuit", "/ip4/203.0.113.9/udp/1/quic-v1", "/ip4/203.0.113.9/tcp/1/p2p/\(peer(8))",
            "/ip4/203.0.113.9/tcp/1/ws/http-path/a", "/ip6/2a05::1/tcp/1", "/ip6/2002:cb00:7109::1/tcp/1", "/ip6/::ffff:203.0.113.9/tcp/1",
        ]
        let stream = one.ask(unfit + [fine, elsewhere], on: link)
        #expect(one.dialled == [fine])
        #expect(one.bench.targets[0].target.isProbe && one.bench.targets[0].target.expecting == peer(7))
        let back = one.reach(7)
        #expect(one.bench.sent(on: back) == DialBack(nonce: 77).framed)
        one.bench.feed(.data(stream: back.stream, DialBack.answer), back.link)
        #expect(one.answers(on: stream) == [.response(.ok, index: UInt64(unfit.count), .ok)])
        #expect(one.bench.wasFinished(stream) && one.bench.closes(of: back.link) == [.application])
        #expect(one.server.services.isEmpty)
        // Nobody hears of the dial.
        #expect(!one.bench.events.contains { if case .dialAttempt = $0 { true } else { false } })
    }

    @Test func nothingToDialIsARefusal() {
        let one = ServerBench()
        let stream = one.ask(["/ip4/10.0.0.1/tcp/1"], on: one.bench.inbound(7))
        #expect(one.answers(on: stream) == [.response(.refused, index: 0, .unused)] && one.dialled.isEmpty)
    }

    @Test func whatTheDialFindsIsAnswered() {
        let one = ServerBench()
        let link = one.bench.inbound(7)
        let refused = one.ask([fine], on: link)
        one.refuse()
        #expect(one.answers(on: refused) == [.response(.ok, index: 0, .dialError)])
        // The remote does not speak the protocol.
        let unable = one.ask([fine], on: link)
        let first = one.reach(7, agrees: false)
        one.bench.feed(.streamFailed(stream: first.stream, .unsupportedProtocol), first.link)
        #expect(one.answers(on: unable) == [.response(.ok, index: 0, .dialBackError)])
        // It agrees and says no more: it may have the nonce.
        let silent = one.ask([fine], on: link)
        let second = one.reach(7)
        one.bench.wait(one.limits.dialBackTime)
        #expect(one.answers(on: silent) == [.response(.ok, index: 0, .ok)])
        #expect(one.bench.closes(of: second.link) == [.application])
        // It never agrees.
        let mute = one.ask([fine], on: link)
        _ = one.reach(7, agrees: false)
        one.bench.wait(one.limits.dialBackTime)
        #expect(one.answers(on: mute) == [.response(.ok, index: 0, .dialBackError)])
        // Nobody answers the dial.
        let late = one.ask([fine], on: link)
        one.bench.wait(one.limits.dialTime)
        #expect(one.answers(on: late) == [.response(.ok, index: 0, .dialError)])
        #expect(one.server.services.isEmpty)
    }

    @Test func anotherHostIsDialledForDataOnly() throws {
        let one = ServerBench()
        let stream = one.ask([elsewhere], on: one.bench.inbound(7))
        guard case .dataRequest(index: 0, let bytes)? = one.answers(on: stream).first else {
            Issue.record("no data was asked for")
            return
        }
        #expect(one.limits.leastData...one.limits.mostData ~= Int(bytes) && one.dialled.isEmpty)
        var left = Int(bytes) - 1
        while left > 0 {
            one.send(AutoNATMessage.data(min(left, 4096)).framed, on: stream)
            left -= 4096
        }
        one.bench.wait(one.limits.delay)
        #expect(one.dialled.isEmpty, "one byte is missing")
        // The last message may be longer than what is missing.
        one.send(AutoNATMessage.data(4096).framed, on: stream)
        one.bench.wait(one.limits.delay)
        #expect(one.dialled == [elsewhere])
    }

    @Test func dataThatIsShortOrLateBringsNothing() {
        let one = ServerBench()
        let link = one.bench.inbound(7)
        let crumbs = one.ask([elsewhere], on: link)
        one.send(AutoNATMessage.data(one.limits.leastDataPart - 1).framed, on: crumbs)
        #expect(one.bench.wasReset(crumbs))
        let other = one.ask([elsewhere], on: link)
        one.send(AutoNATMessage.request([], nonce: 1).framed, on: other)
        #expect(one.bench.wasReset(other))
        let half = one.ask([elsewhere], on: link)
        one.send(AutoNATMessage.data(4096).framed, on: half)
        one.bench.feed(.finished(stream: half.stream), half.link)
        #expect(one.bench.wasReset(half))
        let slow = one.ask([elsewhere], on: link)
        one.bench.wait(one.limits.requestTime)
        #expect(one.bench.wasReset(slow))
        #expect(one.dialled.isEmpty && one.server.services.isEmpty)
    }

    @Test func whatIsNoRequestIsReset() {
        let one = ServerBench()
        let link = one.bench.inbound(7)
        let huge = one.open(on: link)
        var length: [UInt8] = []
        Varint.append(UInt64(one.limits.messageSize) + 1, to: &length)
        one.send(length, on: huge)
        let malformed = one.open(on: link)
        one.send([2, 0x0a, 9], on: malformed)
        let response = one.open(on: link)
        one.send(AutoNATMessage.response(.ok, index: 0, .ok).framed, on: response)
        let silent = one.open(on: link)
        one.bench.wait(one.limits.requestTime)
        for stream in [huge, malformed, response, silent] { #expect(one.bench.wasReset(stream)) }
        #expect(one.server.services.isEmpty && one.dialled.isEmpty)
    }

    @Test func whoLeavesLeavesNothing() {
        let one = ServerBench { $0.requestsPerPeerAtOnce = 1 }
        let link = one.bench.inbound(7)
        let stream = one.ask([fine], on: link)
        let dial = one.bench.dials[0].link
        one.bench.feed(.streamClosed(stream: stream.stream, .reset(code: 0)), link)
        // Its dial counts until it is over.
        #expect(one.answers(on: one.ask([fine], on: link)) == [.response(.rejected, index: 0, .unused)])
        one.bench.establish(dial, 7)
        #expect(one.bench.closes(of: dial) == [.application] && one.server.services.isEmpty)
        #expect(one.bench.opened(AutoNATMessage.dialBackID).isEmpty)
        _ = one.ask([fine], on: link)
        #expect(one.dialled.count == 2)
        one.bench.feed(.closed(.link(errno: 104)), link)
        one.bench.wait(one.limits.dialTime)
        #expect(one.server.services.isEmpty && one.server.nextDeadline == .distantFuture)
    }

    // MARK: Limits

    @Test func eachLimitHolds() {
        func served(_ change: (inout AutoNATServerLimits) -> Void, _ addresses: [String], peers: [(UInt8, String)]) -> Int {
            let one = ServerBench(change)
            for (number, place) in peers {
                let link = one.bench.inbound(number, from: place)
                let before = one.dialled.count
                let stream = one.ask(addresses, on: link)
                for case .dataRequest(_, let bytes) in one.answers(on: stream) {
                    for _ in 0...bytes / 4096 { one.send(AutoNATMessage.data(4096).framed, on: stream) }
                    one.bench.wait(one.limits.delay)
                }
                if one.dialled.count > before { one.refuse() }
            }
            return one.dialled.count
        }
        let (home, office) = ("/ip4/203.0.113.9/tcp/5000", "/ip4/203.0.113.10/tcp/5000")
        let many = { (count: Int, place: String) in (0..<count).map { (UInt8($0 + 1), place) } }
        let same = { (count: Int) in [(UInt8, String)](repeating: (7, home), count: count) }
        #expect(served({ $0.requestsPerPeer = 3 }, [fine], peers: same(5)) == 3)
        #expect(served({ $0.requestsPerPlace = 4 }, [fine], peers: many(6, home)) == 4)
        #expect(served({ $0.requests = 5 }, [fine], peers: many(4, home) + many(4, office)) == 5)
        #expect(served({ $0.requestsWithData = 2 }, [elsewhere], peers: many(5, home)) == 2)
        let busy = ServerBench()
        let link = busy.bench.inbound(7)
        let streams = (0..<4).map { _ in busy.ask([fine], on: link) }
        #expect(busy.server.services.count == busy.limits.requestsPerPeerAtOnce)
        #expect(busy.answers(on: streams[3]) == [.response(.rejected, index: 0, .unused)])
    }

    @Test func aMinuteLaterThereIsRoomAgain() {
        let one = ServerBench { $0.requestsPerPeer = 1 }
        let link = one.bench.inbound(7)
        for expected in [1, 1, 2] {
            let before = one.dialled.count
            _ = one.ask([fine], on: link)
            #expect(one.dialled.count == expected)
            if one.dialled.count > before { one.refuse() }
            one.bench.wait(.seconds(30))
        }
    }

    /// Peers with many keys in many places ask without a pause for dials of others.
    @Test func aHundredThousandRequestsBringNoMoreThanTheLimitsAllow() {
        final class Everything: AddressDialing { func isSupported(_ address: Multiaddr) -> Bool { true } }
        let limits = AutoNATServerLimits()
        let bench = ProtocolBench(AutoNATServer(limits, dialing: Everything(), isAlwaysOn: true))
        bench.listen([address("/ip4/198.51.100.1/tcp/4001")])
        var links: [ConnectedLink] = []
        for number: UInt8 in 1...40 { links.append(bench.connect(number, at: "/ip4/\(number).1.0.1/tcp/5000")) }
        let request = AutoNATMessage.request([address(elsewhere).bytes], nonce: 1).framed
        let data = AutoNATMessage.data(4096).framed
        var (received, sent, dials, most) = (0, 0, 0, 0)
        func takeSent() -> Int {
            var count = 0
            for case .link(_, .send(_, let bytes, _)) in bench.take() { count += bytes.count }
            return count
        }
        for count in 0..<100_000 {
            let stream = bench.open(on: links[count % links.count], AutoNATMessage.requestID)
            bench.receive(request, on: stream)
            received += request.count
            if let service = bench.machine.services.last, service.stream == stream, case .receivingData = service.phase {
                for _ in 0..<25 { bench.receive(data, on: stream) }
                received += 25 * data.count
            }
            most = max(most, bench.machine.services.count)
            guard count % 1000 == 0 else { continue }
            bench.run(.seconds(3))
            sent += takeSent()
            while let dial = bench.requests.first {
                dials += 1
                bench.answer(dial.peer, nil)
            }
        }
        sent += takeSent()
        let minutes = Int(bench.node.now.nanoseconds / 60_000_000_000) + 1
        #expect(most <= limits.requestsWithData * 2)
        #expect(dials > limits.requestsWithData && dials <= minutes * limits.requestsWithData, "\(dials) in \(minutes) minutes")
        #expect(sent <= received)
        bench.run(.seconds(60))
        bench.collect()
        while let dial = bench.requests.first { bench.answer(dial.peer, nil) }
        #expect(bench.machine.services.isEmpty)
    }

    // MARK: Who serves

    @Test func aNodeServesWhenOthersHaveReachedIt() {
        let one = ServerBench(isRelay: false)
        let link = one.bench.inbound(7)
        let names = { one.bench.node.protocolTable.entries.map(\.name) }
        #expect(!names().contains(AutoNATMessage.requestID) && !names().contains(AutoNATv1Message.protocolID))
        _ = one.ask([fine], on: link)
        #expect(one.dialled.isEmpty)
        func judge(_ verdict: OwnAddress.Verdict) {
            one.bench.node.context.addresses.judge(address("/ip4/198.51.100.1/tcp/4001"), verdict, in: one.bench.node.context)
            one.bench.node.advance(to: one.bench.now)
            one.bench.drain()
        }
        judge(.reachable)
        #expect(names().contains(AutoNATMessage.requestID) && names().contains(AutoNATv1Message.protocolID))
        _ = one.ask([fine], on: link)
        #expect(one.dialled == [fine])
        judge(.unreachable)
        #expect(!names().contains(AutoNATMessage.requestID))
    }

    // MARK: Version 1

    @Test func version1DialsTheHostThatAsks() {
        let one = ServerBench()
        let link = one.bench.inbound(7)
        let stream = one.askVersion1(
            ["/ip4/192.168.1.2/tcp/4001", elsewhere, "/ip4/192.0.2.1/tcp/4002", "/dns4/example.com/tcp/1", "/ip6/2a05::1/tcp/1"], of: 7,
            on: link)
        one.bench.wait(.seconds(1))
        #expect(one.dialled == [fine, "/ip4/203.0.113.9/tcp/4002"], "its IP address, with the ports that it names")
        one.bench.establish(one.bench.dials[0].link, 7)
        #expect(one.answersVersion1(on: stream) == [.response(.ok, address: address(fine).bytes)])
        #expect(one.bench.closes(of: one.bench.dials[0].link) == [.application] && one.server.services.isEmpty)
    }

    @Test func version1AnswersEverything() {
        let one = ServerBench { $0.requestsPerPeer = 4 }
        let link = one.bench.inbound(7)
        let failed = one.askVersion1([fine], of: 7, on: link)
        one.refuse()
        #expect(one.answersVersion1(on: failed) == [.response(.dialError, address: nil)])
        let foreign = one.askVersion1([fine], of: 8, on: link)
        #expect(one.answersVersion1(on: foreign) == [.response(.badRequest, address: nil)])
        let nothing = one.askVersion1([], of: 7, on: link)
        #expect(one.answersVersion1(on: nothing) == [.response(.dialRefused, address: nil)])
        one.bench.wait(.seconds(1))
        let ports = (1...20).map { "/ip4/203.0.113.9/tcp/\($0)" }
        _ = one.askVersion1(ports, of: 7, on: link)
        for dial in 1...20 where one.bench.dials.count > dial {
            one.bench.wait(.seconds(1))
            one.bench.feed(.closed(.link(errno: 111)), one.bench.dials[dial].link)
        }
        #expect(one.dialled.count == 1 + one.limits.dialsOfVersion1, "a scan of ports ends early")
        let tooMany = one.askVersion1([fine], of: 7, on: link)
        #expect(one.answersVersion1(on: tooMany) == [.response(.dialRefused, address: nil)])
    }

    @Test func whoComesThroughARelayIsNotServed() {
        let one = ServerBench()
        let local = address("/ip4/198.51.100.1/tcp/4001")
        one.bench.node.context.expectLink(
            2000, remoteAddress: address(fine), localAddress: local, path: .relayed(by: peer(9), limit: nil), carrier: nil, isInbound: true)
        one.bench.establish(2000, 7)
        for name in [AutoNATMessage.requestID, AutoNATv1Message.protocolID] { #expect(one.bench.wasReset(one.open(on: 2000, name))) }
    }
}
