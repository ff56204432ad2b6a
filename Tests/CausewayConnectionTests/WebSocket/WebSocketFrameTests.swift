import CausewayConnection
import Testing

/// What a decoder told, in order; neighbouring payload pieces joined.
private enum Told: Equatable {
    case payload([UInt8])
    case control(WebSocketOpcode, [UInt8])
    case fault(WebSocketFault)
}

/// Feeds `bytes` in pieces, keeping what was not consumed, as a connection does.
private func decode(_ bytes: [UInt8], isServer: Bool, piece: Int) -> [Told] {
    var decoder = WebSocketDecoder(isServer: isServer)
    var (told, pending, fed): ([Told], [UInt8], Int) = ([], [], 0)
    while fed < bytes.count {
        let next = min(fed + piece, bytes.count)
        pending += bytes[fed..<next]
        fed = next
        steps: while true {
            let step: WebSocketDecoder.Step
            do throws(WebSocketFault) {
                step = try decoder.next(in: &pending)
            } catch {
                return told + [.fault(error)]
            }
            switch step {
            case .needMore: break steps
            case .payload(let consumed, let range):
                if case .payload(let before) = told.last {
                    told[told.count - 1] = .payload(before + pending[range])
                } else if !range.isEmpty {
                    told.append(.payload(Array(pending[range])))
                }
                pending.removeFirst(consumed)
            case .control(let consumed, let opcode, let range):
                told.append(.control(opcode, Array(pending[range])))
                pending.removeFirst(consumed)
            }
        }
    }
    return told
}

extension WebSocketDecoder {
    fileprivate mutating func next(in bytes: inout [UInt8]) throws(WebSocketFault) -> Step {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        let step = try next(in: copy)
        bytes = Array(copy)
        return step
    }
}

private func frame(_ opcode: WebSocketOpcode, _ payload: [UInt8], mask: UInt32? = nil) -> [UInt8] {
    let header = WebSocketFraming.headerLength(payload: payload.count, masked: mask != nil)
    var out = [UInt8](repeating: 0, count: header) + payload
    out.withUnsafeMutableBytes { bytes in
        WebSocketFraming.writeHeader(into: bytes.baseAddress!, opcode: opcode, payload: payload.count, mask: mask)
        if let mask { WebSocketFraming.mask(UnsafeMutableRawBufferPointer(rebasing: bytes[header...]), key: mask, phase: 0) }
    }
    return out
}

private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) } }

@Suite struct WebSocketFrameTests {
    @Test func examplesOfTheSpecification() {
        let hello = Array("Hello".utf8)
        #expect(decode([0x81, 5] + hello, isServer: false, piece: 100) == [.payload(hello)])
        let masked: [UInt8] = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
        #expect(decode(masked, isServer: true, piece: 100) == [.payload(hello)])
        #expect(frame(.text, hello, mask: 0x3d21_fa37) == masked)
        #expect(decode([1, 3] + hello[0..<3] + [0x80, 2] + hello[3...], isServer: false, piece: 1) == [.payload(hello)])
        #expect(frame(.binary, pattern(256))[0..<4] == [0x82, 126, 1, 0])
        #expect(frame(.binary, pattern(65536))[0..<10] == [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0])
    }

    @Test(arguments: [0, 1, 2, 3, 4, 7, 8, 31, 33, 125, 126, 127, 1000, 65535, 65536, 70001])
    func everyLengthInEveryPiece(count: Int) {
        let bytes = pattern(count)
        let wire = frame(.binary, bytes, mask: 0x8765_4321) + frame(.ping, [9], mask: 0x0102_0304)
        let expected: [Told] = (count == 0 ? [] : [.payload(bytes)]) + [.control(.ping, [9])]
        for piece in count > 5000 ? [1021, 65536, 1 << 20] : [1, 2, 3, 5, 13, 4096] {
            #expect(decode(wire, isServer: true, piece: piece) == expected)
        }
    }

    @Test func maskingStartsAnywhereInTheKey() {
        for phase in 0..<4 {
            for count in 0..<80 {
                var bytes = pattern(count)
                bytes.withUnsafeMutableBytes { WebSocketFraming.mask($0, key: 0xa1b2_c3d4, phase: phase) }
                let key: [UInt8] = [0xd4, 0xc3, 0xb2, 0xa1]
                #expect(bytes == pattern(count).enumerated().map { $1 ^ key[($0 + phase) % 4] })
            }
        }
    }

