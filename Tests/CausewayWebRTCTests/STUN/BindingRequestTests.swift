import Testing

@testable import CausewayWebRTC

/// A STUN message made by hand (RFC 8489, section 5).
func stun(type: UInt16 = 0x0001, cookie: [UInt8] = [0x21, 0x12, 0xA4, 0x42], _ attributes: [(UInt16, [UInt8])]) -> [UInt8] {
    var body: [UInt8] = []
    for (type, value) in attributes {
        body +=
            [UInt8(type >> 8), UInt8(truncatingIfNeeded: type), UInt8(value.count >> 8), UInt8(truncatingIfNeeded: value.count)] + value
        while body.count % 4 != 0 { body.append(0) }
    }
    let head = [UInt8(type >> 8), UInt8(truncatingIfNeeded: type), UInt8(body.count >> 8), UInt8(truncatingIfNeeded: body.count)]
    return head + cookie + [UInt8](repeating: 9, count: 12) + body
}

func request(_ username: String) -> [UInt8] { stun([(0x0006, Array(username.utf8))]) }

private func fragment(_ bytes: [UInt8]) -> String? {
    bytes.withUnsafeBytes { BindingRequest($0) }.map { String(decoding: $0.localFragment, as: UTF8.self) }
}

@Suite("Whom a binding request wants") struct BindingRequestTests {
    /// RFC 5769, section 2.1, as far as its USERNAME.
    @Test func theRequestOfTheStandardsTestVectors() {
        var message: [UInt8] = [
            0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
        ]
        message += [0x80, 0x22, 0x00, 0x10] + Array("STUN test client".utf8)
        message += [0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff]
        message += [0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36]
        message += [0x00, 0x06, 0x00, 0x09] + Array("evtj:h6vY".utf8) + [0x20, 0x20, 0x20]
        message += [
            0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1,
            0xb5, 0x71, 0xa2,
        ]
        message += [0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf]
        #expect(fragment(message) == "evtj")
    }

    @Test func onlyWhatStandsBeforeTheColonCounts() {
        #expect(fragment(request("libp2p+webrtc+v1/abc:libp2p+webrtc+v1/abc")) == "libp2p+webrtc+v1/abc")
        #expect(fragment(request("abcd:")) == "abcd" && fragment(request("abcd:e:f")) == "abcd")
        #expect(fragment(request(String(repeating: "x", count: 256) + ":y")) == String(repeating: "x", count: 256))
    }

    @Test func othersAreNone() {
        let user = (UInt16(0x0006), Array("abcd:efgh".utf8))
        #expect(fragment(stun([user])) == "abcd")
        #expect(fragment(stun(type: 0x0101, [user])) == nil, "a response")
        #expect(fragment(stun(type: 0x0011, [user])) == nil, "an indication")
        #expect(fragment(stun(cookie: [0, 0, 0, 0], [user])) == nil)
        #expect(fragment(stun([])) == nil)
        #expect(fragment(stun([(0x0008, [UInt8](repeating: 0, count: 20)), user])) == nil, "not covered by the integrity")
        for name in ["abcd", "abc:d", ":", "", String(repeating: "x", count: 257) + ":y", "ab\u{0}d:e", "ab d:e"] {
            #expect(fragment(request(name)) == nil, "\(name)")
        }
    }

    /// Cut, or with any one byte changed, it is a request or none, and never a trap.
    @Test func brokenOnesAreNone() {
        let whole = stun([(0x8022, [1, 2, 3]), (0x0006, Array("abcd:efgh".utf8))])
        for end in 0..<whole.count { #expect(fragment(Array(whole[..<end])) == nil) }
        #expect(fragment(whole + [0]) == nil && fragment(whole + [0, 0, 0, 0]) == nil)
        for index in whole.indices {
            for value in [0, 1, 0x7f, 0xff] as [UInt8] {
                var changed = whole
                changed[index] = value
                if let found = fragment(changed) { #expect(found.utf8.count >= 4) }
            }
        }
    }
}
