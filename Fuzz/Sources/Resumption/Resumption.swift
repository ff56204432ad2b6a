import FuzzDriver

@testable import CausewayConnection

/// Frames of a resumable stream mean the same however they are cut, and what a remote sends never makes the state impossible. The first
/// byte is the size of the pieces, the second how much was written before.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 2, count: count - 2))
    let whole = run(input, piece: max(1, input.count), written: Int(start[1]))
    precondition(whole == run(input, piece: Int(start[0]) % 7 + 1, written: Int(start[1])))
    if let opening = try? ResumptionFrame.Opening(input) { precondition(opening.bytes == input) }
    if let answer = try? ResumptionFrame.Answer(input) { precondition(answer.bytes == input) }
    return 0
}

private struct Outcome: Equatable {
    var bytes: [UInt8] = []
    var reset: UInt32?
    var fault: ResumptionFault?
    var received: UInt64 = 0
    var unconfirmed = 0
}

private func run(_ input: [UInt8], piece: Int, written: Int) -> Outcome {
    var end = Resumption()
    end.write([UInt8](repeating: 5, count: written)[...])
    while end.nextOutput() != nil {}
    var outcome = Outcome()
    var position = 0
    while position < input.count, outcome.reset == nil, outcome.fault == nil {
        let next = min(position + piece, input.count)
        do throws(ResumptionFault) {
            outcome.reset = try end.receive([UInt8](input[position..<next])) { outcome.bytes += $0 }
        } catch {
            outcome.fault = error
        }
        position = next
    }
    outcome.received = end.received
    outcome.unconfirmed = end.unconfirmed
    precondition(end.unconfirmed <= written && Int(end.received) <= outcome.bytes.count + 1)
    if outcome.fault == nil { precondition((try? end.resume(remoteReceived: end.confirmed)) != nil) }
    return outcome
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzResumption_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
