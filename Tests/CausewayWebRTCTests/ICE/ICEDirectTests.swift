import CausewayIdentity
import Testing

@testable import CausewayWebRTC

private let listener = Endpoint(ip: [192, 0, 2, 80], port: 9090)!

/// A listener of webrtc-direct in a test network: one association for each fragment.
private final class Listener {
    private(set) var agents: [ICELiteAgent] = []
    private(set) var refusals: [DirectRequestError] = []
    private(set) var events: [ICEOutput] = []
    private unowned let network: ICETestNetwork

    init(in network: ICETestNetwork) {
        self.network = network
        network.bind(listener, behind: nil) { bytes, source in self.arrived(bytes, from: source) }
        network.add(deadline: { self.agents.map(\.nextDeadline).min() ?? .distantFuture }, turn: { self.turn() })
    }

    private func arrived(_ bytes: [UInt8], from source: Endpoint) {
        let path = ICEPath(socket: 1, remote: source)
        bytes.withUnsafeBytes { datagram in
            guard let request = BindingRequest(datagram) else { return }
            if let known = agents.firstIndex(where: { $0.local.fragment == request.localFragment }) {
                return agents[known].receive(datagram, over: path, now: network.now)
            }
            do {
                agents.append(try ICELiteAgent(accepting: datagram, over: path, now: network.now))
            } catch { if let error = error as? DirectRequestError { refusals.append(error) } }
        }
    }

    private func turn() {
        for index in agents.indices {
            let outputs = drain { agents[index].pollOutput(into: $0, now: network.now) }
            for (bytes, path) in outputs.sent { network.send(bytes, from: listener, behind: nil, to: path.remote) }
            events += outputs.events
        }
    }
}

private func dial(
    _ version: DirectVersion, _ connection: ICETestLine, seed: UInt64
) -> (ICETestNetwork, ICETestPeer, Listener, ICETestNAT?) {
    let network = ICETestNetwork(seed: seed)
    let server = Listener(in: network)
    let (own, theirs) = version.credentials(secret: network.dice.bytes(32))
    let interface = connection.interface(1, in: network)
    let peer = ICETestPeer(.controlling, [interface], in: network, credentials: own, servers: [])
    peer.agent.setRemote(theirs, isLite: true, now: network.now)
    peer.agent.add(ICECandidate(foundation: [UInt8](utf8: "1"), priority: 1, address: .endpoint(listener), kind: .host))
    return (network, peer, server, interface.nat)
}

@Suite("Dialling a lite listener") struct ICEDirectTests {
    @Test(arguments: [DirectVersion.one, .two]) func connectsBehindAnything(_ version: DirectVersion) {
        for connection in ICETestLine.all {
            for seed in 1...10 as ClosedRange<UInt64> {
                let (network, peer, server, _) = dial(version, connection, seed: seed)
                network.loss = Int(seed)
                network.run(seconds: 20) { peer.isComplete }
                network.run(seconds: 1)
                #expect(peer.isComplete && server.agents.count == 1 && server.refusals.isEmpty, "\(connection), seed \(seed)")
                #expect(server.events.filter { $0 == .completed }.count == 1)
                #expect(peer.path?.remote == listener)
            }
        }
    }

    /// One round trip until packets may be sent.
    @Test func takesOneRoundTrip() {
        let (network, peer, _, _) = dial(.two, ICETestLine(maps: nil), seed: 1)
        network.latency = 50...50
        network.run(seconds: 1) { peer.isComplete }
        #expect(peer.agent.report.timeToPath == .milliseconds(100) && peer.agent.report.timeToCompletion == .milliseconds(200))
    }

    @Test func bothStayConnected() {
        let (network, peer, server, nat) = dial(.one, ICETestLine(maps: .independent), seed: 2)
        network.run(seconds: 300)
        #expect(!server.events.contains(.disconnected) && !peer.events.contains(.disconnected))
        nat?.forget()
        let paths = server.events.count
        network.run(seconds: 30)
        #expect(peer.hasFailed == nil && server.events.count > paths, "the listener follows the new port")
        network.isCut = true
        network.run(seconds: 31)
        #expect(server.events.suffix(2) == [.disconnected, .failed(.consentExpired)])
    }

    @Test func whoClaimsTheWrongRoleIsPutRight() {
        let network = ICETestNetwork(seed: 3)
        let server = Listener(in: network)
        let (own, theirs) = DirectVersion.two.credentials(secret: network.dice.bytes(32))
        let peer = ICETestPeer(.controlled, [ICETestLine(maps: nil).interface(1, in: network)], in: network, credentials: own, servers: [])
        // It is not told that the listener is lite, and learns its role by the error 487.
        peer.agent.setRemote(theirs, now: network.now)
        peer.agent.add(ICECandidate(foundation: [UInt8](utf8: "1"), priority: 1, address: .endpoint(listener), kind: .host))
        network.run(seconds: 5) { peer.isComplete }
        #expect(peer.isComplete && peer.agent.role == .controlling && server.agents.count == 1)
    }
}
