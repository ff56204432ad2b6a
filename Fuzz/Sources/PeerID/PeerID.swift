import CausewayIdentity
import FuzzDriver

/// The first byte chooses between text and binary.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    guard let id = start[0] & 1 == 0 ? try? PeerID(text: input) : try? PeerID(input) else { return 0 }
    precondition((try? PeerID(text: id.text)) == id && (try? PeerID(text: id.cid)) == id && (try? PeerID(id.bytes)) == id)
    if let key = id.inlinedKey { precondition(key.peerID == id) }
    return 0
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzPeerID_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
