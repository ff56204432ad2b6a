import FuzzDriver

@testable import CausewayNode

/// The first byte chooses the form.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    let heard = start[0] & 1 == 0 ? try? Announcement(json: input, limit: 16) : try? Announcement(protobuf: input, limit: 16)
    guard let heard else { return 0 }
    precondition(heard.addresses.count <= 16)
    let again = try? Announcement(json: Announcement.json(heard.peer, heard.addresses), limit: 16)
    precondition(again?.peer == heard.peer)
    return 0
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzDiscovery_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
