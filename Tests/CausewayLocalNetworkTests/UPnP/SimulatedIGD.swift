import CausewayIdentity
import CausewayNode

@testable import CausewayLocalNetwork

/// A router's UPnP, which reads requests and writes answers by itself, as text, so that a mistake in the machine's shows.
final class SimulatedIGD {
    struct Answer {
        var pieces: [[UInt8]]
        /// Whether the router closes the connection behind them.
        var closes = true
    }
    /// An entry of its table.
    struct Entry: Equatable {
        var client: String
        var port: UInt16
        var lease: UInt32
    }

    static let address = MappingRun.address
    var location = "http://192.168.1.1:5000/rootDesc.xml"
    var types = ["urn:schemas-upnp-org:service:WANIPConnection:1"]
    var control = "/ctl/IPConn"
    var external = "5.1.2.3"
    /// By external port and protocol, such as "4001/TCP".
    var table: [String: Entry] = [:]
    /// Error codes for actions by their names.
    var errors: [String: Int] = [:]
    /// Whether it takes mappings without an end only.
    var isPermanent = false
    /// Whether it refuses to map what is mapped, even for the same machine.
    var isStubborn = false
    /// In place of what it would answer to a request; nil: that.
    var replaces: ((String) -> Answer?) = { _ in nil }
    /// Besides its own answer to a search.
    var strangers: [(bytes: [UInt8], from: Endpoint)] = []
    /// The first lines of the requests, or the names of the actions.
    private(set) var requests: [String] = []
    private(set) var searches = 0

    /// Where its service listens: what comes elsewhere is refused.
    var port: UInt16 = 5000

    func restart(port: UInt16) {
        table = [:]
        self.port = port
        location = "http://192.168.1.1:\(port)/rootDesc.xml"
    }

    // MARK: The search

    static func found(_ location: String, from ip: [UInt8] = address) -> (bytes: [UInt8], from: Endpoint) {
        let text = """
            HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r
            EXT:\r\nSERVER: Test UPnP/1.1\r\nLocation: \(location)\r\n\r\n
            """
        return (Array(text.utf8), Endpoint(ip: ip, port: 1900)!)
    }

    func answers(toSearch bytes: [UInt8]) -> [(bytes: [UInt8], from: Endpoint)] {
        let text = String(decoding: bytes, as: UTF8.self)
        precondition(text.hasPrefix("M-SEARCH * HTTP/1.1\r\n") && text.hasSuffix("\r\n\r\n") && text.contains("MAN: \"ssdp:discover\"\r\n"))
        searches += 1
        return strangers + (location.isEmpty ? [] : [Self.found(location)])
    }

    // MARK: Requests

    static func answer(_ status: String, _ body: String) -> Answer {
        Answer(pieces: [Array("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)], closes: false)
    }

    func answer(to request: [UInt8], at endpoint: Endpoint, now: Instant) -> Answer {
        let text = String(decoding: request, as: UTF8.self)
        let action = value(of: "SOAPAction: \"", in: text, until: "\"")?.split(separator: "#").last.map(String.init)
        let line = action ?? String(text.prefix { $0 != "\r\n" })
        requests.append(line)
        precondition(endpoint.ip == Self.address && requests.count < 10_000)
        guard endpoint.port == port else { return Answer(pieces: []) }
        if let other = replaces(line) { return other }
        guard let action else { return Self.answer("200 OK", description) }
        guard text.hasPrefix("POST \(control) HTTP/1.1\r\nHost: 192.168.1.1:\(port)\r\n") else { return Self.answer("404 None", "") }
        if let code = errors[action] { return Self.fault(code) }
        return perform(action, text)
    }

    fileprivate var description: String {
        let services = types.map {
            "<service><serviceType>\($0)</serviceType><serviceId>x</serviceId><controlURL>\(control)</controlURL></service>"
        }
        return """
            <?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><URLBase></URLBase><device><serviceList><service>
            <serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/other</controlURL></service>
            </serviceList>
            <deviceList><device><serviceList>\(services.joined())</serviceList></device></deviceList></device></root>
            """
    }

    static func fault(_ code: Int) -> Answer {
        answer(
            "500 Internal Server Error",
            """
            <s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode><detail>
            <UPnPError><errorCode>\(code)</errorCode><errorDescription>no</errorDescription></UPnPError></detail></s:Fault></s:Body>
            </s:Envelope>
            """)
    }

    static func done(_ action: String, _ values: String = "") -> Answer {
        answer(
            "200 OK",
            "<s:Envelope><s:Body><u:\(action)Response xmlns:u=\"x\">\(values)</u:\(action)Response></s:Body></s:Envelope>")
    }

    private func perform(_ action: String, _ text: String) -> Answer {
        let key = (value(of: "<NewExternalPort>", in: text) ?? "") + "/" + (value(of: "<NewProtocol>", in: text) ?? "")
        switch action {
        case "GetExternalIPAddress": return Self.done(action, "<NewExternalIPAddress>\(external)</NewExternalIPAddress>")
        case "AddPortMapping", "AddAnyPortMapping": return add(action, key, text)
        case "DeletePortMapping": return table.removeValue(forKey: key) == nil ? Self.fault(714) : Self.done(action)
        case "GetSpecificPortMappingEntry":
            guard let entry = table[key] else { return Self.fault(714) }
            return Self.done(
                action, "<NewInternalPort>\(entry.port)</NewInternalPort><NewInternalClient>\(entry.client)</NewInternalClient>")
        default: return Self.fault(401)
        }
    }

    private func add(_ action: String, _ key: String, _ text: String) -> Answer {
        let entry = Entry(
            client: value(of: "<NewInternalClient>", in: text)!, port: UInt16(value(of: "<NewInternalPort>", in: text)!)!,
            lease: UInt32(value(of: "<NewLeaseDuration>", in: text)!)!)
        if isPermanent, entry.lease != 0 { return Self.fault(725) }
        var place = key
        if let old = table[key], isStubborn || old.client != entry.client {
            guard action == "AddAnyPortMapping" else { return Self.fault(718) }
            place = "50000/" + key.split(separator: "/")[1]
        }
        table[place] = entry
        return Self.done(action, action == "AddPortMapping" ? "" : "<NewReservedPort>\(place.split(separator: "/")[0])</NewReservedPort>")
    }

    private func value(of name: String, in text: String, until end: Character = "<") -> String? {
        text.firstRange(of: name).map { String(text[$0.upperBound...].prefix { $0 != end }) }
    }
}

extension SimulatedIGD {
    /// A good answer to a request of this first line or action, in bytes.
    func sample(_ line: String) -> [UInt8] {
        let answer =
            switch line {
            case "GetExternalIPAddress": Self.done(line, "<NewExternalIPAddress>\(external)</NewExternalIPAddress>")
            case "GetSpecificPortMappingEntry":
                Self.done(line, "<NewInternalPort>4001</NewInternalPort><NewInternalClient>192.168.1.7</NewInternalClient>")
            case "AddPortMapping", "DeletePortMapping": Self.done(line)
            default: Self.answer("200 OK", description)
            }
        return answer.pieces[0]
    }
}
