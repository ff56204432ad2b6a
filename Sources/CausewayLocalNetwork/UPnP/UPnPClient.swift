public import CausewayIdentity
import CausewayNode

/// Finds the gateway's UPnP service for its connection to the Internet, and asks it one thing at a time.
///
/// A machine: its driver gives it datagrams that came for its search, what the one connection brings that `connect` has opened, and the
/// time, and does what `wishes` says after each of these. It goes to no other host than the gateway, whoever names one.
public struct UPnPClient {
    /// What is wanted of the driver.
    public enum Wish: Equatable, Sendable {
        /// Send this to `SSDP.group`, and to the same port of the gateway.
        case search([UInt8])
        /// Open a connection in place of any other, send this, and give back what comes.
        case connect(Endpoint, request: [UInt8])
        case disconnect
    }

    /// What has come of it.
    enum News: Equatable {
        /// The service is there, and says that this is the gateway's address, of 4 bytes.
        case ready([UInt8])
        case answered(UPnPAction, UPnPAction.Answer)
        /// The search or the last request has failed; nil: nobody answered the search.
        case failed(UPnPFault?)
    }

    private enum Stage {
        /// Nothing is asked.
        case idle
        case searching
        case describing(GatewayURL)
        /// The services before this one have no address.
        case choosing([UPnPService], Int)
        case ready(UPnPService)
    }
    private struct Exchange {
        /// nil: it is for a description.
        let action: UPnPAction?
        var answer: HTTPAnswer
        let deadline: Instant
    }

    let limits: UPnPLimits
    private let client: [UInt8]
    private let gateway: [UInt8]
    private var stage = Stage.idle
    /// How often this search has asked, and when the next question is due.
    private var searches = 0
    private var nextSearch = Instant.distantFuture
    private var exchange: Exchange?
    /// Descriptions that were named, and how many of them were asked for.
    private var locations: [GatewayURL] = []
    private var fetched = 0
    private var answers = 0
    /// What was wrong last during this search.
    private var fault: UPnPFault?
    public private(set) var wishes: [Wish] = []
    /// Whether a service for forwarding has answered.
    public private(set) var hasService = false
    /// The gateway's address towards the Internet, of 4 bytes, as it said last.
    public private(set) var external: [UInt8]?

    /// - Parameters:
    ///   - client: this machine's IPv4 address towards the gateway, 4 bytes.
    ///   - gateway: its own, 4 bytes.
    public init(from client: [UInt8], to gateway: [UInt8], limits: UPnPLimits = UPnPLimits()) {
        self.client = client
        self.gateway = gateway
        self.limits = limits
    }

    /// What the driver is to do, each once.
    public mutating func takeWishes() -> [Wish] {
        defer { wishes = [] }
        return wishes
    }

    var kind: UPnPService.Kind? { if case .ready(let service) = stage { service.kind } else { nil } }
    /// Whether an action can be asked for.
    var isReady: Bool { kind != nil && exchange == nil }
    /// Whether it neither searches nor has found anything.
    public var isIdle: Bool { if case .idle = stage { true } else { false } }
    /// Whether answers to the search are read.
    public var isSearching: Bool {
        switch stage {
        case .searching, .describing: true
        case .idle, .choosing, .ready: false
        }
    }

    public var nextDeadline: Instant {
        if let exchange { return exchange.deadline }
        if case .searching = stage { return nextSearch }
        return .distantFuture
    }

    // MARK: What is asked

    /// Begins, or begins again, in place of everything else.
    public mutating func search(now: Instant) {
        disconnect()
        (locations, fetched, answers, fault) = ([], 0, 0, nil)
        (stage, searches, nextSearch) = (.searching, 0, now)
        _ = advance(to: now)
    }

    /// Nothing is asked any more.
    public mutating func stop() {
        disconnect()
        stage = .idle
    }

    /// Only if `isReady`.
    mutating func ask(_ action: UPnPAction, now: Instant) {
        guard case .ready(let service) = stage, exchange == nil else { return }
        ask(action, of: service, now: now)
    }

    private mutating func ask(_ action: UPnPAction, of service: UPnPService, now: Instant) {
        begin(action, at: service.control, request: action.request(to: service, from: client), body: limits.answerSize, now: now)
    }

    private mutating func begin(_ action: UPnPAction?, at url: GatewayURL, request: [UInt8], body: Int, now: Instant) {
        guard let endpoint = url.endpoint else { return }
        exchange = Exchange(
            action: action, answer: HTTPAnswer(head: limits.headSize, body: body), deadline: now + limits.exchangeTime)
        wishes.append(.connect(endpoint, request: request))
    }

