import CausewayIdentity
import CausewayTLS
import Testing

/// Moves ciphertext between two engines until both are silent; collects their plaintext.
private final class Pair {
    let client: TLSEngine
    let server: TLSEngine
    var (toClient, toServer): ([UInt8], [UInt8]) = ([], [])
    var piece = Int.max

    init(_ client: TLSEngine, _ server: TLSEngine) { (self.client, self.server) = (client, server) }

    /// The client's error, then the server's.
    func run() -> (TLSError?, TLSError?) {
        var (clientError, serverError): (TLSError?, TLSError?) = (nil, nil)
        while client.wire.count > 0 || server.wire.count > 0 {
            serverError = move(client, server, &toServer) ?? serverError
            clientError = move(server, client, &toClient) ?? clientError
        }
        return (clientError, serverError)
    }

    private func move(_ from: TLSEngine, _ to: TLSEngine, _ plaintext: inout [UInt8]) -> TLSError? {
        while from.wire.count > 0 {
            let bytes = [UInt8](copying: from.wire.bytes).prefix(piece)
            from.wire.drop(bytes.count)
            if let error = feed(Array(bytes), to, &plaintext) { return error }
        }
        return nil
    }
}

private func feed(_ bytes: [UInt8], _ engine: TLSEngine, _ plaintext: inout [UInt8]) -> TLSError? {
    bytes.withUnsafeBytes { ciphertext in
        engine.receive(ciphertext)
        var buffer = [UInt8](repeating: 0, count: 20_000)
        while true {
            do {
                let count = try buffer.withUnsafeMutableBytes { try engine.read(into: $0) }
                if count == 0 { return nil }
                plaintext += buffer.prefix(count)
            } catch {
                return error as? TLSError
            }
        }
    }
}

private func write(_ bytes: [UInt8], _ engine: TLSEngine) throws -> Int {
    try bytes.withUnsafeBytes { try engine.write($0) }
}

private struct Setting {
    let folder: TemporaryFolder
    let authority = TestCertificate(isAuthority: true)
    let authorityFile: String

    init() throws {
        folder = try TemporaryFolder()
        authorityFile = try folder.write("authority.pem", authority.certificatePEM)
    }

    func server(
        _ names: String = "DNS:relay.example,DNS:*.wild.example,IP:127.0.0.1,IP:::1", from: Int = -3600, until: Int = 86400,
        selfSigned: Bool = false
    )
        throws -> TLSServerContext
    {
        let leaf = TestCertificate(names: names, from: from, until: until, issuer: selfSigned ? nil : authority)
        return try TLSServerContext(
            certificates: try folder.write("chain.pem", leaf.certificatePEM), key: try folder.write("key.pem", leaf.keyPEM))
    }

    func pair(_ server: TLSServerContext, name: String = "relay.example") throws -> Pair {
        let context = try TLSClientContext(authorities: authorityFile)
        return Pair(try TLSEngine(context, name: Array(name.utf8)), try TLSEngine(server))
    }
}

