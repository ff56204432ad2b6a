import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("Data channels") struct DataChannelTests {
    private let client: DataChannelEnd
    private let server: DataChannelEnd
    private let now = Instant(nanoseconds: 1_000_000_000)

    init() {
        client = DataChannelEnd(.client, seed: 1)
        server = DataChannelEnd(.server, seed: 2)
        client.channels.association.connect(at: now)
        server.channels.association.connect(at: now)
        exchange()
    }

    private func exchange(after time: Interval = .milliseconds(0)) {
        for end in [client, server] where time.nanoseconds > 0 { end.channels.association.advance(to: now + time) }
        DataChannelEnd.exchange(client, server, at: now + time)
    }

    /// RFC 8832, section 6: data may follow OPEN at once.
    @Test func aChannelOpensWithItsFirstMessage() throws {
        let id = try client.channels.open(label: Array("chat".utf8))
        try client.send(Array("hello".utf8), isText: true, on: id)
        exchange()
        #expect(id == StreamID(0) && server.log == ["opened 0 chat"])
        #expect(server.messages == [.init(channel: 0, isText: true, bytes: Array("hello".utf8))])
        try server.send([1, 2], on: id)
        try server.send([], on: id)
        try server.send([], isText: true, on: id)
        exchange()
        #expect(client.messages.map(\.bytes) == [[1, 2], [], []] && client.messages.map(\.isText) == [false, false, true])
    }

    @Test func clientsUseEvenNumbersAndServersOddOnes() throws {
        #expect(try (0..<3).map { _ in try client.channels.open().raw } == [0, 2, 4])
        #expect(try (0..<3).map { _ in try server.channels.open().raw } == [1, 3, 5])
        exchange()
        #expect(client.log == ["opened 1 ", "opened 3 ", "opened 5 "])
        #expect(client.channels.count == 6 && server.channels.count == 6)
    }

    /// Both directions end, and only then the number is free.
    @Test func aChannelCloses() throws {
        let id = try client.channels.open()
        try client.send([1], on: id)
        client.channels.close(id)
        #expect(throws: DataChannelError.channelClosing) { try client.send([2], on: id) }
        exchange()
        exchange(after: .milliseconds(300))
        #expect(server.log == ["opened 0 ", "closing 0", "closed 0"] && server.messages.count == 1)
        #expect(client.log == ["closed 0"])
        #expect(client.channels.count == 0 && server.channels.count == 0)
        #expect(client.channels.association.streams.isEmpty && server.channels.association.streams.isEmpty)
    }

    /// Short streams are libp2p's way: thousands of channels, numbers used again.
    @Test func numbersAreUsedAgain() throws {
        var limits = DataChannelLimits()
        limits.channels = 4
        let client = DataChannelEnd(.client, seed: 1, limits: limits)
        client.channels.association.connect(at: now)
        let server = DataChannelEnd(.server, seed: 2)
        DataChannelEnd.exchange(client, server, at: now)
        client.channels.association.outboundStreams = 100
        var time = now
        var used: Set<UInt16> = []
        for round in 0..<400 {
            let id = try client.channels.open()
            used.insert(id.raw)
            try client.send([UInt8(truncatingIfNeeded: round)], on: id)
            client.channels.close(id)
            guard round % 4 == 3 else { continue }
            DataChannelEnd.exchange(client, server, at: time)
            time = time + .milliseconds(250)
            for end in [client, server] { end.channels.association.advance(to: time) }
            DataChannelEnd.exchange(client, server, at: time)
        }
        #expect(server.messages.count == 400 && client.channels.count == 0 && server.channels.count == 0)
        #expect(used == Set(stride(from: 0, to: 100, by: 2)))
    }

    /// A remote that has not heard of the end would take the new channel for the old one.
    @Test func aNumberIsNotUsedBeforeBothSidesHaveClosed() throws {
        let id = try client.channels.open()
        exchange()
        client.channels.close(id)
        #expect(try client.channels.open() == StreamID(2))
        client.channels.association.outboundStreams = 4
        #expect(throws: DataChannelError.tooManyChannels) { try client.channels.open() }
        exchange()
        exchange(after: .milliseconds(300))
        #expect(try client.channels.open() == StreamID(0))
    }

    @Test func negotiatedChannelsNeedNoMessage() throws {
        try client.channels.add(negotiated: StreamID(0))
        try server.channels.add(negotiated: StreamID(0))
        #expect(throws: DataChannelError.channelInUse) { try client.channels.add(negotiated: StreamID(0)) }
        try server.send([7], on: StreamID(0))
        exchange()
        #expect(client.messages == [.init(channel: 0, isText: false, bytes: [7])])
        #expect(try client.channels.open() == StreamID(2))
    }

    /// Messages go in order until the remote knows that they need not.
    @Test func anUnorderedChannelBeginsInOrder() throws {
        let id = try client.channels.open(isOrdered: false)
        try client.send([1], on: id)
        #expect(client.channels.association.streams[0]?.messages[1].isOrdered == true)
        exchange()
        exchange(after: .milliseconds(300))
        #expect(server.log == ["opened 0  unordered"])
        try client.send([2], on: id)
        #expect(client.channels.association.streams[0]?.messages[0].isOrdered == false)
        exchange()
        #expect(server.messages.map(\.bytes) == [[1], [2]])
    }

    @Test func limits() throws {
        for _ in 0..<DataChannelLimits().channels { _ = try client.channels.open() }
        #expect(throws: DataChannelError.tooManyChannels) { try client.channels.open() }
        #expect(throws: DataChannelError.nameTooLong) { try server.channels.open(label: [UInt8](repeating: 65, count: 1020)) }
        #expect(throws: DataChannelError.unknownChannel) { try server.send([1], on: StreamID(1)) }
        let lonely = DataChannelEnd(.client, seed: 3)
        #expect(throws: DataChannelError.send(.notOpen)) { try lonely.channels.open() }
    }

    @Test func theEndIsReported() {
        client.channels.association.abort()
        exchange()
        #expect(client.log == ["over"] && server.log == ["over"])
    }
}
