import CausewayConnection
import CausewayRuntime
import CausewayTLS
import Synchronization

/// A node's pages, the node's status as JSON for them, and for the pages of all sites the browser package and the node's peer id.
final class Website: PageServing {
    private let files: [String: PageFile]
    /// What `/relay.json` says.
    private let identity: [UInt8]
    private let hosts: Mutex<PageHosts>
    private let isPublic: Bool
    /// The status with the names of peers, circuits and topics, and the status without them.
    private let whole = CachedStatus()
    private let counts = CachedStatus()

    /// Whose pages may read an answer. Any site may read what holds no secret, so that a page can load the package from its relay.
    private enum Readers: String {
        case ownPages = "Cross-Origin-Resource-Policy: same-origin\r\n"
        case allPages = "Cross-Origin-Resource-Policy: cross-origin\r\nAccess-Control-Allow-Origin: *\r\n"
    }

    /// Header fields of every answer: these pages load nothing from other hosts, and no other site may frame them.
    private static let strict = """
        Content-Security-Policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self' ws: wss:; \
        img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r
        X-Content-Type-Options: nosniff\r
        Referrer-Policy: no-referrer\r

        """

    init(directory: String, _ configuration: Configuration, _ peerID: PeerID) throws(NodeError) {
        files = try PageFile.all(in: directory)
        identity = JSON.object(["peerId": .text(peerID.description)]).bytes
        hosts = Mutex(PageHosts(configuration))
        isPublic = configuration.publicStatus
    }

    /// Sets the function that makes the status. Its argument is the most entries in each list.
    func tellStatus(_ source: @escaping @Sendable (Int) async -> [UInt8]) {
        whole.setSource { await source(256) }
        counts.setSource { await source(0) }
    }

    /// The names in the certificate belong to the node.
    func setCertificate(_ certificate: TLSServerContext?) { hosts.withLock { $0.certificate = certificate } }

    // MARK: Answers

    func answer(_ request: HTTPRequest, from remote: SocketAddress, then: @escaping @Sendable (HTTPResponse) -> Void) {
        let isHead = request.method == Array("HEAD".utf8)
        guard isHead || request.method == Array("GET".utf8) else {
            return then(Self.plain("405 Method Not Allowed", "Only GET and HEAD are served here.", fields: "Allow: GET, HEAD\r\n"))
        }
        let path = String(decoding: request.target.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
        if path == "/status.json" {
            guard Self.isOwn(request) else { return then(Self.plain("403 Forbidden", "Only this node's own pages may read this.")) }
            let host = PageHost(request.host ?? [])
            guard hosts.withLock({ $0.contains(host) }) else { return then(Self.plain("403 Forbidden", Self.unknownHost)) }
            // The operator is on this machine and requests a local name: a proxy on this machine passes on the name that its client used,
            // and one that does not may say that it is a proxy.
            let isOperator = remote.tcp.reach == .loopback && host.isLocal && !request.isPassedOn
            return (isPublic || isOperator ? whole : counts).get {
                then(Self.page("200 OK", "application/json", "Cache-Control: no-store\r\n", $0, isHead: isHead))
            }
        }
        if path == "/relay.json" {
            return then(
                Self.page("200 OK", "application/json", "Cache-Control: no-store\r\n", identity, isHead: isHead, for: .allPages))
        }
        guard let file = file(at: path) else { return then(Self.plain("404 Not Found", "This page does not exist.")) }
        let fields = "ETag: \(file.tag)\r\nCache-Control: no-cache\r\n"
        let isKnown = Self.names(file.tag, in: request.ifNoneMatch)
        let status = isKnown ? "304 Not Modified" : "200 OK"
        then(
            Self.page(
                status, file.type, fields, file.bytes, isHead: isHead || isKnown, for: file.isOfPackage ? .allPages : .ownPages))
    }

    func refuse(_ fault: WebSocketFault) -> HTTPResponse {
        switch fault {
        case .headTooLarge, .tooManyHeaders: Self.plain("431 Request Header Fields Too Large", "The request's header is too large.")
        default: Self.plain("400 Bad Request", "This is not a valid HTTP request.")
        }
    }

    /// `/` is the status page. A page may be requested without its file extension. File names hold no slash, so no request leaves the
    /// directory.
    private func file(at path: String) -> PageFile? {
        guard path.hasPrefix("/") else { return nil }
        let name = path == "/" ? "status" : String(path.dropFirst())
        return files[name] ?? files[name + ".html"]
    }

    private static func page(
        _ status: String, _ type: String, _ fields: String, _ body: [UInt8], isHead: Bool, for readers: Readers = .ownPages
    ) -> HTTPResponse {
        HTTPResponse(
            status: status, fields: strict + readers.rawValue + "Content-Type: \(type)\r\n" + fields, body: isHead ? [] : body,
            length: body.count)
    }

    private static func plain(_ status: String, _ text: String, fields: String = "") -> HTTPResponse {
        page(status, "text/plain; charset=utf-8", fields + "Cache-Control: no-store\r\n", Array((text + "\n").utf8), isHead: false)
    }

    // MARK: Who sends the request

    private static let unknownHost = """
        The node does not know the name that it was asked for by. If that is its own name, start it with --page-host NAME.
        """

    /// Whether the request comes from a page of this server, or from a program that is no browser page.
    private static func isOwn(_ request: HTTPRequest) -> Bool {
        if let site = request.fetchSite, site != Array("same-origin".utf8), site != Array("none".utf8) { return false }
        guard let origin = request.origin else { return true }
        guard let host = request.host else { return false }
        return ["http://", "https://"].contains { Array($0.utf8) + host == origin }
    }

    /// Whether a list holds the tag. An entry may be marked as weak, or be `*` (RFC 9110 section 13.1.2).
    private static func names(_ tag: String, in list: [UInt8]?) -> Bool {
        guard let list else { return false }
        return String(decoding: list, as: UTF8.self).split(separator: ",").contains { part in
            let word = part.drop { $0 == " " }.prefix { $0 != " " }
            return word == "*" || word == tag || word == "W/" + tag
        }
    }
}
