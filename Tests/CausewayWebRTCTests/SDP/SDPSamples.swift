/// Offers with the lines and the order of browsers.
enum SDPSamples {
    private static let digits = (0..<32).map { _ in "7F" }.joined(separator: ":")

    static let chromium = [
        "v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "a=extmap-allow-mixed",
        "a=msid-semantic: WMS", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=ice-ufrag:kB3q",
        "a=ice-pwd:Zx8Jm2+8gk4D0XrW9tq7VbNu", "a=ice-options:trickle", "a=fingerprint:sha-256 \(digits)", "a=setup:actpass", "a=mid:0",
        "a=sctp-port:5000", "a=max-message-size:262144", "",
    ].joined(separator: "\r\n")

    static let firefox = [
        "v=0", "o=mozilla...THIS_IS_SDPARTA-99.0 5763172512842036126 0 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=sendrecv",
        "a=fingerprint:sha-256 \(digits)", "a=group:BUNDLE 0", "a=ice-options:trickle", "a=msid-semantic:WMS *",
        "m=application 41211 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 203.0.113.9",
        "a=candidate:0 1 UDP 2122252543 4c1d2a07-2c4a-4e1c-8b55-1d1d7f5f9b1c.local 41211 typ host",
        "a=candidate:1 1 TCP 2105524479 4c1d2a07-2c4a-4e1c-8b55-1d1d7f5f9b1c.local 9 typ host tcptype active", "a=sendrecv",
        "a=end-of-candidates", "a=ice-pwd:53a7b0e2c1f9d8e4a6b5c3d2e1f0a9b8", "a=ice-ufrag:7bd1b4ee", "a=mid:0", "a=setup:actpass",
        "a=sctp-port:5000", "a=max-message-size:1073741823", "",
    ].joined(separator: "\r\n")
}