    @Test func controlFramesMayStandBetweenFragments() {
        let wire: [UInt8] =
            [2, 1, 0x61] + frame(.ping, [1, 2]) + [0, 0] + frame(.pong, []) + [0x80, 1, 0x62] + frame(.close, [3, 0xe8, 0x62])
        for piece in [1, 100] {
            #expect(
                decode(wire, isServer: false, piece: piece) == [
                    .payload([0x61]), .control(.ping, [1, 2]), .control(.pong, []), .payload([0x62]), .control(.close, [3, 0xe8, 0x62]),
                ])
        }
    }

    @Test func aFloodOfFragmentsCostsNothing() {
        var decoder = WebSocketDecoder(isServer: false)
        var first: [UInt8] = [2, 0]
        #expect(throws: Never.self) { try decoder.next(in: &first) == .payload(consumed: 2, range: 2..<2) }
        for _ in 0..<10_000 {
            var fragment: [UInt8] = [0, 0]
            #expect((try? decoder.next(in: &fragment)) == .payload(consumed: 2, range: 2..<2))
        }
        #expect(MemoryLayout<WebSocketDecoder>.size <= 32)
    }

    @Test func aHugeFrameStreamsThrough() throws {
        var decoder = WebSocketDecoder(isServer: false)
        var header: [UInt8] = [0x82, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2]
        #expect(try decoder.next(in: &header) == .payload(consumed: 12, range: 10..<12))
        var more: [UInt8] = [3]
        #expect(try decoder.next(in: &more) == .payload(consumed: 1, range: 0..<1))
    }

    @Test(
        arguments: [
            ([0xc2, 0], WebSocketFault.reservedBit), ([0xa2, 0], .reservedBit), ([0x92, 0], .reservedBit), ([0x83, 0], .reservedOpcode),
            ([0x8b, 0], .reservedOpcode), ([0x8f, 0], .reservedOpcode), ([0x82, 0x80], .masked), ([0x09, 0], .fragmentedControl),
            ([0x08, 0], .fragmentedControl), ([0x89, 126], .controlTooLong), ([0x88, 127], .controlTooLong),
            ([0x80, 0], .unexpectedContinuation),
            ([0, 0], .unexpectedContinuation), ([2, 0, 0x82, 0], .unfinishedMessage), ([2, 0, 1, 0], .unfinishedMessage),
            ([0x82, 0, 0x80, 0], .unexpectedContinuation), ([2, 0, 0x80, 0, 0x80, 0], .unexpectedContinuation),
            ([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], .lengthOverflow), ([0x82, 126, 0, 125], .nonMinimalLength),
            ([0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255], .nonMinimalLength), ([0x88, 1, 3], .badCloseCode),
            ([0x88, 2, 3, 0xed], .badCloseCode),
            ([0x88, 2, 0, 5], .badCloseCode), ([0x88, 2, 3, 0xec], .badCloseCode), ([0x88, 2, 3, 0xee], .badCloseCode),
            ([0x88, 2, 3, 0xf7], .badCloseCode), ([0x88, 2, 0x13, 0x88], .badCloseCode),
        ] as [([UInt8], WebSocketFault)]) func aClientRefuses(wire: [UInt8], expected: WebSocketFault)
    {
        for piece in [1, 100] { #expect(decode(wire, isServer: false, piece: piece).last == .fault(expected)) }
    }

    @Test func aServerRefusesUnmaskedFrames() {
        #expect(decode(frame(.binary, [1]), isServer: true, piece: 1) == [.fault(.unmasked)])
        #expect(decode(frame(.ping, []), isServer: true, piece: 1) == [.fault(.unmasked)])
    }

    @Test func closeCodesThatMayBeSent() throws {
        for code in [1000, 1001, 1003, 1007, 1011, 1012, 1014, 3000, 4999] as [UInt16] {
            let payload = [UInt8(code >> 8), UInt8(code & 255)] + Array("bye".utf8)
            #expect(decode(frame(.close, payload, mask: 7), isServer: true, piece: 1) == [.control(.close, payload)])
            #expect(try payload.withUnsafeBytes { try WebSocketDecoder.closeCode($0) } == code)
        }
        #expect(decode(frame(.close, []), isServer: false, piece: 1) == [.control(.close, [])])
    }

    @Test func noBytesAnywhereTrap() {
        var state: UInt64 = 42
        for _ in 0..<3000 {
            var wire: [UInt8] = []
            for _ in 0..<40 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                wire.append(UInt8(truncatingIfNeeded: state >> 33))
            }
            _ = decode(wire, isServer: state & 1 << 40 == 0, piece: 1 + Int(state >> 60))
        }
    }
}