@Suite struct TLSEngineTests {
    @Test(arguments: [1, 100, Int.max]) func bothWays(piece: Int) throws {
        let setting = try Setting()
        let pair = try setting.pair(try setting.server())
        pair.piece = piece
        #expect(try write([1], pair.client) == 0, "nothing is taken before the handshake")
        #expect(pair.run() == (nil, nil))
        #expect(pair.client.isEstablished && pair.server.isEstablished)
        let large = (0..<(piece == 1 ? 20_000 : 300_000)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try write([5, 6, 7], pair.server) == 3)
        var sent = 0
        while sent < large.count {
            let taken = try write(Array(large[sent...]), pair.client)
            // No more than the socket is to take soon.
            #expect(taken == min(large.count - sent, TLSEngine.ahead))
            if taken == TLSEngine.ahead { #expect(try write([1], pair.client) == 0) }
            sent += taken
            #expect(pair.run() == (nil, nil))
        }
        #expect(pair.toServer == large)
        #expect(pair.toClient == [5, 6, 7])
        pair.client.finish()
        #expect(pair.run() == (nil, nil))
        #expect(pair.server.isFinished && !pair.client.isFinished)
    }

    @Test func wildcardsAddressesAndTrailingDots() throws {
        let setting = try Setting()
        let server = try setting.server()
        for name in ["a.wild.example", "relay.example.", "RELAY.example"] {
            #expect(try setting.pair(server, name: name).run() == (nil, nil), "\(name)")
        }
        let context = try TLSClientContext(authorities: setting.authorityFile)
        for ip in [[127, 0, 0, 1], [UInt8](repeating: 0, count: 15) + [1]] {
            #expect(Pair(try TLSEngine(context, ip: ip), try TLSEngine(server)).run() == (nil, nil))
        }
        let other = Pair(try TLSEngine(context, ip: [127, 0, 0, 2]), try TLSEngine(server)).run()
        #expect(other.0 == .untrusted(code: 64, reason: "IP address mismatch"))
    }

    @Test func aWrongNameIsRefusedAndTheServerIsTold() throws {
        let setting = try Setting()
        let (client, server) = try setting.pair(try setting.server(), name: "other.example").run()
        #expect(client == .untrusted(code: 62, reason: "hostname mismatch") || client == .untrusted(code: 62, reason: "Hostname mismatch"))
        guard case .alert = server else { return #expect(Bool(false), "\(String(describing: server))") }
        #expect(client?.code == 1062)
        #expect(try setting.pair(try setting.server(), name: "a.b.wild.example").run().0 != nil)
    }

    @Test func expiredEarlyAndSelfSignedCertificates() throws {
        let setting = try Setting()
        let expired = try setting.server(from: -7200, until: -3600)
        #expect(expired.expires > 0)
        #expect(try setting.pair(expired).run().0 == .untrusted(code: 10, reason: "certificate has expired"))
        #expect(try setting.pair(try setting.server(from: 3600)).run().0 == .untrusted(code: 9, reason: "certificate is not yet valid"))
        let selfSigned = try setting.server(selfSigned: true)
        guard case .untrusted(let code, _) = try setting.pair(selfSigned).run().0 else { return #expect(Bool(false)) }
        #expect(code == 18)
        let careless = try TLSClientContext(verifies: false)
        #expect(Pair(try TLSEngine(careless, name: Array("whatever".utf8)), try TLSEngine(selfSigned)).run() == (nil, nil))
    }

    @Test func garbageAndPlainHTTPBreakOnlyTheirSession() throws {
        let setting = try Setting()
        let server = try setting.server()
        var nothing: [UInt8] = []
        for text in ["GET / HTTP/1.1\r\n\r\n", "\u{13}/multistream/1.0.0\n", "\u{16}\u{3}\u{1}\u{0}\u{5}hello"] {
            let engine = try TLSEngine(server)
            let error = feed(Array(text.utf8), engine, &nothing)
            guard case .broken = error else { return #expect(Bool(false), "\(String(describing: error))") }
            #expect(feed([1, 2, 3], engine, &nothing) == error, "an error is for good")
            #expect(throws: TLSError.self) { try write([1], engine) }
        }
        #expect(try setting.pair(server).run() == (nil, nil))
    }

    @Test func aChangedRecordIsRefused() throws {
        let setting = try Setting()
        let pair = try setting.pair(try setting.server())
        _ = pair.run()
        _ = try write(Array("secret".utf8), pair.client)
        var bytes = [UInt8](copying: pair.client.wire.bytes)
        bytes[bytes.count - 1] ^= 1
        var plaintext: [UInt8] = []
        guard case .broken = feed(bytes, pair.server, &plaintext) else { return #expect(Bool(false)) }
        #expect(plaintext.isEmpty)
    }

    @Test func namesThatProveNothing() throws {
        let context = try TLSClientContext()
        for name in ["", ".", "a b", "a\u{0}b", String(repeating: "a", count: 254)] {
            #expect(throws: TLSError.self) { try TLSEngine(context, name: Array(name.utf8)) }
        }
        #expect(throws: TLSError.self) { try TLSEngine(context, ip: [1, 2, 3]) }
    }
}

@Suite struct TLSContextTests {
    @Test func faultsNameTheFile() throws {
        let folder = try TemporaryFolder()
        let (one, two) = (TestCertificate(names: "DNS:a"), TestCertificate(names: "DNS:b"))
        let certificates = try folder.write("cert.pem", one.certificatePEM)
        let key = try folder.write("key.pem", one.keyPEM)
        let missing = folder.path + "/none.pem"
        #expect(throws: TLSError.file(path: missing, reason: "No such file or directory")) {
            try TLSServerContext(certificates: missing, key: key)
        }
        #expect(throws: TLSError.file(path: missing, reason: "No such file or directory")) {
            try TLSServerContext(certificates: certificates, key: missing)
        }
        let otherKey = try folder.write("other.pem", two.keyPEM)
        #expect(throws: TLSError.keyMismatch(certificates: certificates, key: otherKey)) {
            try TLSServerContext(certificates: certificates, key: otherKey)
        }
        let locked = try folder.write("locked.pem", one.keyPEM(passphrase: "secret"))
        let empty = try folder.write("empty.pem", "")
        for (bad, good, files) in [(key, key, key), (empty, key, empty)] {
            #expect { try TLSServerContext(certificates: bad, key: good) } throws: { names($0, files) }
        }
        for bad in [locked, empty, certificates] {
            #expect { try TLSServerContext(certificates: certificates, key: bad) } throws: { names($0, bad) }
        }
        #expect { try TLSClientContext(authorities: key) } throws: { names($0, key) }
        #expect { try TLSClientContext(authorities: missing) } throws: { names($0, missing) }
    }

    private func names(_ error: any Error, _ file: String) -> Bool {
        guard case .file(let path, let reason) = error as? TLSError else { return false }
        return path == file && !reason.isEmpty
    }

    @Test func aRenewedCertificateServesNewSessionsAndSparesRunningOnes() throws {
        let setting = try Setting()
        let old = try setting.pair(try setting.server(until: 1000))
        #expect(old.run() == (nil, nil))
        let renewed = try setting.server(until: 500_000)
        let new = try setting.pair(renewed)
        #expect(new.run() == (nil, nil))
        #expect(try write([1], old.server) == 1)
        #expect(old.run() == (nil, nil))
        #expect(old.toClient == [1])
    }

    @Test func namesOfACertificate() throws {
        let server = try Setting().server()
        for name in ["relay.example", "RELAY.example", "a.wild.example"] { #expect(server.isFor(name), "\(name)") }
        for name in ["", "other.example", "a.b.wild.example", "wild.example", "127.0.0.1"] { #expect(!server.isFor(name), "\(name)") }
    }

    @Test func theWholeChainIsSent() throws {
        let setting = try Setting()
        let middle = TestCertificate(isAuthority: true, issuer: setting.authority)
        let leaf = TestCertificate(names: "DNS:relay.example", issuer: middle)
        let key = try setting.folder.write("leaf.pem", leaf.keyPEM)
        let chain = try setting.folder.write("full.pem", leaf.certificatePEM + middle.certificatePEM)
        #expect(try setting.pair(try TLSServerContext(certificates: chain, key: key)).run() == (nil, nil))
        let alone = try setting.folder.write("alone.pem", leaf.certificatePEM)
        #expect(try setting.pair(try TLSServerContext(certificates: alone, key: key)).run().0 != nil)
    }
}
