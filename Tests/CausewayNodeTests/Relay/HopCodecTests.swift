import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private func body(_ framed: [UInt8]) -> [UInt8] {
    var inbox = MessageInbox()
    inbox.add(framed)
    guard inbox.next(limit: HopCodec.messageSize) != nil, inbox.count == 0 else { return [] }
    return [UInt8](framed.dropFirst(framed[0] < 0x80 ? 1 : 2))
}

@Test func hopMessagesSurviveTheWire() throws {
    let reservation = ReservationAnswer(
        expire: 1_800_003_600, lasts: 3600, addresses: [[4, 1, 2, 3, 4], [6, 0, 80]], voucher: [1, 2, 3])
    let messages: [HopMessage] = [
        .reserve, .connect(peer: peer(1).bytes), .status(204, reservation: nil, limit: nil),
        .status(100, reservation: reservation, limit: CircuitLimit(bytes: 131_072, seconds: 120)),
        .status(100, reservation: nil, limit: CircuitLimit(bytes: nil, seconds: 60)),
    ]
    for message in messages { #expect(try HopCodec.decodeHop(body(HopCodec.encode(message))) == message) }
}

@Test func stopMessagesSurviveTheWire() throws {
    let messages: [StopMessage] = [
        .connect(peer: peer(2).bytes, limit: nil), .connect(peer: peer(2).bytes, limit: CircuitLimit(bytes: 1, seconds: 2)), .status(100),
        .status(401),
    ]
    for message in messages { #expect(try HopCodec.decodeStop(body(HopCodec.encode(message))) == message) }
}

@Test func reserveIsWrittenWithItsTypeAlthoughItIsZero() {
    #expect(HopCodec.encode(HopMessage.reserve) == [2, 0x08, 0])
    #expect(HopCodec.encode(StopMessage.status(100)) == [4, 0x08, 1, 0x20, 100])
}

@Test func anUnlimitedCircuitIsWrittenWithoutALimit() {
    let unlimited = HopCodec.encode(.status(100, reservation: nil, limit: .unlimited))
    #expect(unlimited == HopCodec.encode(.status(100, reservation: nil, limit: nil)))
}

@Test func messagesWithoutWhatMakesThemAreRefused() {
    // No type; STATUS without a status; an unknown type; a field with the wrong wire type; cut short.
    #expect(throws: RelayFault.malformed) { try HopCodec.decodeHop([]) }
    #expect(throws: RelayFault.malformed) { try HopCodec.decodeHop([0x28, 100]) }
    #expect(throws: RelayFault.missingStatus) { try HopCodec.decodeHop([0x08, 2]) }
    #expect(throws: RelayFault.missingStatus) { try HopCodec.decodeStop([0x08, 1]) }
    #expect(throws: RelayFault.unexpectedType) { try HopCodec.decodeHop([0x08, 3]) }
    #expect(throws: RelayFault.unexpectedType) { try HopCodec.decodeStop([0x08, 2]) }
    #expect(throws: RelayFault.malformed) { try HopCodec.decodeHop([0x08, 1, 0x10, 5]) }
    #expect(throws: RelayFault.malformed) { try HopCodec.decodeHop([0x08, 1, 0x12, 200, 1]) }
}

@Test func unknownFieldsAreSkipped() throws {
    #expect(try HopCodec.decodeHop([0x08, 0, 0x7a, 2, 9, 9, 0x50, 7]) == .reserve)
}

@Test func aDurationInMillisecondsIsReadAsWhatItMeans() throws {
    func seconds(_ duration: UInt64, inSeconds: Bool = false) throws -> UInt32? {
        var limit = ProtobufWriter()
        limit.varint(1, duration)
        var message = ProtobufWriter()
        message.varint(1, 2)
        message.content(4, limit.bytes)
        message.varint(5, 100)
        guard case .status(_, _, let read) = try HopCodec.decodeHop(ProtobufReader(message.bytes), inSeconds: inSeconds) else { return nil }
        return read?.seconds
    }
    #expect(try seconds(120) == 120)
    #expect(try seconds(120_000) == 120)
    #expect(try seconds(3_600) == 3_600)
    #expect(try seconds(604_800) == 604_800)
    #expect(try seconds(0) == nil)
    #expect(try seconds(.max) == .max)
    #expect(try seconds(36_000, inSeconds: true) == 36_000)
}

@Test func theInboxTakesChunksOfAnySizeAndKeepsTheRest() throws {
    let framed = HopCodec.encode(.connect(peer: peer(3).bytes)) + [7, 8, 9]
    for size in 1...framed.count {
        var inbox = MessageInbox()
        var position = 0
        var found: HopMessage?
        while position < framed.count, found == nil {
            let end = min(position + size, framed.count)
            inbox.add([UInt8](framed[position..<end]))
            if let message = inbox.next(limit: HopCodec.messageSize) {
                found = try HopCodec.decodeHop(message)
                #expect(inbox.count + framed.count - end == 3)
            }
            position = end
        }
        #expect(found == .connect(peer: peer(3).bytes))
    }
}

/// As many addresses as a message has room for: so many are read as may be kept.
@Test func addressesWithoutEndAreNotKept() throws {
    let answer = ReservationAnswer(expire: 1, addresses: [[UInt8]](repeating: [4, 1, 2, 3, 4], count: 500), voucher: [1])
    let message = body(HopCodec.encode(.status(100, reservation: answer, limit: nil)))
    #expect(message.count > 3000 && message.count <= HopCodec.messageSize)
    guard case .status(100, let read?, _) = try HopCodec.decodeHop(message) else {
        Issue.record("it was not read")
        return
    }
    #expect(read.addresses.count == HopCodec.addressCount && read.voucher == [1])
}

@Test func theInboxRefusesMoreThanOneMessageMayHave() {
    func step(_ bytes: [UInt8]) -> RelayFault? {
        var inbox = MessageInbox()
        inbox.add(bytes)
        return inbox.next(limit: HopCodec.messageSize) == nil ? inbox.fault.map { RelayFault($0) } : nil
    }
    #expect(step([0x80, 0x20]) == nil)  // 4,096
    #expect(step([0x81, 0x20]) == .messageTooLarge)  // 4,097
    #expect(step([0xff, 0xff, 0xff]) == .messageTooLarge)
    #expect(step([0x80, 0x00]) == .malformed)
    // 4,096 bytes are allowed.
    var inbox = MessageInbox()
    inbox.add([0x80, 0x20] + [UInt8](repeating: 1, count: 4096))
    let isRead = inbox.next(limit: HopCodec.messageSize) != nil
    #expect(isRead && inbox.count == 0)
}

@Test func noBytesMakeTheCodecTrap() {
    var random = RandomSource(seed: 7)
    let seeds = [
        body(HopCodec.encode(.status(100, reservation: ReservationAnswer(expire: 1, addresses: [[4]], voucher: [1]), limit: nil))),
        body(HopCodec.encode(StopMessage.connect(peer: peer(1).bytes, limit: CircuitLimit(bytes: 1, seconds: 1)))),
    ]
    for round in 0..<4000 {
        var bytes = seeds[round % 2]
        for _ in 0..<(1 + random.below(4)) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
        bytes = [UInt8](bytes.prefix(random.below(bytes.count + 1)))
        _ = try? HopCodec.decodeHop(bytes)
        _ = try? HopCodec.decodeStop(bytes)
        _ = try? Voucher(payload: bytes)
        _ = try? Voucher.open(bytes, from: peer(1))
    }
}

@Test func vouchersAreOpenedOnlyFromTheRelayThatSignedThem() throws {
    let sealed = try #require(Voucher(relay: peer(1), peer: peer(2), expiration: 77).sealed(by: key(1)))
    #expect(try Voucher.open(sealed, from: peer(1)) == Voucher(relay: peer(1), peer: peer(2), expiration: 77))
    #expect(throws: RelayFault.badVoucher) { try Voucher.open(sealed, from: peer(3)) }
    for index in sealed.indices {
        var forged = sealed
        forged[index] ^= 1
        #expect(throws: RelayFault.badVoucher) { try Voucher.open(forged, from: peer(1)) }
    }
}
