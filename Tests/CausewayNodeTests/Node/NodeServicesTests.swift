import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// What several protocols got, in order.
private final class Journal { var lines: [String] = [] }

/// A protocol that writes down what it gets.
private final class Scribe: NodeProtocol {
    static let protocolID = [UInt8]("/scribe/1".utf8)
    let name: String
    let journal: Journal
    var nextDeadline = Instant.distantFuture
    /// What it asks of others when a connection is opened.
    var asks: (NodeContext) -> Void = { _ in }
    var requests: [UInt32] = []

    init(_ name: String, _ journal: Journal) {
        self.name = name
        self.journal = journal
    }

    var served: [ProtocolTable.Entry] {
        [ProtocolTable.Entry(name: Self.protocolID + [UInt8](name.utf8), owner: .node, allowsLimited: true)]
    }

    private func note(_ what: String) { journal.lines.append("\(name) \(what)") }

    func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) { note("stream \(stream.stream)") }
    func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) { note("bytes \(bytes)") }
    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) { note("stream closed") }
    func linkOpened(_ link: ConnectedLink, in node: NodeContext) {
        note("opened")
        asks(node)
    }
    func linkClosed(_ link: ConnectedLink, in node: NodeContext) { note("closed") }
    func linkFailed(_ link: UInt32, _ result: DialOutcome.Result, in node: NodeContext) { note("failed") }
    func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeContext) { note("identified") }
    func addressesChanged(in node: NodeContext) { note("addresses") }
    func protocolsChanged(in node: NodeContext) { note("protocols") }
    func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeContext) {
        note("answer \(request) \(link == nil ? "none" : "link")")
    }
    func cancel(request: UInt32, in node: NodeContext) -> Bool {
        note("cancel")
        return requests.contains(request)
    }
    func shutdown(in node: NodeContext) { note("shutdown") }
    func advance(in node: NodeContext) {
        note("advance")
        nextDeadline = .distantFuture
    }
}

@Suite struct NodeServicesTests {
    private let journal = Journal()

    private func scribes() -> (NodeBench, Scribe, Scribe) {
        let (one, two) = (Scribe("one", journal), Scribe("two", journal))
        let bench = NodeBench(adding: {
            $0.add(one)
            $0.add(two)
        })
        return (bench, one, two)
    }

    @Test func protocolsGetWhatConcernsAllInTheOrderOfAdding() {
        let (bench, _, _) = scribes()
        let link = bench.inbound(7)
        bench.feed(.closed(.link(errno: 104)), link)
        bench.feed(.closed(.link(errno: 104)), bench.accept())
        bench.node.listening([address("/ip4/198.51.100.1/tcp/1")], now: bench.now)
        bench.node.setApplicationProtocols([ProtocolTable.Entry(name: [1], owner: .application, allowsLimited: false)], now: bench.now)
        bench.node.shutdown(now: bench.now)
        let expected = ["opened", "closed", "failed", "addresses", "protocols", "shutdown"].flatMap { ["one \($0)", "two \($0)"] }
        #expect(journal.lines == expected)
    }

    @Test func aStreamBelongsToTheProtocolThatServesItsName() {
        let (bench, _, two) = scribes()
        let link = bench.inbound(7)
        journal.lines = []
        bench.feed(.streamOpened(stream: 9, protocolID: two.served[0].name), link)
        bench.feed(.data(stream: 9, [1]), link)
        bench.feed(.closed(.link(errno: 104)), link)
        #expect(journal.lines == ["two stream 9", "two bytes [1]", "two stream closed", "one closed", "two closed"])
    }

    @Test func timePassesForThoseWhoseDeadlineHasCome() {
        let (bench, one, two) = scribes()
        two.nextDeadline = bench.now + .seconds(1)
        one.nextDeadline = bench.now + .seconds(2)
        #expect(bench.node.nextDeadline == two.nextDeadline)
        bench.wait(.seconds(1))
        #expect(journal.lines == ["two advance"])
        two.nextDeadline = one.nextDeadline
        bench.wait(.seconds(1))
        #expect(journal.lines == ["two advance", "one advance", "two advance"])
    }

    @Test func wishesAreCarriedOutInTheOrderOfAsking() {
        let (bench, one, two) = scribes()
        let policy = DialPolicy([], origin: .named, path: .direct)
        one.asks = { [unowned one] node in
            node.wishes.append(.addressesChanged)
            _ = node.requestConnection(to: peer(7), policy, for: one)
        }
        two.asks = { [unowned two] node in _ = node.requestConnection(to: peer(8), policy, for: two) }
        bench.inbound(7)
        #expect(
            journal.lines == ["one opened", "two opened", "one addresses", "two addresses", "one answer 1 link", "two answer 2 none"])
    }

    /// A protocol that asks without end keeps the node busy for one input at a time only.
    @Test func aCircleOfWishesLetsOtherInputsPass() {
        final class Restless: NodeProtocol {
            var count = 0
            func addressesChanged(in node: NodeContext) {
                count += 1
                node.wishes.append(.addressesChanged)
            }
        }
        let restless = Restless()
        let bench = NodeBench(adding: { $0.add(restless) })
        bench.node.context.wishes.append(.addressesChanged)
        bench.node.advance(to: bench.now)
        #expect(restless.count == WishQueue.carriedOutAtOnce)
        #expect(bench.node.nextDeadline <= bench.now, "the rest is due at once")
        bench.node.advance(to: bench.now)
        #expect(restless.count == 2 * WishQueue.carriedOutAtOnce)
    }

    @Test func aRequestIsCancelledWhereItWaits() {
        let (bench, one, _) = scribes()
        one.requests = [5]
        bench.node.cancel(request: 5, now: bench.now)
        #expect(journal.lines == ["one cancel"])
        bench.node.cancel(request: 6, now: bench.now)
        #expect(journal.lines == ["one cancel", "one cancel", "two cancel"])
    }

    @Test func aLinkThatNobodyExpectsIsIgnored() {
        let (bench, _, _) = scribes()
        bench.establish(77, 7)
        #expect(!bench.node.isConnected(peer(7)) && journal.lines.isEmpty)
    }
}
