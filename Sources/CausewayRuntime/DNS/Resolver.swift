import CausewayIdentity

/// Looks up the name in an address: `/dns`, `/dns4` and `/dns6` by the system's files and name servers, `/dnsaddr` by its TXT records.
final class Resolver {
    private unowned(unsafe) let loop: EventLoop
    private let servers: String?
    private var running: [UInt32: Query] = [:]
    private var lastQuery: UInt32 = 0

    /// One address with its running look-ups.
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

    /// How long to wait for the other family once the first has answered. RFC 8305, section 3, has 50 ms for programs that can still add
    /// later answers.
    private static let patience: UInt64 = 250_000_000

    init(on loop: EventLoop, servers: String?) {
        self.loop = loop
        self.servers = servers
    }

    /// `then` gets the addresses of the name, once, on the loop, perhaps before this returns. It is not called after `cancel` with the
    /// returned number, or after `close`. A `/dnsaddr` may lead to names again.
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
                then(Self.result(of: $0) { ips in ips.map { address.replacingHost(by: $0) } })
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

    /// Asks all questions at once. Reports what has arrived when one was answered and the others take too long.
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