    private mutating func disconnect() {
        guard exchange != nil else { return }
        exchange = nil
        wishes.append(.disconnect)
    }

    // MARK: What comes

    /// Time has passed.
    mutating func advance(to now: Instant) -> News? {
        if let exchange {
            return exchange.deadline <= now ? failed(.slow(limit: limits.exchangeTime), now: now) : nil
        }
        guard case .searching = stage, nextSearch <= now else { return nil }
        guard searches < limits.searches else {
            stage = .idle
            return .failed(fault)
        }
        searches += 1
        nextSearch = now + limits.searchWait
        wishes.append(.search(SSDP.search))
        return nil
    }

    /// Time has passed: for a driver that only asks what is there.
    public mutating func pass(to now: Instant) { _ = advance(to: now) }

    /// A datagram that came for the search, from anybody.
    public mutating func found(_ bytes: [UInt8], from sender: Endpoint, now: Instant) {
        guard isSearching, sender.ip == gateway, answers < limits.answers else { return }
        answers += 1
        guard let text = SSDP.location(in: bytes) else { return }
        do throws(UPnPFault) {
            let location = try GatewayURL(text, at: gateway, longest: limits.addressSize)
            guard !locations.contains(location), locations.count < limits.locations else { return }
            locations.append(location)
            if case .searching = stage { describe(now: now) }
        } catch {
            fault = error
        }
    }

    /// Bytes have come by the connection.
    mutating func received(_ bytes: [UInt8], now: Instant) -> News? {
        guard exchange != nil else { return nil }
        do throws(UPnPFault) {
            guard let answer = try exchange?.answer.receive(bytes) else { return nil }
            return try answered(answer.status, answer.body, now: now)
        } catch {
            return failed(error, now: now)
        }
    }

    /// The connection has ended, or could not be opened.
    mutating func ended(now: Instant) -> News? {
        guard let exchange else { return nil }
        guard let answer = exchange.answer.ended() else { return failed(.unreachable, now: now) }
        do throws(UPnPFault) {
            return try answered(answer.status, answer.body, now: now)
        } catch {
            return failed(error, now: now)
        }
    }

    /// Bytes have come by the connection, and the connection has ended or could not be opened: for such a driver, too.
    public mutating func receive(_ bytes: [UInt8], now: Instant) { _ = received(bytes, now: now) }
    public mutating func end(now: Instant) { _ = ended(now: now) }

    // MARK: The steps

    /// Fetches the next description that was named.
    private mutating func describe(now: Instant) {
        let location = locations[fetched]
        fetched += 1
        stage = .describing(location)
        let request = "GET \(location.path) HTTP/1.1\r\nHost: \(location.authority)\r\nConnection: close\r\n\r\n"
        begin(nil, at: location, request: Array(request.utf8), body: limits.descriptionSize, now: now)
    }

    private mutating func answered(_ status: Int, _ body: [UInt8], now: Instant) throws(UPnPFault) -> News? {
        guard let action = exchange?.action else {
            guard status == 200, case .describing(let location) = stage else { throw .status(status) }
            let services = try UPnPService.all(in: body, at: location, limits)
            disconnect()
            stage = .choosing(services, 0)
            ask(.address, of: services[0], now: now)
            return nil
        }
        let answer = try action.answer(status: status, body)
        disconnect()
        if case .address(let ip?) = answer { external = ip }
        guard case .choosing(let services, let index) = stage else { return .answered(action, answer) }
        hasService = true
        guard case .address(let ip?) = answer else {
            // The connection to the Internet may be another service's.
            if index + 1 < services.count { return choose(services, index + 1, now: now) }
            stage = .ready(services[0])
            return .ready([0, 0, 0, 0])
        }
        stage = .ready(services[index])
        return .ready(ip)
    }

    private mutating func choose(_ services: [UPnPService], _ index: Int, now: Instant) -> News? {
        stage = .choosing(services, index)
        ask(.address, of: services[index], now: now)
        return nil
    }

    private mutating func failed(_ fault: UPnPFault, now: Instant) -> News? {
        self.fault = fault
        disconnect()
        switch stage {
        case .describing, .choosing:
            if case .choosing(let services, let index) = stage, index + 1 < services.count { return choose(services, index + 1, now: now) }
            if fetched < locations.count {
                describe(now: now)
                return nil
            }
            // Another one may be named yet: a stranger's answer can be faster than the gateway's.
            stage = .searching
            return advance(to: now)
        case .idle, .searching, .ready: return .failed(fault)
        }
    }

    /// Ends what is being asked, and says what it was.
    mutating func cancel() -> UPnPAction? {
        defer { disconnect() }
        return exchange?.action
    }
}
