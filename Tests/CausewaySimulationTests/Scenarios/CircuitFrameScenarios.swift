import CausewayConnection
import CausewayNode
import Testing

@testable import CausewaySimulation

/// 30 bytes of headers lie around a frame inside a circuit: 12 of Yamux, 16 of the tag, 2 of Noise's length.
@Test func aFrameInsideACircuitFillsOneFrameOutside() throws {
    let world = try World(peers: 2) { $0.circuit = .unlimited }
    let (one, two) = (world.peers[0], world.peers[1])
    try world.connectThroughRelay(one, to: two)
    for node in [one, two] {
        let links: [Link] = try #require(node.shell).links.links
        let inner = try #require(links.first { $0.carrier != nil }).multiplexer.limits.framePayload
        let outer = try #require(links.first { $0.carrier == nil }).multiplexer.limits.framePayload
        #expect(inner + 30 == outer, world.comment)
    }
}
