import CausewayIdentity
import FuzzDriver

@testable import CausewayWebRTC

/// What is read of a description, a candidate, a certificate's hash or an address can be written, and means the same then. The first byte
/// says what the rest is.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
    switch start[0] % 5 {
    case 0: describe(input, .offer)
    case 1: describe(input, .answer)
    case 2: name(input)
    case 3: hash([UInt8](input))
    default: dial([UInt8](input))
    }
    return 0
}

private func describe(_ text: UnsafeRawBufferPointer, _ kind: SessionDescription.Kind) {
    guard let read = try? SessionDescription(kind, parsing: text) else { return }
    let limits = SDPLimits()
    precondition(read.candidates.count <= 2 * limits.candidates && read.fingerprints.count <= limits.fingerprints)
    // Probes of hard NATs go to an address of these.
    if let ports = MappedPorts(read.candidates) { precondition(ports.endpoint.isPublicIPv4 && !ports.ports.isEmpty) }
    var own = read
    // Those are not written.
    own.candidates.removeAll { $0.transport != .udp || $0.component != 1 }
    let text = own.text
    var wide = SDPLimits()
    wide.candidates = own.candidates.count
    wide.size = text.count
    let again = text.withUnsafeBytes { try? SessionDescription(kind, parsing: $0, limits: wide) }
    own.candidates = own.candidates.map(written)
    precondition(again == own, "it reads otherwise")
    guard kind == .offer else { return }
    let answer = SessionDescription(answering: read, credentials, fingerprint: fingerprint)
    precondition(answer.text.withUnsafeBytes { try? SessionDescription(.answer, parsing: $0) } == answer)
}

/// A related endpoint's zone is not written.
private func written(_ candidate: ICECandidate) -> ICECandidate {
    var candidate = candidate
    candidate.related = candidate.related.flatMap { Endpoint(ip: $0.ip, port: $0.port) }
    return candidate
}

private func name(_ line: UnsafeRawBufferPointer) {
    guard let candidate = ICECandidate(line: line), candidate.transport == .udp, candidate.component == 1 else { return }
    let own = candidate.line
    precondition(own.withUnsafeBytes { ICECandidate(line: $0) } == written(candidate), "it reads otherwise")
}

private func hash(_ text: [UInt8]) {
    if let read = CertificateFingerprint(certhash: text) { precondition(CertificateFingerprint(certhash: read.certhash) == read) }
    if let read = CertificateFingerprint(sdp: text) { precondition(CertificateFingerprint(sdp: read.sdp) == read) }
    if let read = CertificateFingerprint(multihash: text) { precondition(read.multihash == text) }
}

/// An address of `/webrtc-direct`, as text or in bytes.
private func dial(_ bytes: [UInt8]) {
    guard let address = (try? Multiaddr(bytes: bytes)) ?? (try? Multiaddr(text: bytes)) else { return }
    for version in [DirectVersion.one, .two] {
        guard let both = try? DirectDescriptions(dialling: address, version, secret: secret, fingerprint: fingerprint) else { continue }
        for (kind, description) in [(SessionDescription.Kind.offer, both.offer), (.answer, both.answer)] {
            precondition(description.text.withUnsafeBytes { try? SessionDescription(kind, parsing: $0) } == description)
        }
    }
}

private let secret = [UInt8](repeating: 9, count: 32)
private let credentials = ICECredentials(secret: secret)
private let fingerprint = CertificateFingerprint(certificate: [1, 2, 3])

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzSDP_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
