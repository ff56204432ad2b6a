import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let mine = "/ip4/198.51.100.1/tcp/4001"
private let other = "/ip4/198.51.100.1/tcp/4002/ws"

@Suite struct AutoNATClientTests {
    @Test func threeServersThatGetThroughMakeAnAddressReachable() {
        let one = AskingBench()
        one.servers(5)
        #expect(one.asked.isEmpty, "more servers may come")
        one.bench.wait(one.limits.delay)
        #expect(one.asked.count == one.limits.requestsAtOnce && Set(one.asked.map(\.link)).count == 3)
        for (count, stream) in one.asked.enumerated() {
            #expect(one.request(on: stream).addresses == [mine])
            #expect(one.verdict(on: mine) == .unknown)
            let back = one.reach(stream)
            #expect(one.bench.sent(on: back) == DialBack.answer && one.bench.wasFinished(back) && one.bench.wasFinished(stream))
            #expect(one.changes.count == (count == 2 ? 1 : 0))
        }
        #expect(one.changes.first?.reason == .reached && one.verdict(on: mine) == .reachable)
        // An hour later it looks again.
        one.bench.wait(.seconds(3500))
        #expect(one.asked.count == 3)
        one.bench.wait(.seconds(101))
        #expect(one.asked.count > 3)
    }

    @Test func threeThatDoNotMakeItUnreachable() {
        let one = AskingBench([mine, other])
        one.servers(3)
        one.bench.wait(one.limits.delay)
        for stream in one.asked { one.miss(stream) }
        let missed = one.asked.map { one.request(on: $0).addresses[0] }
        #expect(Set(missed).count == 2, "each address has its turn")
        while one.changes.count < 2, one.asked.count < 20 {
            one.bench.wait(.seconds(61))
            for stream in one.waiting { one.miss(stream) }
        }
        #expect(one.changes.map(\.reason) == [.notReached, .notReached] && one.bench.node.advertisedAddresses.isEmpty)
    }

    @Test func oneThatLiesIsOutvoted() {
        let one = AskingBench()
        one.servers(6)
        one.bench.wait(one.limits.delay)
        one.miss(one.asked[0])
        for round in 1..<5 {
            one.bench.wait(one.limits.delay)
            #expect(one.verdict(on: mine) == .unknown)
            one.reach(one.asked[round])
        }
        #expect(one.verdict(on: mine) == .reachable)
    }

    @Test func aVerdictTurnsWhenMostSayOtherwise() {
        let one = AskingBench()
        one.servers(6)
        one.bench.wait(one.limits.delay)
        for stream in one.asked { one.reach(stream) }
        #expect(one.verdict(on: mine) == .reachable)
        one.bench.wait(one.limits.recheck)
        var misses = 0
        for _ in 0..<200 where one.verdict(on: mine) == .reachable {
            one.bench.wait(.seconds(5))
            for stream in one.waiting {
                one.miss(stream)
                misses += 1
            }
        }
        #expect(one.verdict(on: mine) == .unreachable && misses == 4)
    }

    // MARK: Evidence

    @Test func aClaimWithoutItsNonceCountsNothing() {
        let one = AskingBench()
        one.servers(1)
        one.bench.wait(one.limits.delay)
        let stream = one.asked[0]
        let nonce = one.request(on: stream).nonce
        let link = one.connect(200, from: "/ip4/192.0.2.77/tcp/1")
        #expect(one.bench.wasReset(one.dialBack(nonce &+ 1, on: link)), "another nonce")
        one.answer(.response(.ok, index: 0, .ok), on: stream)
        one.bench.wait(one.limits.dialBackTime)
        #expect(one.bench.wasReset(stream) && one.client.trials[0].count == 0 && one.client.requests.isEmpty)
        #expect(one.bench.wasReset(one.dialBack(nonce, on: link)), "too late")
    }

    @Test func aNonceHasToComeByANewConnectionFromOutside() {
        let one = AskingBench()
        let old = one.connect(200, from: "/ip4/192.0.2.77/tcp/1")
        one.bench.wait(.seconds(1))
        one.servers(1)
        one.bench.wait(one.limits.delay)
        let nonce = one.request(on: one.asked[0]).nonce
        #expect(one.bench.wasReset(one.dialBack(nonce, on: old)))
        #expect(one.bench.wasReset(one.dialBack(nonce, on: one.asked[0].link)), "we dialled this one")
        // Another transport than the address has.
        _ = one.dialBack(nonce, on: one.connect(201, from: "/ip4/192.0.2.78/tcp/1/ws", to: "/ip4/198.51.100.1/tcp/4002/ws"))
        one.answer(.response(.ok, index: 0, .ok), on: one.asked[0])
        one.bench.wait(one.limits.dialBackTime)
        #expect(one.client.trials[0].count == 0)
    }

