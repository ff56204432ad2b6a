import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One request over a socket of its own, and all that came back.
private struct Exchange {
    let status: Int
    let fields: [String: String]
    let body: Data

    init(_ port: String, _ line: String, _ fields: [String] = ["Host: localhost"], to host: String = "127.0.0.1") throws {
        let file = tcpSocket()
        defer { close(file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = (UInt16(port) ?? 0).bigEndian
        address.sin_addr.s_addr = inet_addr(host)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        try #require(code == 0)
        let request = Array((([line + " HTTP/1.1"] + fields).joined(separator: "\r\n") + "\r\n\r\n").utf8)
        try #require(quietSend(file, request, request.count) == request.count)
        var all = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(file, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            all.append(contentsOf: buffer[..<count])
        }
        let end = try #require(all.range(of: Data("\r\n\r\n".utf8)))
        let lines = String(decoding: all[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        status = Int(lines[0].split(separator: " ")[1]) ?? 0
        var found: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            found[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        self.fields = found
        body = all[end.upperBound...]
    }
}

private func site(_ files: [String: String]) throws -> ScratchFolder {
    let folder = try ScratchFolder()
    for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name)) }
    return folder
}

private func relay(_ folder: ScratchFolder) throws -> RunningRelay {
    try RunningRelay(["--listen", "/ip4/127.0.0.1/tcp/0/ws", "--pages", folder.path])
}

/// A relay that announces another name: its port has to be known beforehand.
private func announcedRelay(_ more: [String]) throws -> RunningRelay {
    let folder = try site(["status.html": "x"])
    defer { withExtendedLifetime(folder) {} }
    let port = try RunningRelay().port
    let listen = ["--listen", "/ip4/127.0.0.1/tcp/\(port)/ws", "--announce", "/dns4/relay.example/tcp/\(port)/ws"]
    return try RunningRelay(listen + ["--pages", folder.path] + more)
}

@Suite("A relay's pages") struct PageTests {
    @Test func kindsOfFiles() throws {
        let types = [
            "status.html": "text/html; charset=utf-8", "a.css": "text/css; charset=utf-8", "a.js": "text/javascript; charset=utf-8",
            "a.wasm": "application/wasm", "a.svg": "image/svg+xml", "a.d.ts": "text/plain; charset=utf-8", "a.js.map": "application/json",
        ]
        let folder = try site(types.merging(["secret.key": "", ".hidden.html": "", "a.ts": "", "with space.js": ""]) { $1 })
        let relay = try relay(folder)
        for (name, type) in types {
            let answer = try Exchange(relay.port, "GET /\(name)?v=1")
            #expect(answer.status == 200 && answer.fields["content-type"] == type && answer.body == Data(type.utf8), "\(name)")
            let head = try Exchange(relay.port, "HEAD /\(name)")
            #expect(head.status == 200 && head.fields["content-length"] == String(type.utf8.count) && head.body.isEmpty)
        }
        for path in ["/", "/status"] { #expect(try Exchange(relay.port, "GET \(path)").body == Data("text/html; charset=utf-8".utf8)) }
        let name = URL(fileURLWithPath: folder.path).lastPathComponent
        for path in [
            "/secret.key", "/.hidden.html", "/a.ts", "/with%20space.js", "/../\(name)/a.js", "/%2e%2e/\(name)/a.js", "/..%2fa.js",
            "/./a.js",
            "//a.js", "/a.js/", "/a.js%00", "a.js", "/\\a.js", "*",
        ] {
            #expect(try Exchange(relay.port, "GET \(path)").status == 404, "\(path)")
        }
    }

    @Test func everyAnswerIsStrict() throws {
        let relay = try relay(try site(["status.html": "x"]))
        let long = "X: " + String(repeating: "a", count: 17_000)
        for (line, fields, status) in [
            ("GET /", ["Host: x"], 200), ("GET /no", ["Host: x"], 404), ("POST /", ["Host: x"], 405), ("GET /", ["Host: x", long], 431),
            ("GET /", [], 400), ("GET /status.json", ["Host: localhost"], 200),
            ("GET /status.json", ["Host: localhost", "Origin: http://y"], 403), ("GET /status.json", ["Host: x"], 403),
        ] {
            let answer = try Exchange(relay.port, line, fields)
            #expect(answer.status == status, "\(line)")
            let policy = answer.fields["content-security-policy"] ?? ""
            #expect(policy.hasPrefix("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"))
            #expect(policy.contains("frame-ancestors 'none'"))
            #expect(answer.fields["x-content-type-options"] == "nosniff" && answer.fields["referrer-policy"] == "no-referrer")
            #expect(answer.fields["cross-origin-resource-policy"] == "same-origin" && answer.fields["connection"] == "close")
        }
        #expect(try Exchange(relay.port, "DELETE /").fields["allow"] == "GET, HEAD")
    }

    /// A page of any site may load the package from a relay and ask the relay who it is, and nothing else.
    @Test func thePackageIsForTheirPages() throws {
        let names = ["causeway.js", "causeway.wasm", "causeway.d.ts", "causeway.js.map"]
        let files = Dictionary(uniqueKeysWithValues: names.map { ($0, "x") })
        let relay = try relay(try site(files.merging(["status.html": "x", "chat.js": "x"]) { $1 }))
        let from = ["Host: relay.example", "Origin: https://page.example", "Sec-Fetch-Site: cross-site"]
        for name in names + ["relay.json"] {
            let answer = try Exchange(relay.port, "GET /\(name)", from)
            #expect(answer.status == 200 && answer.fields["access-control-allow-origin"] == "*", "\(name)")
            #expect(answer.fields["cross-origin-resource-policy"] == "cross-origin", "\(name)")
        }
        for name in ["", "chat.js", "status.json"] {
            let answer = try Exchange(relay.port, "GET /\(name)", from)
            #expect(answer.fields["access-control-allow-origin"] == nil, "\(name)")
            #expect(answer.fields["cross-origin-resource-policy"] == "same-origin", "\(name)")
        }
        let identity = try Exchange(relay.port, "GET /relay.json", from)
        let said = try #require(try JSONSerialization.jsonObject(with: identity.body) as? [String: String])
        #expect(said.keys.sorted() == ["peerId"] && relay.address.hasSuffix("/p2p/\(said["peerId"] ?? "-")"))
        #expect(identity.fields["content-type"] == "application/json" && identity.fields["cache-control"] == "no-store")
    }

    @Test func whatABrowserHasIsNotSentAgain() throws {
        let relay = try relay(try site(["status.html": "x"]))
        let first = try Exchange(relay.port, "GET /")
        let tag = try #require(first.fields["etag"])
        #expect(first.fields["cache-control"] == "no-cache")
        for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
            let again = try Exchange(relay.port, "GET /", ["Host: x", "If-None-Match: \(known)"])
            #expect(again.status == 304 && again.body.isEmpty && again.fields["etag"] == tag)
        }
        #expect(try Exchange(relay.port, "GET /", ["Host: x", "If-None-Match: \"other\""]).status == 200)
    }

    @Test func aRelaySaysWhereItTellsPublicAddresses() throws {
        let folder = try site(["status.html": "x"])
        let relay = try RunningRelay([
            "--listen", "/ip4/127.0.0.1/tcp/0/ws", "--listen", "/ip4/127.0.0.1/udp/0/webrtc-direct", "--pages", folder.path,
        ])
        let addresses = try #require(relay.ready["addrs"] as? [String])
        func port(_ transport: String) throws -> String {
            String(try #require(addresses.first { $0.contains(transport) }).split(separator: "/")[3])
        }
        let url = "stun:127.0.0.1:\(try port("/webrtc-direct"))"
        #expect(relay.ready["stun"] as? [String] == [url])
        let answer = try Exchange(try port("/ws"), "GET /status.json")
        let status = try #require(try JSONSerialization.jsonObject(with: answer.body) as? [String: Any])
        #expect(status["stun"] as? [String] == [url])
    }

    @Test func theStatusIsForOwnPages() throws {
        let relay = try relay(try site(["status.html": "x"]))
        let answer = try Exchange(relay.port, "GET /status.json")
        #expect(answer.fields["content-type"] == "application/json" && answer.fields["cache-control"] == "no-store")
        let status = try #require(try JSONSerialization.jsonObject(with: answer.body) as? [String: Any])
        #expect(relay.address.hasSuffix(status["peerId"] as? String ?? "-") && status["addresses"] as? [String] == [relay.address])
        for name in ["counts", "limits", "peers", "reservations", "circuits", "topics", "uptime", "version"] {
            #expect(status[name] != nil, "\(name)")
        }
        let own = try #require((status["ownAddresses"] as? [[String: Any]])?.first)
        #expect(own["source"] as? String == "bound" && own["verdict"] as? String == "unknown" && own["advertised"] as? Bool == true)
        #expect(own["reason"] as? String == "the node listens there" && relay.address.hasPrefix(own["addr"] as? String ?? "-"))
        // A relay that nobody has met has no share to tell.
        let share = try #require(status["directShare"] as? [String: Any])
        #expect(share["becameDirect"] as? Int == 0 && share["directBytes"] as? Int == 0 && share["shareOfPeers"] == nil)
        for (field, status) in [
            ("Sec-Fetch-Site: same-origin", 200), ("Sec-Fetch-Site: none", 200), ("Sec-Fetch-Site: cross-site", 403),
            ("Sec-Fetch-Site: same-site", 403), ("Origin: http://localhost", 200), ("Origin: https://localhost", 200),
            ("Origin: http://localhost:1", 403),
            ("Origin: null", 403),
        ] {
            #expect(try Exchange(relay.port, "GET /status.json", ["Host: localhost", field]).status == status, "\(field)")
        }
        // Two questions within half a second have one answer.
        let pair = try (0..<4).map { _ in try Exchange(relay.port, "GET /status.json").body }
        #expect(Set(pair).count <= 2)
    }

    /// A page of another name that was made to point here (DNS rebinding) is of the same origin for the browser.
    @Test func theStatusIsForNamesOfTheRelay() throws {
        let relay = try announcedRelay(["--page-host", "Other.example."])
        for host in [
            "127.0.0.1", "127.0.0.1:1", "10.0.0.7", "[::1]", "[2001:db8::1]:4002", "localhost:4002", "LOCALHOST.", "relay.example",
            "Relay.Example.:443", "other.example",
        ] {
            #expect(try Exchange(relay.port, "GET /status.json", ["Host: \(host)"]).status == 200, "\(host)")
        }
        for host in [
            "evil.example", "evil.example:4002", "", "127.0.0.1.evil.example", "[::1].evil.example", "[x]", "relay.example.evil", "1.2.3",
        ] {
            let answer = try Exchange(relay.port, "GET /status.json", ["Host: \(host)", "Sec-Fetch-Site: same-origin"])
            #expect(answer.status == 403 && String(decoding: answer.body, as: UTF8.self).contains("--page-host"), "\(host)")
        }
        // What is the same for everybody may be had under any name.
        #expect(try Exchange(relay.port, "GET /", ["Host: evil.example"]).status == 200)
    }

    @Test(arguments: [false, true]) func namesOfPeersAreForTheOperator(_ isPublic: Bool) throws {
        let relay = try announcedRelay(["--topic", "t"] + (isPublic ? ["--public-status"] : []))
        func topics(_ host: String, _ more: [String] = []) throws -> Int? {
            let answer = try Exchange(relay.port, "GET /status.json", ["Host: \(host)"] + more)
            let status = try JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
            #expect(status?["peerId"] != nil && (status?["addresses"] as? [String])?.isEmpty == false && status?["counts"] != nil)
            // Addresses of this machine and its network are not for everybody.
            #expect((status?["ownAddresses"] as? [Any])?.isEmpty == ((status?["topics"] as? [Any])?.isEmpty))
            return (status?["topics"] as? [Any])?.count
        }
        #expect(try topics("127.0.0.1") ?? 0 > 0 && topics("localhost:1") ?? 0 > 0)
        // As a proxy on this machine asks for others, and as another machine does.
        for host in ["relay.example", "10.0.0.7"] {
            let seen = try topics(host) ?? 0
            #expect((seen > 0) == isPublic)
        }
        // As a proxy asks that keeps the name to itself.
        #expect(((try topics("127.0.0.1:4002", ["X-Forwarded-For: 192.0.2.1"]) ?? 0) > 0) == isPublic)
    }

    @Test func directoriesThatDoNotServe() throws {
        let empty = try ScratchFolder()
        let missing = try CommandRun(["relay", "--listen", "/ip4/127.0.0.1/tcp/0/ws", "--pages", empty.path + "/no"])
        #expect(missing.status == 1 && missing.isOneClearLine && missing.errors.contains(empty.path + "/no"), "\(missing)")
        let bare = try CommandRun(["relay", "--listen", "/ip4/127.0.0.1/tcp/0/ws", "--pages", empty.path])
        #expect(bare.status == 1 && bare.isOneClearLine && bare.errors.contains("no pages"), "\(bare)")
        let large = try site(["a.js": String(repeating: "x", count: 9 << 20), "b.js": String(repeating: "x", count: 9 << 20)])
        let run = try CommandRun(["relay", "--listen", "/ip4/127.0.0.1/tcp/0/ws", "--pages", large.path])
        #expect(run.status == 1 && run.isOneClearLine && run.errors.contains("16 MiB"), "\(run)")
    }

    @Test func fromTheEnvironment() throws {
        let folder = try ScratchFolder()
        let run = try CommandRun(["relay", "--listen", "/ip4/127.0.0.1/tcp/0/ws"], environment: ["CAUSEWAY_PAGES": folder.path + "/no"])
        #expect(run.status == 1 && run.errors.contains(folder.path + "/no"), "\(run)")
    }
}
