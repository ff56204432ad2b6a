import CausewayIdentity
import CausewayTrace
import Foundation
import Testing

/// `Tests/Trace/digests.json`: SHA-256 of each trace's bytes, the same natively and in Wasm (`Tests/Wasm/run.mjs` reads the same file).
/// Whoever changes what goes over the wire records the new digests there.
private func recorded() throws -> [String: String] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../Trace/digests.json").standardized
    return try JSONDecoder().decode([String: String].self, from: Data(contentsOf: file))
}

@Test(arguments: ["connections", "nodes"])
func aFixedRunGivesTheRecordedBytes(_ name: String) throws {
    let trace = name == "nodes" ? Trace.nodes() : Trace.connections()
    #expect(trace.failures.map(\.description) == [])
    let digest = SHA256.hash(trace.bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    #expect(digest == (try recorded())[name], "\(digest), \(trace.bytes.count) bytes")
}
