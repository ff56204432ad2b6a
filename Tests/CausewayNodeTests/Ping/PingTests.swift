import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Test func echoesWholePayloads() {
    let bench = NodeBench()
    let link = bench.inbound(7)
    let stream = StreamKey(link: link, stream: 1)
    bench.feed(.streamOpened(stream: 1, protocolID: Ping.protocolID), link)
    let bytes = [UInt8](0..<80)
    bench.feed(.data(stream: 1, [UInt8](bytes[0..<20])), link)
    #expect(bench.sent(on: stream).isEmpty)
    bench.feed(.data(stream: 1, [UInt8](bytes[20..<80])), link)
    #expect(bench.sent(on: stream) == [UInt8](bytes[0..<64]))
    bench.feed(.finished(stream: 1), link)
    #expect(bench.wasFinished(stream))
}

@Test func onePeerGetsTwoPingStreams() {
    #expect(Ping.streamsPerPeer == 2)
    let bench = NodeBench()
    let links = [bench.inbound(7), bench.inbound(7)]
    for stream: UInt32 in [1, 3] { for link in links { bench.feed(.streamOpened(stream: stream, protocolID: Ping.protocolID), link) } }
    let reset = links.flatMap { link in [UInt32(1), 3].map { bench.wasReset(StreamKey(link: link, stream: $0)) } }
    #expect(reset == [false, true, false, true])
    bench.feed(.streamClosed(stream: 1, nil), links[0])
    bench.feed(.streamOpened(stream: 5, protocolID: Ping.protocolID), links[0])
    #expect(!bench.wasReset(StreamKey(link: links[0], stream: 5)))
}

@Test func measuresTheWayThereAndBack() {
    let bench = NodeBench()
    let link = bench.inbound(7)
    bench.node.ping(request: 1, peer: peer(7), now: bench.now)
    bench.drain()
    let stream = bench.opened(Ping.protocolID)[0]
    bench.feed(.streamReady(stream: stream.stream, protocolID: Ping.protocolID), link)
    let payload = bench.sent(on: stream)
    #expect(payload.count == 32)
    bench.wait(.milliseconds(25))
    bench.feed(.data(stream: stream.stream, payload), link)
    #expect(bench.answers(to: 1) == [.pong(.milliseconds(25))])
    bench.wait(.seconds(20))
    #expect(bench.answers(to: 1).count == 1)
}

@Test func pingFailsForItsReason() {
    let bench = NodeBench()
    bench.node.ping(request: 1, peer: peer(7), now: bench.now)
    bench.drain()
    #expect(bench.answers(to: 1) == [.noPong(.notConnected)])
    let link = bench.inbound(7)
    for request: UInt32 in 2...5 { bench.node.ping(request: request, peer: peer(7), now: bench.now) }
    bench.drain()
    let streams = bench.opened(Ping.protocolID)
    bench.feed(.streamFailed(stream: streams[0].stream, .unsupportedProtocol), link)
    #expect(bench.answers(to: 2) == [.noPong(.unsupportedProtocol)])
    bench.feed(.streamReady(stream: streams[1].stream, protocolID: Ping.protocolID), link)
    bench.feed(.data(stream: streams[1].stream, [UInt8](repeating: 0, count: 100_000)), link)
    #expect(bench.answers(to: 3) == [.noPong(.peerFault(.ping, code: PingFault.wrongBytes.rawValue))])
    bench.node.cancel(request: 4, now: bench.now)
    bench.drain()
    #expect(bench.answers(to: 4) == [.cancelled])
    bench.wait(.seconds(10))
    #expect(bench.answers(to: 5) == [.noPong(.timedOut)])
    #expect(bench.wasReset(streams[3]))
}