    @Test func theNonceCountsThoughTheServerThinksThatItFailed() {
        let one = AskingBench()
        one.servers(2)
        one.bench.wait(one.limits.delay)
        let (first, second) = (one.asked[0], one.asked[1])
        _ = one.dialBack(one.request(on: first).nonce, on: one.connect(200, from: "/ip4/192.0.2.77/tcp/1"))
        one.answer(.response(.ok, index: 0, .dialBackError), on: first)
        #expect(one.client.trials[0].margin == 1)
        one.answer(.response(.ok, index: 0, .dialBackError), on: second)
        #expect(one.client.trials[0].margin == 1 && one.bench.wasReset(second))
    }

    @Test func noncesDifferAndNobodyCanGuessThem() {
        let nonces = (0..<2).map { _ in
            let one = AskingBench()
            one.servers(3)
            one.bench.wait(one.limits.delay)
            return one.asked.map { one.request(on: $0).nonce }
        }
        #expect(Set(nonces[0]).count == 3 && nonces[0] == nonces[1])
        // They come from the key and not from the node's numbers, which a ping shows.
        let one = AskingBench()
        _ = one.bench.node.context.random.next()
        one.servers(3)
        one.bench.wait(one.limits.delay)
        let servers = { (keys: [StreamKey]) in keys.map(\.link) }
        #expect(servers(one.asked).count == 3 && Set(one.asked.map { one.request(on: $0).nonce }).count == 3)
    }

    @Test func strangersThatSayTheyDialBackAreFew() {
        let one = AskingBench { $0.dialBacks = 2 }
        let link = one.connect(200, from: "/ip4/192.0.2.77/tcp/1")
        for stream: UInt32 in [51, 53, 55] { one.bench.feed(.streamOpened(stream: stream, protocolID: AutoNATMessage.dialBackID), link) }
        #expect(one.bench.wasReset(StreamKey(link: link, stream: 55)) && !one.bench.wasReset(StreamKey(link: link, stream: 51)))
        var length: [UInt8] = []
        Varint.append(UInt64(one.limits.dialBackSize) + 1, to: &length)
        one.bench.feed(.data(stream: 51, length), link)
        #expect(one.bench.wasReset(StreamKey(link: link, stream: 51)))
        one.bench.wait(one.limits.dialBackTime)
        #expect(one.bench.wasReset(StreamKey(link: link, stream: 53)))
    }

    // MARK: Servers

