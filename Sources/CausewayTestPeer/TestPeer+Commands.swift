import Causeway
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension TestPeer {
    func perform(_ name: String, _ arguments: Arguments) async throws -> Fields {
        switch name {
        case "addrs":
            let own = await node.ownAddresses.map { state in
                JSON.object([
                    "addr": .text(state.own.address.description), "source": .text("\(state.own.kind)"),
                    "verdict": .text("\(state.own.verdict)"),
                    "advertised": .bool(state.isAdvertised), "reason": .text(state.reason.description),
                ])
            }
            return [("addrs", .addresses(await node.addresses)), ("own", .array(own))]
        case "dial": return try await dial(arguments)
        case "hangup":
            await node.hangUp(try arguments.peer())
            return []
        case "connections": return [("connections", .array(await node.connections.map(describe)))]
        case "peers": return [("peers", .texts(await peers()))]
        case "identify": return try await identify(arguments)
        case "ping": return try await ping(arguments)
        case "echo", "sink", "many", "perf", "latency": return try await exchange(name, arguments)
        case "churn": return try await churn(arguments)
        case "crowd", "disperse": return try await gather(name, arguments)
        case "reserve": return try await reserve(arguments)
        case "release":
            await node.release(relay: try arguments.peer())
            return []
        case "subscribe", "unsubscribe", "publish", "mesh", "received": return try await pubSub(name, arguments)
        case "open", "handle", "unhandle", "write", "close", "reset", "pause", "resume":
            return try await rawStream(name, arguments)
        case "kill":
            await node.abort(try arguments.peer())
            return [("how", "rst")]
        case "freeze": return try freeze(arguments.integer("ms", or: 1000))
        case "usage": return usage()
        default: throw CommandError("unknown command '\(name)'")
        }
    }

    // MARK: Connections

    private func dial(_ arguments: Arguments) async throws -> Fields {
        let start = milliseconds()
        let connection = try await node.connect(to: try arguments.address())
        return [
            ("peerId", .text(connection.peer.description)), ("remoteAddr", .text(connection.remoteAddress.description)),
            ("limited", .bool(connection.isLimited)), ("ms", .number(milliseconds() - start)),
        ]
    }

    private func peers() async -> [String] {
        var seen: [PeerID] = []
        for connection in await node.connections where !seen.contains(connection.peer) { seen.append(connection.peer) }
        return seen.map(\.description)
    }

    private func describe(_ connection: Connection) -> JSON {
        let transport =
            switch connection.path {
            case .direct(let transport): transport.description
            case .relayed: "p2p-circuit"
            }
        return [
            "peerId": .text(connection.peer.description), "remoteAddr": .text(connection.remoteAddress.description),
            "localAddr": .text(connection.localAddress.description), "direction": .text(connection.isInbound ? "inbound" : "outbound"),
            "limited": .bool(connection.isLimited), "security": "/noise", "muxer": "/yamux/1.0.0", "transport": .text(transport),
            "connId": .count(connection.id),
        ]
    }

    private func identify(_ arguments: Arguments) async throws -> Fields {
        let peer = try arguments.peer()
        let deadline = milliseconds() + 5000
        while milliseconds() < deadline {
            if let info = await node.info(of: peer) {
                return [
                    ("agent", .text(info.agent)), ("protocols", .texts(info.protocolIDs)),
                    ("listenAddrs", .addresses(info.listenAddresses)),
                    ("observedAddr", info.observedAddress.map { .text($0.description) } ?? .null),
                ]
            }
            guard await node.connections.contains(where: { $0.peer == peer }) else { break }
            try await Task.sleep(for: .milliseconds(2))
        }
        throw CommandError("nothing is known of \(peer) by identify")
    }

    private func ping(_ arguments: Arguments) async throws -> Fields {
        let peer = try arguments.peer()
        var times: [JSON] = []
        for _ in 0..<max(arguments.integer("count", or: 1), 1) {
            let time = try await node.ping(peer)
            times.append(.number(Double(time.nanoseconds) / 1e6))
        }
        return [("rttMs", .array(times))]
    }

    private func churn(_ arguments: Arguments) async throws -> Fields {
        let address = try arguments.address()
        let start = milliseconds()
        var failed = 0
        for _ in 0..<(try arguments.integer("count")) {
            do {
                let connection = try await node.connect(to: address)
                _ = try await identify(Arguments(json: ["peerId": .text(connection.peer.description)]))
                await node.hangUp(connection.peer)
            } catch {
                failed += 1
            }
        }
        return [("ms", .number(milliseconds() - start)), ("failed", .count(failed))]
    }

    private func gather(_ name: String, _ arguments: Arguments) async throws -> Fields {
        if name == "disperse" {
            let gone = crowd.withLock { crowd in
                defer { crowd.removeAll() }
                return crowd
            }
            for member in gone { member.task.cancel() }
            for member in gone { await member.task.value }
            return [("crowd", 0)]
        }
        let address = try arguments.address()
        let reserves = arguments.flag("reserve")
        var failed = 0
        for _ in 0..<(try arguments.integer("count")) {
            var configuration = Configuration()
            configuration.pubSub = nil
            let member = try Node(configuration)
            let task = Task { _ = try? await member.run() }
            let streams = try await member.streams(for: TestProtocols.echo, allowsLimited: true)
            Task { await streams.serve(handler: TestProtocols.serveEcho) }
            crowd.withLock { $0.append((member, task)) }
            do {
                if reserves { try await member.reserve(at: address) } else { try await member.connect(to: address) }
            } catch {
                failed += 1
            }
        }
        let peerIDs = crowd.withLock { $0.map { $0.node.peerID.description } }
        return [("crowd", .count(peerIDs.count)), ("failed", .count(failed)), ("peerIds", .texts(peerIDs))]
    }

    private func reserve(_ arguments: Arguments) async throws -> Fields {
        let reservation = try await node.reserve(at: try arguments.address())
        return [
            ("addrs", .addresses(await node.addresses.filter(\.isCircuit))), ("expires", .count(reservation.expires)),
            ("limit", limit(reservation.limit)),
        ]
    }

    func limit(_ limit: CircuitLimit?) -> JSON {
        guard let limit else { return .null }
        return ["duration": limit.seconds.map { .count($0) } ?? .null, "data": limit.bytes.map { .count($0) } ?? .null]
    }

    // MARK: The process

    private func freeze(_ ms: Int) throws -> Fields {
        let words = ["sh", "-c", "sleep \(Double(ms) / 1000); kill -CONT \(getpid())"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        guard posix_spawn(&child, "/bin/sh", nil, nil, &arguments, environment) == 0 else {
            throw CommandError("no child to thaw this process")
        }
        kill(getpid(), SIGSTOP)
        var status: Int32 = 0
        waitpid(child, &status, 0)
        return []
    }

    private var environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        #if canImport(Glibc)
            environ
        #else
            _NSGetEnviron().pointee
        #endif
    }

    /// CPU time in seconds and resident memory in bytes, which only Linux tells; else 0.
    private func usage() -> Fields {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        let cpu =
            Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        return [("cpu", .number(cpu)), ("rss", .count(residentBytes()))]
    }

    private func residentBytes() -> Int {
        let file = open("/proc/self/statm", O_RDONLY)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = read(file, &text, text.count)
        let words = String(decoding: text[0..<max(count, 0)], as: UTF8.self).split(separator: " ")
        return words.count > 1 ? (Int(words[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
