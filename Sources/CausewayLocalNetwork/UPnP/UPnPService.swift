import CausewayNode

/// What controls one of a gateway's connections to the Internet, as the gateway's description names it.
struct UPnPService: Equatable {
    /// In the order of preference: the second version gives another port if one is taken.
    enum Kind: String, CaseIterable {
        case ip2 = "urn:schemas-upnp-org:service:WANIPConnection:2"
        case ip1 = "urn:schemas-upnp-org:service:WANIPConnection:1"
        case ppp = "urn:schemas-upnp-org:service:WANPPPConnection:1"
    }

    let kind: Kind
    let control: GatewayURL

    /// Those of a description, the best first.
    static func all(in description: [UInt8], at location: GatewayURL, _ limits: UPnPLimits) throws(UPnPFault) -> [UPnPService] {
        var found: [UPnPService] = []
        var base = location
        var type: [UInt8]?
        var control: [UInt8]?
        for element in XMLElements(description) {
            switch (element.name, element.text) {
            case ("URLBase", let text?) where !text.isEmpty: base = try GatewayURL(text, at: location.host, longest: limits.addressSize)
            case ("serviceType", let text?): type = text
            case ("controlURL", let text?): control = text
            case ("service", _):
                if let type, let control, let kind = Kind(rawValue: String(decoding: type, as: UTF8.self)) {
                    found.append(UPnPService(kind: kind, control: try base.resolving(control, longest: limits.addressSize)))
                }
                (type, control) = (nil, nil)
            default: break
            }
            guard found.count < limits.services else { break }
        }
        guard !found.isEmpty else { throw .noService }
        return Kind.allCases.flatMap { kind in found.filter { $0.kind == kind } }
    }
}