    @Test func dataIsSentOnceAndWithinTheLimit() {
        let one = AskingBench()
        one.servers(3)
        one.bench.wait(one.limits.delay)
        one.answer(.dataRequest(index: 0, bytes: 30_001), on: one.asked[0])
        var sent = 0
        for case .data(let count) in one.messages(on: one.asked[0]) {
            sent += count
            #expect(count <= AutoNATMessage.dataSize)
        }
        #expect(sent == 30_001)
        one.answer(.dataRequest(index: 0, bytes: 1), on: one.asked[0])
        one.answer(.dataRequest(index: 0, bytes: UInt64(one.limits.data) + 1), on: one.asked[1])
        one.answer(.dataRequest(index: 1, bytes: 1), on: one.asked[2])
        for stream in one.asked { #expect(one.bench.wasReset(stream)) }
    }

    @Test func whatIsNoAnswerBringsALongerAndLongerWait() {
        let one = AskingBench { $0.requestsAtOnce = 1 }
        one.servers(12)
        one.bench.wait(one.limits.delay)
        let bad: [[UInt8]] = [
            AutoNATMessage.response(.rejected, index: 0, .unused).framed, AutoNATMessage.response(.internalError, index: 0, .unused).framed,
            AutoNATMessage.response(.ok, index: 9, .ok).framed, AutoNATMessage.response(.ok, index: 0, .unused).framed,
            AutoNATMessage.request([], nonce: 0).framed, AutoNATMessage.data(1).framed, [1, 0xff], [0xff, 0xff, 0x7f],
        ]
        var wait = one.limits.shortestWait
        for (count, bytes) in bad.enumerated() {
            #expect(one.asked.count == count + 1)
            one.bench.feed(.data(stream: one.asked[count].stream, bytes), one.asked[count].link)
            #expect(one.bench.wasReset(one.asked[count]))
            one.bench.wait(Interval(nanoseconds: wait.nanoseconds - 1))
            #expect(one.asked.count == count + 1)
            one.bench.wait(Interval(nanoseconds: 1))
            wait = min(Interval(nanoseconds: 2 * wait.nanoseconds), one.limits.longestWait)
        }
        #expect(one.client.trials[0].count == 0)
        // A stream that ends, one that fails, and silence are no answers either.
        let last = one.asked[bad.count]
        one.bench.feed(.finished(stream: last.stream), last.link)
        #expect(one.bench.wasReset(last) && one.client.requests.isEmpty)
    }

    @Test func aServerRestsBetweenTwoRequests() {
        let one = AskingBench()
        one.servers(1)
        one.bench.wait(one.limits.delay)
        one.miss(one.asked[0])
        one.bench.wait(.seconds(58))
        #expect(one.asked.count == 1)
        one.bench.wait(.seconds(3))
        #expect(one.asked.count == 2)
        // One that leaves no answer rests longer.
        one.bench.wait(one.limits.requestTime)
        #expect(one.bench.wasReset(one.asked[1]))
        one.bench.wait(.seconds(298))
        #expect(one.asked.count == 2)
        one.bench.wait(.seconds(5))
        #expect(one.asked.count == 3)
    }

    @Test func anAddressThatNobodyDialsRests() {
        let one = AskingBench { $0.requestsAtOnce = 1 }
        one.servers(8)
        one.bench.wait(one.limits.delay)
        for count in 0..<one.limits.refusals {
            #expect(one.asked.count == count + 1)
            one.answer(.response(.refused, index: 0, .unused), on: one.asked[count])
            one.bench.wait(.milliseconds(1))
        }
        #expect(one.asked.count == one.limits.refusals)
        one.bench.wait(one.limits.refusalTime)
        #expect(one.asked.count == one.limits.refusals + 1)
    }

    @Test func whoDialsALaterAddressHasRefusedTheOthers() {
        let one = AskingBench([mine, other]) { $0.requestsAtOnce = 1 }
        one.servers(1)
        one.bench.wait(one.limits.delay)
        #expect(one.request(on: one.asked[0]).addresses == [mine, other])
        one.miss(one.asked[0], index: 1)
        #expect(one.client.trials.map(\.count) == [0, 1])
    }

    @Test func peersOfOurOwnNetworkAreNotAsked() {
        let one = AskingBench()
        let near = one.connect(1, from: "/ip4/192.168.1.9/tcp/4001", inbound: false)
        let twin = one.connect(2, from: "/ip4/198.51.100.1/tcp/5001", inbound: false)
        let mute = one.connect(3, from: "/ip4/21.1.0.1/tcp/4001", inbound: false)
        one.identify(1, on: near)
        one.identify(2, on: twin)
        one.identify(3, on: mute, speaks: [Ping.protocolID])
        one.bench.wait(.seconds(10))
        #expect(one.asked.isEmpty)
    }

    @Test func oneOfManyConnectionsIsFound() {
        let one = AskingBench()
        for number in 0..<AutoNATClient.connections * 2 {
            let link = one.connect(UInt8(100 + number % 100), from: "/ip4/21.1.0.\(number % 200 + 1)/tcp/4001", inbound: false)
            if number == 5 { one.identify(UInt8(100 + number), on: link) }
        }
        // Each look begins at another one, so it finds the server sooner or later.
        for _ in 0..<40 where one.asked.isEmpty {
            one.identify(105, on: 1012)
            one.bench.wait(.seconds(2))
        }
        #expect(one.asked.count == 1)
    }

    // MARK: Addresses

    @Test func onlyWhatMayBeReachedFromOutsideIsAskedAbout() {
        let one = AskingBench(["/ip4/127.0.0.1/tcp/1", "/ip4/192.168.1.2/tcp/1", "/ip6/fe80::1/tcp/1", mine])
        #expect(one.client.trials.map { $0.address.description } == [mine])
        let announced = AskingBench([mine], announce: ["/dns4/relay.example/tcp/443/wss"])
        #expect(announced.client.trials.map { $0.address.description } == ["/dns4/relay.example/tcp/443/wss"])
        let many = AskingBench((1...60).map { "/ip4/198.51.100.1/tcp/\($0)" })
        #expect(many.client.trials.count == many.limits.addresses)
        many.servers(1)
        many.bench.wait(many.limits.delay)
        #expect(many.request(on: many.asked[0]).addresses.count == many.limits.addressesPerRequest)
    }

    @Test func aMappedAddressIsAdvertisedWhenOthersReachIt() {
        let mapped = "/ip4/198.51.100.7/tcp/40001"
        let one = AskingBench(["/ip4/192.168.1.2/tcp/4001"])
        let until = one.bench.now + .seconds(7200)
        one.bench.node.context.addresses.replace(
            .mapped, by: [OwnAddress(address(mapped), .mapped(until: until))], in: one.bench.node.context)
        one.servers(3)
        one.bench.wait(one.limits.delay)
        #expect(one.bench.node.advertisedAddresses == [address("/ip4/192.168.1.2/tcp/4001")])
        #expect(one.state(of: mapped)?.reason == .mapped)
        for stream in one.asked { one.reach(stream, to: "/ip4/192.168.1.2/tcp/4001") }
        #expect(one.bench.node.advertisedAddresses.contains(address(mapped)) && one.state(of: mapped)?.isAdvertised == true)
    }

    /// Whoever names an address falsely may have servers, too, and reach the node where it is.
    @Test func anAddressThatOthersNamedNeedsThreeNetworks() {
        let seen = "/ip4/198.51.100.9/tcp/4001"
        let one = AskingBench(["/ip4/192.168.1.2/tcp/4001"])
        one.bench.node.context.addresses.replace(.observed, by: [OwnAddress(address(seen), .observed(by: 1))], in: one.bench.node.context)
        for number in 1...5 {
            let link = one.connect(UInt8(number), from: "/ip4/21.1.0.\(number)/tcp/4001", to: "/ip4/192.168.1.2/tcp/50000", inbound: false)
            one.identify(UInt8(number), on: link)
        }
        func answer() {
            for _ in 0..<1000 {
                one.bench.wait(.seconds(5))
                for stream in one.waiting { one.reach(stream, to: "/ip4/192.168.1.2/tcp/4001") }
            }
        }
        answer()
        #expect(one.asked.count > 3 && one.verdict(on: seen) == .unknown && one.client.trials[0].count == 1)
        for number: UInt8 in 11...12 {
            let link = one.connect(number, from: "/ip4/\(number).1.0.1/tcp/4001", to: "/ip4/192.168.1.2/tcp/50000", inbound: false)
            one.identify(number, on: link)
        }
        answer()
        #expect(one.verdict(on: seen) == .reachable)
    }

    // MARK: Version 1

    @Test func version1IsForServersThatHaveNoOther() {
        let one = AskingBench()
        one.servers(3, speaks: [AutoNATv1Message.protocolID], seen: "/ip4/198.51.100.1/tcp/50000")
        one.bench.wait(one.limits.delay)
        #expect(one.asked.isEmpty && one.askedVersion1.count == 3)
        var inbox = MessageInbox()
        inbox.add(one.bench.sent(on: one.askedVersion1[0]))
        guard let request = inbox.next(limit: 4096) else { return #expect(Bool(false), "no request") }
        #expect(AutoNATv1Message(request) == .dial(peer: peer(100).bytes, [address(mine).bytes]))
        // Its word is not enough: a connection has to come.
        one.answer(AutoNATv1Message.response(.ok, address: address(mine).bytes), on: one.askedVersion1[0])
        #expect(one.client.trials[0].count == 0)
        one.connect(200, from: "/ip4/192.0.2.77/tcp/1")
        #expect(one.client.trials[0].margin == 1)
        // It reached another address than it was asked for.
        one.answer(AutoNATv1Message.response(.ok, address: address(other).bytes), on: one.askedVersion1[1])
        #expect(one.client.trials[0].margin == 1 && one.bench.wasReset(one.askedVersion1[1]))
        one.answer(AutoNATv1Message.response(.dialError, address: nil), on: one.askedVersion1[2])
        #expect(one.client.trials[0].margin == 0 && one.client.requests.isEmpty)
    }

    @Test func version1IsNotAskedAboutAddressesThatItDoesNotSee() {
        let one = AskingBench()
        one.servers(3, speaks: [AutoNATv1Message.protocolID])
        one.bench.wait(.seconds(10))
        #expect(one.askedVersion1.isEmpty)
        // One about which nobody can be asked does not keep others waiting.
        let two = AskingBench([mine, "/ip4/198.51.100.2/tcp/4001"])
        two.servers(3, speaks: [AutoNATv1Message.protocolID], seen: "/ip4/198.51.100.2/tcp/50000")
        two.bench.wait(.seconds(10))
        #expect(two.askedVersion1.count == 3 && two.client.trials.map(\.running) == [0, 3])
    }
}
