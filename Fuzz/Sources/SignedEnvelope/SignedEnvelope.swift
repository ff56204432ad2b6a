import CausewayIdentity
import FuzzDriver

/// Envelopes and peer records: read, written, and believed only if the signature holds.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    if let envelope = try? SignedEnvelope(decoding: input) {
        precondition((try? SignedEnvelope(decoding: envelope.encoded)) == envelope)
        try? envelope.verify(domain: PeerRecord.domain)
    }
    if let record = try? PeerRecord.decode(envelope: input) { precondition(!record.peerID.bytes.isEmpty) }
    return 0
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzSignedEnvelope_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
