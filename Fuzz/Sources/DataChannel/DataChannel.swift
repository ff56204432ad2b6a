import CausewayIdentity
import FuzzDriver

@testable import CausewayConnection

/// The messages of a data channel are the same however its bytes are cut: the first byte says how. A connection takes any of them, also
/// in place of a handshake, in both roles.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    precondition(messages(input, piece: .max) == messages(input, piece: Int(start[0]) % 7 + 1))
    let established = End(handshake: nil)
    established.channels.channelOpened(2, now: now)
    established.feed(2, input, piece: Int(start[0]) + 1)
    for isListener in [false, true] {
        let end = End(
            handshake: DataChannelHandshake(
                isListener: isListener, expecting: nil, identity: identity, ephemeralSecret: Secret([UInt8](repeating: 3, count: 32)),
                certificates: (hash, hash)))
        end.feed(0, input, piece: Int(start[0]) + 1)
        precondition(end.machine.remotePeer == nil, "nobody has proven who it is")
    }
    return 0
}

private let key = try! PrivateKey(ed25519Seed: [UInt8](repeating: 1, count: 32))
private let identity = try! NoiseIdentity(key, staticSecret: Secret([UInt8](repeating: 2, count: 32)))
private let hash = [UInt8](repeating: 4, count: 32)
private let now = Instant(nanoseconds: 1)
private let table = ProtocolTable([ProtocolTable.Entry(name: [UInt8]("/a".utf8), owner: .node, allowsLimited: true)])

/// Data channels and their streams, paced, whose reader takes everything.
private struct End {
    let channels: DataChannelConnection
    let machine: StreamMachine

    init(handshake: DataChannelHandshake?) {
        channels = DataChannelConnection(handshake: handshake, room: 1 << 20)
        machine = StreamMachine(over: channels, protocols: table, limits: ConnectionLimits(), now: now)
        if handshake == nil { machine.establish(key.publicKey.peerID, key.publicKey) }
    }

    /// Nothing is given back that has not come.
    func feed(_ channel: UInt32, _ input: [UInt8], piece: Int) {
        var position = 0
        var givenBack = 0
        while position < input.count {
            let end = min(position + piece, input.count)
            var part = [UInt8](input[position..<end])
            part.withUnsafeMutableBytes { bytes in
                channels.received(channel, bytes, now: now)
                while let output = machine.pollOutput() {
                    guard case .data(let stream, let start, let count) = output else { continue }
                    let payload = machine.payload(start, count)
                    precondition(payload.count == count && count > 0)
                    if payload[0] == 0xee { machine.close(.application) }
                    payload[0] ^= 1
                    machine.consumed(stream, count)
                }
            }
            position = end
            for case .returnCredit(_, let count) in channels.takeActions() { givenBack += count }
            precondition(givenBack <= position)
        }
    }
}

private func messages(_ input: [UInt8], piece: Int) -> [[UInt8]] {
    var decoder = DataChannelDecoder()
    var found: [[UInt8]] = []
    var position = 0
    while position < input.count {
        let end = piece < input.count - position ? position + piece : input.count
        let part = [UInt8](input[position..<end])
        let step = try? part.withUnsafeBytes { bytes in
            let step = try decoder.next(bytes)
            return (step.taken, step.message.map { [UInt8]($0.payload) + [$0.flag?.rawValue ?? 255] })
        }
        guard let step else { return found }
        precondition(step.0 > 0 && step.0 <= end - position)
        position += step.0
        if let message = step.1 { found.append(message) }
    }
    return found
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzDataChannel_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
