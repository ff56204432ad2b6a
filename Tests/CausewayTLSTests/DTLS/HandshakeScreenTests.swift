import CausewayWebRTC
import Testing

@testable import CausewayTLS

@Suite struct HandshakeScreenTests {
    private func record(_ kind: UInt8, epoch: UInt8 = 0, _ content: [UInt8]) -> [UInt8] {
        [kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
    }

    /// A fragment that says that its message is `length` long.
    private func fragment(of length: Int, _ bytes: Int = 4) -> [UInt8] {
        [1, UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), 0, 0, 0, 0, 0, 0, 0, UInt8(bytes)]
            + [UInt8](repeating: 0, count: bytes)
    }

    private func verdict(_ screen: inout HandshakeScreen, _ datagram: [UInt8]) -> HandshakeScreen.Verdict {
        datagram.withUnsafeBytes { screen.examine($0) }
    }

    @Test func longMessagesAreDiscarded() {
        var screen = HandshakeScreen(DTLSLimits())
        let limit = DTLSLimits().handshakeMessage
        #expect(verdict(&screen, record(22, fragment(of: limit))) == .taken)
        #expect(verdict(&screen, record(22, fragment(of: limit + 1))) == .discarded)
        #expect(verdict(&screen, record(22, fragment(of: 9) + fragment(of: limit + 1))) == .discarded, "behind another fragment")
        #expect(verdict(&screen, record(20, [1]) + record(22, fragment(of: 0xff_ffff))) == .discarded, "behind another record")
        #expect(verdict(&screen, record(23, fragment(of: 0xff_ffff))) == .taken, "no message")
    }

    @Test func earlyRecordsAreFew() {
        var screen = HandshakeScreen(DTLSLimits())
        let early = record(22, epoch: 1, [1, 2, 3])
        for _ in 0..<DTLSLimits().earlyRecords { #expect(verdict(&screen, early) == .taken) }
        #expect(verdict(&screen, early) == .discarded)
        for _ in 0..<20 { #expect(verdict(&screen, record(23, epoch: 1, [1, 2, 3])) == .taken, "a packet") }
        #expect(verdict(&screen, record(22, fragment(of: 100))) == .taken, "the handshake goes on")
    }

    @Test func aDatagramOfManyEarlyRecordsIsDiscarded() {
        var screen = HandshakeScreen(DTLSLimits())
        let early = record(22, epoch: 1, [])
        let many = (0...DTLSLimits().earlyRecords).flatMap { _ in early }
        #expect(verdict(&screen, many) == .discarded)
        #expect(verdict(&screen, early) == .taken)
    }

    @Test func anyBytesHaveAVerdict() {
        var generator = SplitMix(seed: 3)
        for seed in 0..<20_000 {
            var screen = HandshakeScreen(DTLSLimits())
            var bytes = (0..<Int(generator.next() % 80)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            if seed % 2 == 0, bytes.count > 12 { (bytes[3], bytes[4], bytes[11], bytes[0]) = (0, 0, 0, 22) }
            #expect(verdict(&screen, bytes) != .tooManyBytes)
        }
    }
}
