import CausewayIdentity
import FuzzDriver

@testable import CausewayNode

/// Messages and vouchers of the relay protocols. The first byte says in what pieces the rest arrives.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    if let message = framed(input, piece: Int(start[0]) + 1) { check(message) }
    check(input)
    _ = try? Voucher(payload: input)
    _ = try? Voucher.open(input, from: relay)
    return 0
}

private let relay = try! PrivateKey(ed25519Seed: [UInt8](repeating: 1, count: 32)).publicKey.peerID

/// The one message that may come; never more than a message and a piece is kept.
private func framed(_ input: [UInt8], piece: Int) -> [UInt8]? {
    var inbox = MessageInbox()
    var position = 0
    while position < input.count, inbox.fault == nil {
        let end = min(position + piece, input.count)
        inbox.add([UInt8](input[position..<end]))
        if inbox.next(limit: HopCodec.messageSize) != nil {
            let message = [UInt8](input[(input[0] < 0x80 ? 1 : 2)..<(end - inbox.count)])
            precondition(message.count <= HopCodec.messageSize)
            return message
        }
        position = end
    }
    return nil
}

/// What is read can be written, and read again.
private func check(_ message: [UInt8]) {
    if let hop = try? HopCodec.decodeHop(ProtobufReader(message)) {
        let again = HopCodec.encode(hop)
        precondition(
            again.count > HopCodec.messageSize
                || framed(again, piece: again.count).flatMap { try? HopCodec.decodeHop(ProtobufReader($0)) } != nil)
    }
    if let stop = try? HopCodec.decodeStop(ProtobufReader(message)) {
        let again = HopCodec.encode(stop)
        precondition(
            again.count > HopCodec.messageSize
                || framed(again, piece: again.count).flatMap { try? HopCodec.decodeStop(ProtobufReader($0)) } != nil)
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzHopCodec_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
