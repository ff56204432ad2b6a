import CausewayIdentity
import Testing

@testable import CausewayConnection

@Suite struct DataChannelFramingTests {
    struct Seen: Equatable {
        var flag: DataChannelFraming.Flag?
        var payload: [UInt8] = []
        var credit: UInt64?
    }

    static func decode(_ pieces: [[UInt8]]) throws(DataChannelFault) -> [Seen] {
        var decoder = DataChannelDecoder()
        var found: [Seen] = []
        for piece in pieces {
            var rest = piece[...]
            while !rest.isEmpty {
                let step = rest.withUnsafeBytes { bytes -> Result<(Int, Seen?), DataChannelFault> in
                    do throws(DataChannelFault) {
                        let step = try decoder.next(bytes)
                        let seen = step.message.map { Seen(flag: $0.flag, payload: [UInt8]($0.payload), credit: $0.credit) }
                        return .success((step.taken, seen))
                    } catch { return .failure(error) }
                }
                let (taken, message) = try step.get()
                rest = rest.dropFirst(taken)
                if let message { found.append(message) }
            }
        }
        return found
    }

    static func data(_ payload: [UInt8]) -> [UInt8] { payload.withUnsafeBytes { DataChannelFraming.data($0) } }

    @Test func flagsAreWrittenOutWithTheZeroOfFIN() {
        #expect(DataChannelFraming.flag(.finish) == [2, 8, 0])
        #expect(DataChannelFraming.flag(.stopSending) == [2, 8, 1])
        #expect(DataChannelFraming.flag(.reset) == [2, 8, 2])
        #expect(DataChannelFraming.flag(.finishAcknowledged) == [2, 8, 3])
        #expect(Self.data([7, 8]) == [4, 0x12, 2, 7, 8])
    }

    @Test(arguments: [1, 127, 128, 1 << 40, .max] as [UInt64]) func credit(_ limit: UInt64) throws {
        #expect(try Self.decode([DataChannelFraming.credit(limit)]) == [Seen(credit: limit)])
    }

    @Test func theLargestMessageIs16KiBWithItsPrefix() throws {
        let payload = [UInt8](repeating: 5, count: DataChannelFraming.messageSize - DataChannelFraming.overhead)
        let message = payload.withUnsafeBytes { DataChannelFraming.data($0, heedsCredit: true) }
        #expect(message.count == DataChannelFraming.messageSize)
        #expect(try Self.decode([message]) == [Seen(payload: payload, credit: 0)])
    }

    @Test func messagesAreTheSameHoweverTheyAreCut() throws {
        let bytes =
            Self.data([UInt8](repeating: 1, count: 200)) + DataChannelFraming.flag(.finish) + [0] + Self.data([2])
            + DataChannelFraming.flag(.finishAcknowledged)
        let whole = try Self.decode([bytes])
        #expect(whole.count == 5)
        #expect(whole[1] == Seen(flag: .finish) && whole[2] == Seen())
        for cut in 0...bytes.count { #expect(try Self.decode([[UInt8](bytes[..<cut]), [UInt8](bytes[cut...])]) == whole) }
        #expect(try Self.decode(bytes.map { [$0] }) == whole)
    }

    @Test func unknownFieldsAndFlagsAreSkipped() throws {
        let body: [UInt8] = [0x18, 5, 0x22, 1, 9, 0x29, 1, 2, 3, 4, 5, 6, 7, 8, 0x35, 1, 2, 3, 4, 0x08, 77, 0x12, 1, 6]
        #expect(try Self.decode([[UInt8(body.count)] + body]) == [Seen(payload: [6])])
    }

    @Test(
        arguments: [
            ([0x81, 0x80, 0x01], DataChannelFault.messageTooLong), ([0xff, 0xff, 0xff, 0xff], .messageTooLong), ([0x80, 0x00], .malformed),
            ([2, 0x12, 9], .malformed), ([2, 0x0a, 0], .malformed), ([2, 0x10, 0], .malformed), ([1, 0x08], .malformed),
            ([2, 0x00, 0], .malformed),
            ([1, 0x0b], .malformed), ([2, 0x1d, 0], .malformed),
        ] as [([UInt8], DataChannelFault)])
    func badBytesAreAFault(_ bytes: [UInt8], _ fault: DataChannelFault) {
        #expect(throws: fault) { try Self.decode([bytes]) }
        #expect(throws: fault) { try Self.decode(bytes.map { [$0] }) }
    }
}
