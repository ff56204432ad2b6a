import CausewayIdentity

/// Looks up the name in an address: `/dns`, `/dns4` and `/dns6` as the system's files and name servers say, `/dnsaddr` by its TXT records.
final class Resolver {
    private unowned(unsafe) let loop: EventLoop
    private let servers: String?
    private var running: [UInt32: Query] = [:]
    private var lastQuery: UInt32 = 0

    /// One address, and the look-ups that go on for it.
    private final class Query {
        var lookups: [Lookup] = []
        var found: [[UInt8]] = []
        var patience: LoopTimer?

        func close() {
            for lookup in lookups { lookup.close() }
            lookups = []
            patience?.close()
            patience = nil
        }
    }

    /// How long the other family is waited for when the first has answered. RFC 8305, section 3, has 50 ms, for who can still add what
    /// comes later.
    private static let patience: UInt64 = 250_000_000

    init(on loop: EventLoop, servers: String?) {
        self.loop = loop
        self.servers = servers
    }

    /// `then` gets the addresses that the name stands for, once, on the loop, perhaps before this returns; not after `cancel` was called
    /// with the number returned, or after `close`. A `/dnsaddr` may lead to names again.
    @discardableResult
    func resolve(_ address: Multiaddr, then: @escaping (Result<[Multiaddr], DNSError>) -> Void) -> UInt32 {
        lastQuery &+= 1
        let number = lastQuery
        guard case .name(let kind, let name)? = address.host, !name.isEmpty, name.count <= 253, !name.contains(0) else {
            then(.failure(.badName))
            return number
        }
        switch kind {
        case .dnsaddr:
            ask([.texts], Array("_dnsaddr.".utf8) + name, number) { then(Self.result(of: $0) { ResolvedAddress.of(address, records: $0) }) }
        case .dns, .dns4, .dns6:
            ask(kind == .dns4 ? [.ipv4] : kind == .dns6 ? [.ipv6] : [.ipv4, .ipv6], name, number) {
                then(Self.result(of: $0) { ips in ips.compactMap { ResolvedAddress.of(address, ip: $0, name: name) } })
            }
        }
        return number
    }

    private static func result(of answer: Lookup.Answer, _ make: ([[UInt8]]) -> [Multiaddr]) -> Result<[Multiaddr], DNSError> {
        answer.flatMap { records in
            let addresses = make(records)
            return addresses.isEmpty ? .failure(.noData) : .success(addresses)
        }
    }

    func cancel(_ query: UInt32) { running.removeValue(forKey: query)?.close() }

    /// Cancels everything.
    func close() {
        for query in running.values { query.close() }
        running = [:]
    }

    /// Asks at once, and is content with what has come when one question was answered and the others let it wait.
    private func ask(_ questions: [Lookup.Question], _ name: [UInt8], _ number: UInt32, then: @escaping (Lookup.Answer) -> Void) {
        let query = Query()
        running[number] = query
        var left = questions.count
        let finish: (Lookup.Answer) -> Void = { [unowned self] answer in
            guard let query = running.removeValue(forKey: number) else { return }
            query.close()
            then(query.found.isEmpty ? answer : .success(query.found))
        }
        let answered: (Lookup.Answer) -> Void = { [unowned self, unowned query] answer in
            left -= 1
            if case .success(let records) = answer { query.found += records }
            if left == 0 { return finish(answer) }
            guard !query.found.isEmpty else { return }
            query.patience = LoopTimer(on: loop) { finish(.failure(.timedOut)) }
            query.patience?.start(afterNanoseconds: Self.patience)
        }
        for question in questions where running[number] != nil {
            do throws(DNSError) {
                let lookup = try Lookup(on: loop, servers: servers, then: answered)
                query.lookups.append(lookup)
                lookup.ask(question, about: name)
            } catch {
                answered(.failure(error))
            }
        }
    }
}
