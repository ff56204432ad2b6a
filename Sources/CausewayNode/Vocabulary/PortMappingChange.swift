// A page listens nowhere.
#if !hasFeature(Embedded)
    public import CausewayIdentity

    /// A port on which this node listens, and which a gateway is to forward to it, or by IPv6 to let connections through to.
    public struct MappedPort: Hashable, Sendable {
        /// What is forwarded: TCP connections, or UDP datagrams.
        public enum Transport: String, Sendable { case tcp, udp }

        public let transport: Transport
        public let number: UInt16
        /// Whether it is one at this machine's IPv6 addresses, which the gateway lets others through to and does not forward.
        public let isIPv6: Bool

        public init(_ transport: Transport, _ number: UInt16, isIPv6: Bool = false) {
            self.transport = transport
            self.number = number
            self.isIPv6 = isIPv6
        }
    }

    /// A protocol in which a gateway is asked to forward ports.
    public enum GatewayProtocol: String, Sendable {
        /// RFC 6887
        case pcp = "PCP"
        /// RFC 6886
        case natPMP = "NAT-PMP"
        /// Internet Gateway Device of the UPnP Forum, version 1 or 2
        case upnp = "UPnP"
    }

    /// What is wrong with a gateway's UPnP.
    public enum UPnPFault: Error, Equatable, Sendable, CustomStringConvertible {
        /// Nobody accepts the connection, or it ends before the answer does.
        case unreachable
        /// The answer took longer than this.
        case slow(limit: Interval)
        /// A part of the answer has more bytes than this.
        case tooLong(limit: Int)
        /// The answer is not that to an action, but has this status. Nobody follows a redirect.
        case status(Int)
        /// The answer is no HTTP, or not the one to what was asked.
        case malformed
        /// It names an address that is not the gateway's. Nobody goes there.
        case elsewhere
        /// The description has no service that forwards ports.
        case noService
        /// It says that it forwards ports, and then that it does not, or to another machine.
        case otherMapping

        public var description: String {
            switch self {
            case .unreachable: "accepts no connection, or ends it too early"
            case .slow(let limit): "takes longer than \(limit.milliseconds) ms"
            case .tooLong(let limit): "sends more than \(limit) bytes"
            case .status(let status): "answers with status \(status)"
            case .malformed: "sends no answer that makes sense"
            case .elsewhere: "names another machine's address"
            case .noService: "has no service that forwards ports"
            case .otherMapping: "forwards the port to another machine, or not at all"
            }
        }
    }

    /// Why a gateway does not forward a port.
    public enum PortMappingError: Error, Equatable, Sendable, CustomStringConvertible {
        /// The gateway answers neither by PCP nor by NAT-PMP nor by UPnP, or has stopped answering.
        case silent
        /// The gateway refused, with this result code of the protocol.
        case refused(GatewayProtocol, code: UInt16)
        /// The gateway's answer makes no sense: no port, no address, or a time that is too short.
        case nonsense(GatewayProtocol)
        /// The gateway speaks UPnP, but not so that it could be used.
        case faulty(UPnPFault)
        /// The gateway's own address, of 4 bytes, or the one that it names for a port by IPv6, of 16, is private or between a carrier's NAT
        /// and its customers (100.64.0.0/10): there is a further NAT before the Internet.
        case notPublic([UInt8])
        /// The way to the Internet leads through another gateway, or through none, or this machine has another address.
        case networkChanged

        public var description: String {
            switch self {
            case .silent: "the gateway answers neither by PCP nor by NAT-PMP nor by UPnP"
            case .refused(let by, let code): "the gateway refuses by \(by.rawValue), code \(code)"
            case .nonsense(let by): "the gateway's answer by \(by.rawValue) makes no sense"
            case .faulty(let fault): "the gateway's UPnP \(fault)"
            case .notPublic([0, 0, 0, 0]): "the gateway has no address towards the Internet"
            case .notPublic(let ip):
                "the gateway's own address is \(String(decoding: IPAddressText.text(ip), as: UTF8.self)), so another NAT is between it and "
                    + "the Internet"
            case .networkChanged: "this machine's way to the Internet has changed"
            }
        }
    }

    /// A gateway began or ceased to forward a port to this node, or refuses to.
    public struct PortMappingChange: Equatable, Sendable {
        /// What the gateway does with the port.
        public enum State: Equatable, Sendable {
            /// Others reach the port there until then, as far as the gateway knows.
            case mapped(external: Endpoint, until: Instant)
            /// The same for longer.
            case renewed(external: Endpoint, until: Instant)
            case lost(PortMappingError)
            case refused(PortMappingError)
        }
        public let port: MappedPort
        public let state: State

        public init(_ port: MappedPort, _ state: State) {
            self.port = port
            self.state = state
        }

        var record: EventRecord {
            var (name, level, external, error) = ("", EventRecord.Level.info, Endpoint?.none, PortMappingError?.none)
            switch state {
            case .mapped(let at, _): (name, external) = ("mapped", at)
            case .renewed(let at, _): (name, level, external) = ("renewed", .debug, at)
            case .lost(let why): (name, level, error) = ("lost", .warning, why)
            // Most gateways forward nothing, and most users need not know.
            case .refused(let why): (name, level, error) = ("refused", why == .silent ? .debug : .info, why)
            }
            return EventRecord(
                "port-mapping", .address, level,
                [
                    "state": .text(name), "transport": .text(port.transport.rawValue), "port": .number(UInt64(port.number)),
                    "family": port.isIPv6 ? .text("ipv6") : nil,
                    "external": external.map {
                        .address(port.transport == .tcp ? .tcp(ip: $0.ip, port: $0.port) : .udp(ip: $0.ip, port: $0.port))
                    },
                    "reason": error.map { .described($0) },
                ])
        }
    }
#endif
