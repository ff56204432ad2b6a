import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayWebRTC
import Testing

@testable import CausewaySimulation

extension DirectPair {
    fileprivate func strangers(_ count: Int) throws -> [Stranger] {
        let remote = SimulatedAddress(ip: listener.host.addresses[0], port: Self.port)
        return try (0..<count).map { try Stranger($0, at: listener.addresses[0], remote, in: simulation) }
    }

    fileprivate var port: SimulatedDatagramPort? { ports(of: listener).first }
}

/// From so many places that each alone is harmless.
@Test func aFloodOfStrangersFillsNothing() throws {
    let pair = try DirectPair(seed: 51)
    try pair.connect()
    let strangers = try pair.strangers(400)
    for stranger in strangers { stranger.send(20, over: .seconds(4)) }
    let stream = try pair.dialler.open("/echo/1", to: pair.listener, .send(2 << 20))
    let port = try #require(pair.port)
    let (demultiplexer, newcomers) = (DemultiplexerLimits(), NewcomerLimits())
    var most = port.counts
    for _ in 0..<80 {
        pair.simulation.run(for: .milliseconds(50))
        let counts = port.counts
        #expect(counts.strangers <= demultiplexer.strangers && counts.newcomers <= counts.strangers, pair.comment)
        #expect(counts.endpoints <= counts.associations * demultiplexer.endpointsPerAssociation, pair.comment)
        #expect(counts.places <= 2 * newcomers.places, pair.comment)
        if counts.strangers > most.strangers { most = counts }
    }
    // They came to the bound, and whoever was connected was served meanwhile.
    #expect(most.strangers == demultiplexer.strangers, "\(most); \(pair.simulation)")
    try pair.simulation.run(until: "the stream is done", timeout: .seconds(10)) { stream.isOver }
    #expect(stream.error == nil && stream.matchesPattern && stream.receivedCount == 2 << 20, pair.comment)
    // Nobody gets more out of it than three times what he has put in; a forged sender's victim neither.
    for stranger in strangers { #expect(stranger.received <= 3 * stranger.sent, pair.comment) }

    // Their time runs out, and nothing is left of them.
    pair.simulation.run(for: newcomers.setUpTime)
    pair.simulation.run(for: .seconds(1))
    #expect(port.counts.associations == 1 && port.counts.newcomers == 0 && port.counts.strangers == 0, "\(port.counts); \(pair.simulation)")
    #expect(port.counts.endpoints == 1 && pair.listener.shell?.links.count == 1, "\(port.counts); \(pair.simulation)")
    #expect(pair.isConnected, pair.comment)
}

/// A few places that send a lot have their own share only: others get in.
@Test(arguments: seeds(3)) func aFloodFromAFewPlacesKeepsNobodyOut(seed: UInt64) throws {
    let pair = try DirectPair(seed: seed)
    let strangers = try pair.strangers(6)
    for stranger in strangers { stranger.send(1000, over: .seconds(5)) }
    pair.simulation.run(for: .seconds(3))
    let start = pair.simulation.now
    try pair.connect()
    #expect((pair.simulation.now - start).milliseconds < 500, "\((pair.simulation.now - start).milliseconds) ms; \(pair.simulation)")
    try pair.echo(100_000, from: pair.dialler, to: pair.listener)
    let counts = try #require(pair.port?.counts)
    #expect(counts.strangers <= 6 * DemultiplexerLimits().strangersPerPlace, "\(counts); \(pair.simulation)")
}

/// Whoever asks hears under which address the listener sees it.
@Test func aListenerAnswersSTUN() throws {
    let pair = try DirectPair(seed: 52)
    let router = pair.simulation.addRouter(
        "router", ip: [198, 51, 100, 200], nat: NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent))
    let host = pair.simulation.addHost("asker", ip: [192, 168, 1, 2], behind: router)
    let asker = try Asker(host)
    let server = try #require(Endpoint(ip: pair.listener.host.addresses[0], port: DirectPair.port))
    asker.ask(server, now: pair.simulation.now)
    pair.simulation.run(for: .seconds(1))
    guard case .mapped(let endpoint)? = asker.client?.outcome else {
        Issue.record("\(String(describing: asker.client?.outcome)); \(pair.simulation)")
        return
    }
    #expect(endpoint.ip == router.address, pair.comment)
}

private final class Asker: SimulatedDatagramOwner {
    private(set) var client: STUNClient?
    private let socket: SimulatedDatagramSocket

    init(_ host: SimulatedHost) throws {
        socket = try host.bind()
        socket.owner = self
    }

    func ask(_ server: Endpoint, now: Instant) {
        client = STUNClient(server, TransactionID(high: 1, low: 2), now: now)
        let question = [UInt8](unsafeUninitializedCapacity: STUNLimits.messageSize) { buffer, count in
            count = client?.poll(into: UnsafeMutableRawBufferPointer(buffer), now: now) ?? 0
        }
        try? socket.send(question, to: server.simulatedAddress)
    }

    func received(_ bytes: UnsafeMutableRawBufferPointer, from remote: SimulatedAddress, on socket: SimulatedDatagramSocket) {
        guard let message = try? STUNMessage(UnsafeRawBufferPointer(bytes)) else { return }
        _ = client?.receive(message, from: remote.endpoint)
    }
}
