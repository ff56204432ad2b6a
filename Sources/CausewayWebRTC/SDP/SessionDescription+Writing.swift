import CausewayIdentity

extension SessionDescription {
    /// The text, by one template for offers and answers.
    public var text: [UInt8] {
        var text = [UInt8](utf8: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE ")
        text += mediaName
        text += [UInt8](utf8: isLite ? "\r\na=ice-lite" : "\r\na=ice-options:trickle")
        text += [UInt8](utf8: "\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0")
        Self.append("a=mid:", mediaName, to: &text)
        Self.append("a=ice-ufrag:", credentials.fragment, to: &text)
        Self.append("a=ice-pwd:", credentials.password, to: &text)
        for fingerprint in fingerprints { Self.append("a=fingerprint:", fingerprint.sdp, to: &text) }
        Self.append("a=setup:", [UInt8](utf8: setup.name), to: &text)
        Self.append("a=sctp-port:", UInt64(sctpPort), to: &text)
        Self.append("a=max-message-size:", largestMessage, to: &text)
        if passesHardNATs { Self.append("a=causeway-hard-nats", [], to: &text) }
        if let initiation { Self.append("a=sctp-init:", Base64.encode(initiation), to: &text) }
        for candidate in candidates { Self.append("a=", candidate.line, to: &text) }
        if hasAllCandidates { Self.append("a=end-of-candidates", [], to: &text) }
        text += [UInt8](utf8: "\r\n")
        return text
    }

    private static func append(_ name: StaticString, _ value: [UInt8], to text: inout [UInt8]) {
        text += [UInt8](utf8: "\r\n")
        text += [UInt8](utf8: name)
        text += value
    }

    private static func append(_ name: StaticString, _ number: UInt64, to text: inout [UInt8]) {
        append(name, [], to: &text)
        DecimalText.append(number, to: &text)
    }
}

extension SessionDescription.Setup {
    var name: StaticString {
        switch self {
        case .active: "active"
        case .passive: "passive"
        case .either: "actpass"
        }
    }
}
