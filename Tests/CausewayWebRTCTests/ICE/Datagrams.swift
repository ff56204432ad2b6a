import CausewayIdentity

@testable import CausewayWebRTC

/// What tests see of an output: a datagram with its bytes.
struct ICETestOutputs {
    var sent: [(bytes: [UInt8], path: ICEPath)] = []
    var events: [ICEOutput] = []
}

/// Drains a machine.
func drain(_ poll: (UnsafeMutableRawBufferPointer) -> ICEOutput?) -> ICETestOutputs {
    var outputs = ICETestOutputs()
    withUnsafeTemporaryAllocation(byteCount: STUNLimits.messageSize, alignment: 8) { buffer in
        while let output = poll(buffer) {
            if case .send(let count, let path) = output {
                outputs.sent.append(([UInt8](UnsafeRawBufferPointer(buffer)[..<count]), path))
            } else {
                outputs.events.append(output)
            }
        }
    }
    return outputs
}

func at(seconds: Double) -> Instant { Instant(nanoseconds: UInt64(seconds * 1e9)) }

/// A check as an agent sends it.
func checkDatagram(
    to asked: [UInt8], from asking: [UInt8], password: [UInt8], nominating: Bool = false, role: ICERole = .controlling,
    transaction: TransactionID = TransactionID(high: 7, low: 8)
) -> [UInt8] {
    written(.request, transaction) { writer in
        writer.append(username: asked, asking)
        writer.append(.priority, UInt32(0x6e00_1eff))
        writer.append(role.attribute, UInt64(1))
        if nominating { writer.append(.useCandidate) }
        return writer.finish(password: password)
    }
}

/// A request of any attributes, with the integrity of a password.
func sealed(_ attributes: [(UInt16, [UInt8])], password: [UInt8]) -> [UInt8] {
    var message = stun(attributes)
    message[3] += 24
    var code = [UInt8](repeating: 0, count: HMACSHA1.length)
    let body = message
    code.withUnsafeMutableBytes { code in
        body.withUnsafeBytes { body in
            password.withUnsafeBytes { HMACSHA1.write(key: $0, body.range(0, count: 20), body.range(20, count: body.count - 20), to: code) }
        }
    }
    return message + [0x00, 0x08, 0x00, 0x14] + code
}
