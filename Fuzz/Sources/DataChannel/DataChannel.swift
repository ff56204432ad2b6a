import CausewayIdentity
import FuzzDriver

@testable import CausewayConnection

/// The messages of a data channel are the same however its bytes are cut: the first byte says how. A connection takes any of them, also
/// in place of a listener's handshake.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    precondition(messages(input, piece: .max) == messages(input, piece: Int(start[0]) % 7 + 1))
    feed(established(), channel: 2, input, piece: Int(start[0]) + 1)
    let dialled = dialled()
    feed(dialled, channel: 0, input, piece: Int(start[0]) + 1)
    precondition(dialled.remotePeer == nil, "nobody has proven who it is")
    return 0
}

private let key = try! PrivateKey(ed25519Seed: [UInt8](repeating: 1, count: 32))
private let identity = try! NoiseIdentity(key, staticSecret: Secret([UInt8](repeating: 2, count: 32)))
private let now = Instant(nanoseconds: 1)
private let table = ProtocolTable([ProtocolTable.Entry(name: [UInt8]("/a".utf8), owner: .node, allowsLimited: true)])

private func established() -> DataChannelConnection {
    let connection = DataChannelConnection(
        peer: key.publicKey.peerID, publicKey: key.publicKey, protocols: table, limits: ConnectionLimits(), now: now)
    connection.channelOpened(2, now: now)
    return connection
}

private func dialled() -> DataChannelConnection {
    let hash = [UInt8](repeating: 4, count: 32)
    return DataChannelConnection(
        expecting: nil, identity: identity, ephemeralSecret: Secret([UInt8](repeating: 3, count: 32)), certificates: (hash, hash),
        protocols: table, limits: ConnectionLimits(), now: now)
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
            return (step.taken, step.message.map { $0.payload + [$0.flag?.rawValue ?? 255] })
        }
        guard let step else { return found }
        precondition(step.0 > 0 && step.0 <= end - position)
        position += step.0
        if let message = step.1 { found.append(message) }
    }
    return found
}

private func feed(_ connection: DataChannelConnection, channel: UInt32, _ input: [UInt8], piece: Int) {
    var position = 0
    while position < input.count {
        let end = min(position + piece, input.count)
        let part = [UInt8](input[position..<end])
        part.withUnsafeBytes { connection.received(channel, $0, now: now) }
        while let output = connection.pollOutput() {
            if case .data(_, let start, let count) = output { precondition(connection.payload(start, count).count == count) }
        }
        position = end
    }
    _ = connection.takeActions()
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzDataChannel_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
