import CausewayConnection
import FuzzDriver

@testable import CausewayNode

/// The first byte says how the stream is cut.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    let limits = NodeLimits()
    let whole = read(input, piece: input.count, limits)
    precondition(whole == read(input, piece: Int(start[0]) + 1, limits))
    if let message = whole {
        precondition(message.listenAddresses.count <= limits.addressesPerPeer && message.protocolIDs.count <= limits.protocolsPerPeer)
    }
    return 0
}

private func read(_ input: [UInt8], piece: Int, _ limits: NodeLimits) -> IdentifyMessage? {
    let heard = IdentifyExchange(StreamKey(link: 1, stream: 1), isPush: false)
    var position = 0
    while position < input.count {
        let end = min(position + piece, input.count)
        guard (try? heard.take([UInt8](input[position..<end]), limits: limits)) != nil else { return nil }
        position = end
    }
    return heard.isComplete ? heard.message : nil
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzIdentify_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
