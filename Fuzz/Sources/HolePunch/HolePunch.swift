import CausewayIdentity
import FuzzDriver

@testable import CausewayNode

/// Hole punching's messages are the same however the stream is cut, and what is read can be written and read again.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    let whole = messages(input, piece: max(1, input.count))
    precondition(whole == messages(input, piece: Int(start[0]) % 7 + 1))
    for message in whole {
        precondition(message.addresses.count <= HolePunchMessage.addresses)
        precondition(messages(message.framed, piece: 1) == [message])
    }
    return 0
}

private func messages(_ input: [UInt8], piece: Int) -> [HolePunchMessage] {
    var inbox = MessageInbox()
    var found: [HolePunchMessage] = []
    var position = 0
    while position < input.count {
        let end = min(position + piece, input.count)
        inbox.add([UInt8](input[position..<end]))
        position = end
        do {
            while let message = inbox.next(limit: 1 << 20) { found.append(try HolePunchMessage(message)) }
        } catch { return found }
    }
    return found
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzHolePunch_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
