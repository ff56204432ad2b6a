import CausewayIdentity
import FuzzDriver

@testable import CausewayWebRTC

/// A datagram has one meaning wherever it lies. What is answered is answered to its sender, in few bytes; and what is read can be written
/// and read again.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let here = meaning(input)
    let elsewhere = [0] + [UInt8](input)
    precondition(here == elsewhere.withUnsafeBytes { meaning(UnsafeRawBufferPointer(rebasing: $0[1...])) })
    answer(input)
    survey(input)
    if let message = try? STUNMessage(input) { rewrite(message) }
    return 0
}

private let sender = Endpoint(ip: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], port: 4000)!
private let now = Instant(nanoseconds: 1)

/// All that can be asked of a message.
private struct Meaning: Equatable {
    var kind: STUNKind?
    var transaction: TransactionID?
    var unknown: [UInt16] = []
    var error: STUNErrorCode?
    var mapped: Endpoint?
    var username: [UInt8]?
    var priority: UInt32?
    var fragment: [UInt8]?
    var begins = false
}

private func meaning(_ datagram: UnsafeRawBufferPointer) -> Meaning {
    var meaning = Meaning()
    meaning.fragment = BindingRequest(datagram)?.localFragment
    meaning.begins = (try? DirectRequest(datagram)) != nil
    guard let message = try? STUNMessage(datagram) else {
        precondition(meaning.fragment == nil && !meaning.begins, "a request that is no message")
        return meaning
    }
    meaning.kind = message.kind
    meaning.transaction = message.transaction
    meaning.unknown = message.unknownAttributes
    meaning.error = message.errorCode
    meaning.mapped = message.mappedAddress
    meaning.username = message.value(.username).map { [UInt8](copying: $0) }
    meaning.priority = message.number(.priority, as: UInt32.self)
    precondition(meaning.unknown.count <= STUNLimits.reportedAttributes)
    precondition(!message.isIntact(password: []) || message.hasIntegrity)
    if let fragment = meaning.fragment { precondition(BindingRequest.fragmentLengths.contains(fragment.count)) }
    return meaning
}

/// Nobody who does not see the questions changes what a survey finds.
private func survey(_ datagram: UnsafeRawBufferPointer) {
    var survey = MappingSurvey(secret: [UInt8](repeating: 1, count: 32))
    survey.ask(sender, from: sender, now: now)
    for socket in [MappingSurvey.Socket.first, .second] { survey.receive(datagram, on: socket, from: sender, now: now) }
    precondition(survey.mapping == nil && survey.hairpins == nil && !survey.isSettled)
}

private func answer(_ request: UnsafeRawBufferPointer) {
    var server = STUNServer()
    withUnsafeTemporaryAllocation(byteCount: STUNLimits.messageSize, alignment: 8) { buffer in
        guard let size = server.answer(request, from: sender, isConnected: false, into: buffer, now: now) else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<size])
        guard let asked = try? STUNMessage(request), let answer = try? STUNMessage(bytes) else { preconditionFailure("no answer") }
        precondition(answer.transaction == asked.transaction && size * 10 <= request.count * 22, "more than it is worth")
        precondition(asked.unknownAttributes.isEmpty ? answer.mappedAddress == sender : answer.errorCode == .unknownAttribute)
    }
}

private func rewrite(_ message: STUNMessage) {
    guard let username = message.value(.username), username.count <= BindingRequest.longestUsername else { return }
    let password = [UInt8](repeating: 7, count: 22)
    withUnsafeTemporaryAllocation(byteCount: STUNLimits.messageSize, alignment: 8) { buffer in
        var writer = STUNWriter(message.kind, message.transaction, into: buffer)
        writer.append(.username, [UInt8](copying: username))
        if let mapped = message.mappedAddress { writer.append(mappedAddress: mapped) }
        let size = writer.finish(password: password)
        guard let again = try? STUNMessage(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<size])) else {
            preconditionFailure("what was written cannot be read")
        }
        precondition(again.isIntact(password: password) && again.hasFingerprint && again.kind == message.kind)
        precondition(again.mappedAddress == message.mappedAddress)
        precondition(again.value(.username).map { [UInt8](copying: $0) } == [UInt8](copying: username))
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzSTUN_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
