import CausewayIdentity
import Testing

@testable import CausewayRuntime

private let peer = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
private let other = "12D3KooWJWbrDtrfSkUBPnKxqMQsSpRwkeBdnnGq1JRkTrHPmsKr"

@Test func textRecordsAreFilteredByPeer() throws {
    let records = [
        "dnsaddr=/ip4/192.0.2.1/tcp/1/p2p/\(peer)", "dnsaddr=/ip4/192.0.2.2/tcp/2/p2p/\(other)", "dnsaddr=/ip4/192.0.2.3/tcp/3", "v=spf1",
        "dnsaddr=nonsense",
    ].map { Array($0.utf8) }
    let all = try ResolvedAddress.of(Multiaddr("/dnsaddr/relay.example"), records: records)
    #expect(all.map(\.description) == records.prefix(3).map { String(decoding: $0.dropFirst(8), as: UTF8.self) })
    let one = try ResolvedAddress.of(Multiaddr("/dnsaddr/relay.example/p2p/\(peer)"), records: records)
    #expect(one.map(\.description) == ["/ip4/192.0.2.1/tcp/1/p2p/\(peer)", "/ip4/192.0.2.3/tcp/3/p2p/\(peer)"])
}

private func resolve(_ address: Multiaddr, servers: String? = nil) async throws -> Result<[Multiaddr], DNSError> {
    let loop = EventLoop()
    try loop.start()
    let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<[Multiaddr], DNSError>, Never>) in
        loop.post {
            nonisolated(unsafe) let resolver = Resolver(on: loop, servers: servers)
            resolver.resolve(address) { result in
                continuation.resume(returning: result)
                loop.post { resolver.close() }
            }
        }
    }
    loop.stop()
    loop.join()
    return result
}

@Test func hostNamesResolve() async throws {
    let result = try await resolve(Multiaddr("/dns4/localhost/tcp/4001"))
    #expect(try result.get().map(\.description) == ["/ip4/127.0.0.1/tcp/4001"])
}

@Test func unknownNamesAreTypedErrors() async throws {
    guard case .failure(let error) = try await resolve(Multiaddr("/dns4/does-not-exist.invalid/tcp/4001")) else {
        Issue.record("a name under .invalid resolved")
        return
    }
    #expect(error.code != 0)
    #expect(!error.description.isEmpty)
}

@Test func dnsaddrResolvesByTextRecords() async throws {
    let labels = ["a", "b", "c"].map { String(repeating: $0, count: 60) }
    let long = "dnsaddr=/dns4/\(labels.joined(separator: "."))/tcp/443/tls/ws/p2p/\(peer)"
    let server = try NameServer(records: ["_dnsaddr.relay.example": ["dnsaddr=/ip4/127.0.0.1/tcp/4001/p2p/\(peer)", long]])
    let found = try await resolve(Multiaddr("/dnsaddr/relay.example"), servers: server.address).get()
    #expect(
        found.map(\.description).sorted() == ["dnsaddr=/ip4/127.0.0.1/tcp/4001/p2p/\(peer)", long].map { String($0.dropFirst(8)) }.sorted())
    let missing = try await resolve(Multiaddr("/dnsaddr/other.example"), servers: server.address)
    #expect(missing == .failure(DNSError(code: 4)))
}

/// An answer of a thousand records, as one over TCP may have.
@Test func recordsWithoutEndAreNotKept() throws {
    let (root, record) = ([UInt8(0)], Array("dnsaddr=/ip4/192.0.2.1/tcp/1".utf8))
    var answer: [UInt8] = [0, 1, 0x84, 0, 0, 1, 0x03, 0xe8, 0, 0, 0, 0] + root + [0, 16, 0, 1]
    for _ in 0..<1000 {
        answer += root + [0, 16, 0, 1, 0, 0, 0, 60, 0, UInt8(record.count + 1), UInt8(record.count)] + record
    }
    let records = try Records.texts(0, &answer, Int32(answer.count)).get()
    #expect(records == [[UInt8]](repeating: record, count: Records.most))
}

@Test func aFamilyThatIsNeverAnsweredIsNotWaitedFor() async throws {
    let server = try NameServer(hosts: ["half.example": [192, 0, 2, 7]])
    let found = try await resolve(Multiaddr("/dns/half.example/tcp/4001"), servers: server.address)
    #expect(try found.get().map(\.description) == ["/ip4/192.0.2.7/tcp/4001"])
}

@Test func aLookupThatIsNeverAnsweredEndsByItself() async throws {
    let server = try NameServer(isSilent: true)
    #expect(try await resolve(Multiaddr("/dns4/relay.example/tcp/4001"), servers: server.address) == .failure(.timedOut))
}

@Test(arguments: ["/dnsaddr/relay.example", "/dns/relay.example/tcp/1", "/dns4/relay.example/tcp/1"])
func cancelledLookupsAreSilentAndHoldNobodyUp(asked: String) async throws {
    let server = try NameServer(isSilent: true)
    let loop = EventLoop()
    try loop.start()
    let address = try Multiaddr(asked)
    let isHeard = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
        loop.post {
            nonisolated(unsafe) var isHeard = false
            nonisolated(unsafe) let resolver = Resolver(on: loop, servers: server.address)
            resolver.cancel(resolver.resolve(address) { _ in isHeard = true })
            resolver.resolve(address) { _ in isHeard = true }
            loop.post {
                resolver.close()
                loop.post { continuation.resume(returning: isHeard) }
            }
        }
    }
    loop.stop()
    loop.join()
    #expect(!isHeard)
}
