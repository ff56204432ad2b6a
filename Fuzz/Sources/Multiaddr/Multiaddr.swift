import CausewayIdentity
import FuzzDriver

/// The first byte chooses between text and binary. What is read must survive being written and read again, in both forms.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    guard let address = start[0] & 1 == 0 ? try? Multiaddr(text: input) : try? Multiaddr(bytes: input) else { return 0 }
    precondition(address.bytes.count > Multiaddr.limit || (try? Multiaddr(bytes: address.bytes)) == address)
    let text = address.text
    // A path is everything behind it, slashes at either end are not kept.
    let hasPath = address.components.contains { $0.code == MultiaddrCode.unix }
    if !hasPath, text.count <= Multiaddr.limit { precondition((try? Multiaddr(text: text)) == address) }
    _ = (address.transport, address.host, address.port, address.sni, address.httpPath, address.reach, address.peerID)
    if let (relay, rest) = address.splitAtCircuit() {
        precondition(relay.appending(code: MultiaddrCode.p2pCircuit).appending(rest) == address)
    }
    if let peer = address.peerID { precondition(address.withoutPeerID.appending(peer) == address) }
    return 0
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzMultiaddr_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
