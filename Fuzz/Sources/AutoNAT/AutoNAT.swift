import CausewayIdentity
import FuzzDriver

@testable import CausewayNode

/// AutoNAT's messages, v2 and v1, are the same however the stream is cut, and what is read can be written and read again.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    let piece = Int(start[0]) % 7 + 1
    let messages = all(input, max(1, input.count)) { AutoNATMessage($0) }
    precondition(messages == all(input, piece) { AutoNATMessage($0) })
    for message in messages { precondition(all(message.framed, 1) { AutoNATMessage($0) } == [message.withoutMeaningless]) }
    let old = all(input, max(1, input.count)) { AutoNATv1Message($0) }
    precondition(old == all(input, piece) { AutoNATv1Message($0) })
    for message in old { precondition(all(message.framed, 1) { AutoNATv1Message($0) } == [message]) }
    for back in all(input, piece, { DialBack($0) }) { precondition(all(back.framed, 1) { DialBack($0) } == [back]) }
    return 0
}

extension AutoNATMessage {
    /// What an answer says of a dial that was not made is not written.
    fileprivate var withoutMeaningless: AutoNATMessage {
        if case .response(let status, _, _) = self, status != .ok { return .response(status, index: 0, .unused) }
        return self
    }
}

private func all<Message>(_ input: [UInt8], _ piece: Int, _ read: (consuming ProtobufReader) -> Message?) -> [Message] {
    var inbox = MessageInbox()
    var found: [Message] = []
    var position = 0
    while position < input.count {
        let end = min(position + piece, input.count)
        inbox.add([UInt8](input[position..<end]))
        position = end
        while let next = inbox.next(limit: 1 << 20) { if let message = read(next) { found.append(message) } }
    }
    return found
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzAutoNAT_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
