import CausewayIdentity
import Foundation
import Testing

@testable import CausewayConnection

@Suite struct NoiseTests {
    private static func vectors() throws -> [JSON] {
        let root = URL(fileURLWithPath: #filePath).appending(path: "../../../..").standardized
        let places = [ProcessInfo.processInfo.environment["CAUSEWAY_VECTORS"], root.appending(path: "../shared/vectors").standardized.path]
            .compactMap { $0.map { $0 + "/noise/xx_25519_chachapoly_sha256.json" } }
        guard let place = places.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            print("SKIPPED Noise vectors: none of \(places.joined(separator: ", "))")
            if ProcessInfo.processInfo.environment["CI"] == "true" { Issue.record("no vectors in CI") }
            return []
        }
        return try JSON(parsing: [UInt8](Data(contentsOf: URL(fileURLWithPath: place))))["vectors"]?.array ?? []
    }

    private func bytes(_ value: JSON?) -> [UInt8] {
        let digits = value?.string ?? []
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)! }
    }

    /// Cacophony's and snow's vectors: three handshake messages, then transport messages by turns.
    @Test func publishedVectors() throws {
        for vector in try Self.vectors() {
            func side(_ name: String, isInitiator: Bool) -> NoiseHandshake {
                let secret = Secret(bytes(vector[name + "_static"]))
                return NoiseHandshake(
                    isInitiator: isInitiator, staticSecret: secret, staticPublic: X25519.publicKey(of: secret),
                    ephemeralSecret: Secret(bytes(vector[name + "_ephemeral"])), prologue: bytes(vector[name + "_prologue"]))
            }
            var sides = [side("init", isInitiator: true), side("resp", isInitiator: false)]
            let messages = vector["messages"]?.array ?? []
            #expect(messages.count >= 5)
            for (index, message) in messages.prefix(3).enumerated() {
                let sent = try sides[index % 2].write(bytes(message["payload"]))
                #expect(sent == bytes(message["ciphertext"]))
                #expect(try sides[1 - index % 2].read(sent) == bytes(message["payload"]))
            }
            #expect(sides[0].isComplete && sides[1].isComplete && sides[0].hash == sides[1].hash)
            if let hash = vector["handshake_hash"] { #expect(sides[0].hash == bytes(hash)) }
            for (index, message) in messages.dropFirst(3).enumerated() {
                // The responder begins, as three messages came before.
                let from = (index + 1) % 2
                let sealed = sides[from].split().send.seal(bytes(message["payload"]), counter: UInt64(index / 2))
                #expect(sealed == bytes(message["ciphertext"]))
                #expect(sides[1 - from].split().receive.open(sealed, counter: UInt64(index / 2)) == bytes(message["payload"]))
            }
        }
    }

    @Test func payloadsSurviveUnknownFields() throws {
        let payload = NoisePayload(identityKey: [1, 2], signature: [3], muxers: [[4], [5, 6]])
        var writer = ProtobufWriter()
        writer.varint(9, 1)
        #expect(try NoisePayload(decoding: payload.encoded + writer.bytes) == payload)
        #expect(throws: NoiseFault.malformedPayload) { try NoisePayload(decoding: [0x0a, 0x7f]) }
        #expect(try NoisePayload(decoding: []).muxers.isEmpty)
    }
}
