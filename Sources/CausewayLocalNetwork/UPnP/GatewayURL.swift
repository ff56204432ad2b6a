import CausewayIdentity
import CausewayNode

/// An address at the gateway itself, `http://IP:PORT/PATH`. No other host is ever asked, whoever names one: a stranger in the network must
/// not choose where this machine connects to.
struct GatewayURL: Equatable {
    let host: [UInt8]
    let port: UInt16
    /// With its `/`, and what follows a `?`.
    let path: String

    private init(host: [UInt8], port: UInt16, path: String) {
        self.host = host
        self.port = port
        self.path = path
    }

    private static let scheme = Array("http://".utf8)

    var endpoint: Endpoint? { Endpoint(ip: host, port: port) }
    var authority: String { host.map { "\($0)" }.joined(separator: ".") + ":\(port)" }

    /// - Parameters:
    ///   - gateway: its IPv4 address, 4 bytes.
    ///   - longest: bytes of `text`.
    init(_ text: [UInt8], at gateway: [UInt8], longest: Int) throws(UPnPFault) {
        guard text.count <= longest else { throw .tooLong(limit: longest) }
        // Nothing that would end a line of the request.
        guard text.allSatisfy({ (0x21...0x7e).contains($0) }), Self.isAbsolute(text) else { throw .malformed }
        let rest = text.dropFirst(Self.scheme.count).prefix { $0 != UInt8(ascii: "#") }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        let host = authority.prefix { $0 != UInt8(ascii: ":") }
        let number = authority.dropFirst(host.count + 1)
        guard let port = number.isEmpty ? 80 : UInt16(String(decoding: number, as: UTF8.self)), port != 0 else { throw .malformed }
        guard IPAddressText.ipv4(Array(host)) == gateway else { throw .elsewhere }
        let path = String(decoding: rest.dropFirst(authority.count), as: UTF8.self)
        self.init(host: gateway, port: port, path: path.first == "/" ? path : "/" + path)
    }

    /// What `text` names in a document that lies here.
    func resolving(_ text: [UInt8], longest: Int) throws(UPnPFault) -> GatewayURL {
        if Self.isAbsolute(text) { return try GatewayURL(text, at: host, longest: longest) }
        var folder = path.utf8.prefix { $0 != UInt8(ascii: "?") }
        while folder.last != UInt8(ascii: "/") { folder.removeLast() }
        let start = text.first == UInt8(ascii: "/") ? [] : Array(folder)
        return try GatewayURL(Array("http://\(authority)".utf8) + start + text, at: host, longest: longest)
    }

    private static func isAbsolute(_ text: [UInt8]) -> Bool {
        text.prefix(scheme.count).map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 } == scheme
    }
}
