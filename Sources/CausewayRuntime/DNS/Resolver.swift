import CausewayIdentity

/// Looks up the name in an address: `/dns`, `/dns4` and `/dns6` by the system, `/dnsaddr` by its TXT records.
final class Resolver {
    private unowned(unsafe) let loop: EventLoop
    private let servers: String?
    private var texts: TextLookups?
    private var running: [UInt32: () -> Void] = [:]
    private var lastQuery: UInt32 = 0

    init(on loop: EventLoop, servers: String?) {
        self.loop = loop
        self.servers = servers
    }

    /// `then` gets the addresses that the name stands for, once, on the loop, unless `cancel` was called with the number returned. A
    /// `/dnsaddr` may lead to names again.
    @discardableResult
    func resolve(_ address: Multiaddr, then: @escaping (Result<[Multiaddr], DNSError>) -> Void) -> UInt32 {
        lastQuery &+= 1
        let query = lastQuery
        let finish: (Result<[Multiaddr], DNSError>) -> Void = { [unowned self] result in
            self.running[query] = nil
            then(result)
        }
        guard case .name(let kind, let name)? = address.host, !name.isEmpty, name.count <= 253, !name.contains(0) else {
            finish(.failure(.badName))
            return query
        }
        running[query] = {}
        let cancel: (() -> Void)? =
            switch kind {
            case .dnsaddr: lookUpText(name, for: address, finish)
            case .dns: lookUpHost(name, .any, for: address, finish)
            case .dns4: lookUpHost(name, .ipv4, for: address, finish)
            case .dns6: lookUpHost(name, .ipv6, for: address, finish)
            }
        // The answer may have come at once.
        if let cancel, running[query] != nil { running[query] = cancel }
        return query
    }

    func cancel(_ query: UInt32) { running.removeValue(forKey: query)?() }

    /// Cancels everything.
    func close() {
        for cancel in running.values { cancel() }
        running = [:]
        texts?.close()
        texts = nil
    }

    private func lookUpHost(
        _ name: [UInt8], _ family: HostLookup.Family, for address: Multiaddr, _ finish: @escaping (Result<[Multiaddr], DNSError>) -> Void
    ) -> () -> Void {
        let lookup = HostLookup(on: loop, name: name, family: family) { result in
            finish(
                result.flatMap { ips in
                    let addresses = ips.compactMap { ResolvedAddress.of(address, ip: $0, name: name) }
                    return addresses.isEmpty ? .failure(.noData) : .success(addresses)
                })
        }
        return { lookup.cancel() }
    }

    private func lookUpText(
        _ name: [UInt8], for address: Multiaddr, _ finish: @escaping (Result<[Multiaddr], DNSError>) -> Void
    ) -> (() -> Void)? {
        do throws(DNSError) {
            let lookups: TextLookups
            if let texts { lookups = texts } else { lookups = try TextLookups(on: loop, servers: servers) }
            texts = lookups
            return lookups.look(up: Array("_dnsaddr.".utf8) + name) { result in
                finish(
                    result.flatMap { records in
                        let addresses = ResolvedAddress.of(address, records: records)
                        return addresses.isEmpty ? .failure(.noData) : .success(addresses)
                    })
            }
        } catch {
            finish(.failure(error))
            return nil
        }
    }
}
