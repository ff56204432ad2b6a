import FuzzDriver

@testable import CausewayConnection

/// The messages of a stream are the same however its bytes are cut: the first byte says how.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    precondition(messages(input, piece: .max) == messages(input, piece: Int(start[0]) % 7 + 1))
    return 0
}

private func messages(_ input: [UInt8], piece: Int) -> [[UInt8]] {
    var reader = MultistreamReader(limit: 1_024)
    var found: [[UInt8]] = []
    var position = 0
    while position < input.count {
        let end = piece < input.count - position ? position + piece : input.count
        let step = input.withUnsafeBytes { try? reader.next(UnsafeRawBufferPointer(rebasing: $0[position..<end])) }
        guard let step else { return found }
        precondition(step.taken > 0 && step.taken <= end - position)
        position += step.taken
        if let message = step.message {
            precondition(message.count < 1_024)
            found.append(message)
        }
    }
    return found
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzMultistream_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
