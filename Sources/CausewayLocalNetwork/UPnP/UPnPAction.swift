import CausewayIdentity
import CausewayNode

/// What a gateway's service is asked to do (UPnP WANIPConnection:1 and 2, WANPPPConnection:1), as requests by SOAP.
enum UPnPAction: Equatable {
    /// The gateway's address towards the Internet.
    case address
    /// `lease` in seconds, 0: until it is deleted. `takesAny`: the gateway may give another port, which version 2 alone can.
    case add(MappedPort, external: UInt16, lease: UInt32, takesAny: Bool)
    /// Where the gateway forwards an external port to.
    case look(MappedPort.Transport, external: UInt16)
    case delete(MappedPort.Transport, external: UInt16)

    enum Answer: Equatable {
        /// 4 bytes; nil: it has none.
        case address([UInt8]?)
        /// The external port.
        case added(UInt16)
        /// This machine's address as text, or another one's.
        case forwards(to: [UInt8], port: UInt16)
        case deleted
        /// UPnP's error code.
        case refused(UInt16)
    }

    /// Codes of refusals.
    enum Code {
        static let invalidAction: UInt16 = 401
        static let invalidArguments: UInt16 = 402
        static let actionFailed: UInt16 = 501
        static let notImplemented: UInt16 = 602
        static let noSuchEntry: UInt16 = 714
        static let conflict: UInt16 = 718
        static let onlyPermanent: UInt16 = 725
        static let otherConflict: UInt16 = 729
    }

    private var name: String {
        switch self {
        case .address: "GetExternalIPAddress"
        case .add(_, _, _, let takesAny): takesAny ? "AddAnyPortMapping" : "AddPortMapping"
        case .look: "GetSpecificPortMappingEntry"
        case .delete: "DeletePortMapping"
        }
    }

    // MARK: The request

    /// - Parameter client: this machine's IPv4 address, 4 bytes.
    func request(to service: UPnPService, from client: [UInt8]) -> [UInt8] {
        let type = service.kind.rawValue
        let arguments = arguments(client).map { "<\($0.0)>\($0.1)</\($0.0)>" }.joined()
        let body =
            "<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\""
            + " s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><u:\(name) xmlns:u=\"\(type)\">\(arguments)"
            + "</u:\(name)></s:Body></s:Envelope>\r\n"
        let head = """
            POST \(service.control.path) HTTP/1.1\r
            Host: \(service.control.authority)\r
            Content-Type: text/xml; charset="utf-8"\r
            Content-Length: \(body.utf8.count)\r
            SOAPAction: "\(type)#\(name)"\r
            Connection: close\r
            \r\n
            """
        return Array((head + body).utf8)
    }

    private func arguments(_ client: [UInt8]) -> [(String, String)] {
        switch self {
        case .address: []
        case .add(let port, let external, let lease, _):
            outside(port.transport, external) + [
                ("NewInternalPort", "\(port.number)"), ("NewInternalClient", Self.text(client)), ("NewEnabled", "1"),
                ("NewPortMappingDescription", "libp2p"), ("NewLeaseDuration", "\(lease)"),
            ]
        case .look(let transport, let external), .delete(let transport, let external): outside(transport, external)
        }
    }

    private func outside(_ transport: MappedPort.Transport, _ external: UInt16) -> [(String, String)] {
        [("NewRemoteHost", ""), ("NewExternalPort", "\(external)"), ("NewProtocol", transport.rawValue.uppercased())]
    }

    /// An IPv4 address.
    static func text(_ ip: [UInt8]) -> String { ip.map { "\($0)" }.joined(separator: ".") }

    // MARK: The answer

    func answer(status: Int, _ body: [UInt8]) throws(UPnPFault) -> Answer {
        var values: [String: [UInt8]] = [:]
        for element in XMLElements(body) { if values[element.name] == nil { values[element.name] = element.text ?? [] } }
        func number(_ name: String) -> UInt16? { values[name].flatMap { UInt16(String(decoding: $0, as: UTF8.self)) } }
        if status == 500, let code = number("errorCode") { return .refused(code) }
        guard status == 200 else { throw .status(status) }
        guard values[name + "Response"] != nil else { throw .malformed }
        switch self {
        case .address:
            guard let text = values["NewExternalIPAddress"] else { throw .malformed }
            let ip = IPAddressText.ipv4(text)
            guard text.isEmpty || ip != nil else { throw .malformed }
            return .address(ip == [0, 0, 0, 0] ? nil : ip)
        case .add(_, let external, _, let takesAny):
            guard let given = takesAny ? number("NewReservedPort") : external, given != 0 else { throw .malformed }
            return .added(given)
        case .look:
            guard let client = values["NewInternalClient"], let port = number("NewInternalPort") else { throw .malformed }
            return .forwards(to: client, port: port)
        case .delete: return .deleted
        }
    }
}
