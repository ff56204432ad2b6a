public import CausewayIdentity
import CausewayNode

/// What `MulticastDiscovery` wants of its driver.
public enum MulticastDiscoveryOutput: Equatable, Sendable {
    /// Send this to `MulticastDiscovery.group` and `MulticastDiscovery.group6`, as far as the network has them.
    case send([UInt8])
    /// A peer says that it is at these addresses, without `/p2p/…`. Nobody has proven anything.
    case found(PeerID, addresses: [Multiaddr])
}

/// Finds peers in one network by multicast DNS, and tells them of this node (libp2p's specification: discovery/mdns.md; RFC 6762).
///
/// A machine for one interface: its driver gives it what comes there for the groups of IPv4 and IPv6 and the time, and drains
/// `pollOutput`. It asks for the service at once and then ever less often, and answers questions for the service, for its own records and
/// for all services.
///
/// An answer has what the specification wants and more, because of others: js-libp2p looks for TXT among the answers alone, so it is not
/// among the additional records; go-libp2p (zeroconf) ignores a peer without SRV and an A record.
public final class MulticastDiscovery {
    /// 224.0.0.251 and ff02::fb, UDP port 5353.
    public static let group = Endpoint(ip: [224, 0, 0, 251], port: port)!
    public static let group6 = Endpoint(ip: [0xff, 0x02] + [UInt8](repeating: 0, count: 13) + [0xfb], port: port)!
    public static let port: UInt16 = 5353

    let limits: MulticastDiscoveryLimits
    let peer: PeerID
    /// `<random>._p2p._udp.local`: not the peer's id, which might be too long for a label.
    let instance: [UInt8]
    /// `<random>.local`
    let host: [UInt8]
    var senders = BytesTable<MulticastSender>()
    var messages: Allowance
    var reports: Allowance
    var found = FoundPeers()
    private var random: RandomSource
    private var addresses: [Multiaddr] = []
    /// The interface's own, of 4 and of 16 bytes.
    private var ips: [[UInt8]] = []

    private var nextQuestion: Instant
    private var interval: Interval
    private var lastQuestion: Instant?
    /// A question besides, because somebody else has asked who may be new: js-libp2p answers, but says nothing without being asked.
    private var extraQuestion = Instant.distantFuture
    private var heardAt = Instant(nanoseconds: 0)
    private var nextAnswer = Instant.distantFuture
    private var lastAnswer: Instant?
    /// Somebody asks for all services.
    private var tellsServices = false
    /// How often this node tells of itself without a question (RFC 6762, section 8.3).
    private var announcements = 0
    private var outputs: [MulticastDiscoveryOutput] = []
    private var polled = 0

    /// - Parameter seed: for this node's name and for delays.
    public init(_ peer: PeerID, seed: UInt64, limits: MulticastDiscoveryLimits = MulticastDiscoveryLimits(), now: Instant) {
        self.peer = peer
        self.limits = limits
        random = RandomSource(seed: seed)
        var label: [UInt8] = []
        for _ in 0..<32 {
            let digit = UInt8(random.below(36))
            label.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
        instance = DNSName.child(label, of: DNSName.service)
        host = DNSName.child(label, of: DNSName.local)
        messages = Allowance(atOnce: limits.messages.atOnce, perSecond: limits.messages.perSecond)
        reports = Allowance(atOnce: limits.reports.atOnce, perSecond: limits.reports.perSecond)
        interval = limits.firstInterval
        nextQuestion = now
        nextQuestion = now + delay()
    }

    public func pollOutput() -> MulticastDiscoveryOutput? {
        guard polled < outputs.count else {
            outputs.removeAll(keepingCapacity: true)
            polled = 0
            return nil
        }
        polled += 1
        return outputs[polled - 1]
    }

    func append(_ output: MulticastDiscoveryOutput) { outputs.append(output) }

    // MARK: Inputs

    /// Where peers of this network reach this node, in place of what was said before. If there is nothing, it asks and does not answer.
    /// - Parameter ips: the interface's own addresses, of 4 and of 16 bytes.
    public func setAddresses(_ addresses: [Multiaddr], ips: [[UInt8]], now: Instant) {
        let ips = Array(ips.prefix(limits.hostAddresses))
        guard addresses != self.addresses || ips != self.ips else { return }
        self.addresses = addresses
        self.ips = ips
        guard !addresses.isEmpty else { return }
        announcements = 2
        answer(within: now)
    }

    /// A datagram for the group from a machine of this network.
    public func received(_ bytes: [UInt8], from sender: Endpoint, now: Instant) {
        // RFC 6762, section 11: whoever may bind the port of multicast DNS.
        guard sender.port == Self.port, isAllowed(sender, now: now), let message = try? DNSMessage(bytes, limits: limits) else { return }
        if message.isAnswer { heard(message, from: sender, now: now) } else { asked(message, now: now) }
    }

    private func asked(_ message: DNSMessage, now: Instant) {
        let knowsUs = message.pointers.contains { $0.instance == instance && $0.lifetime >= limits.lifetime / 2 }
        if message.questions.contains(where: { $0.name == DNSName.service && $0.asks(for: DNSMessage.RecordType.pointer) }) {
            serviceAsked(now: now)
        }
        for question in message.questions {
            switch question.name {
            case DNSName.service where question.asks(for: DNSMessage.RecordType.pointer) && !knowsUs: answer(within: now)
            case DNSName.services where question.asks(for: DNSMessage.RecordType.pointer):
                tellsServices = true
                answer(within: now)
            case instance where question.asks(for: DNSMessage.RecordType.text) || question.asks(for: DNSMessage.RecordType.server):
                answer(within: now)
            case host where question.asks(for: DNSMessage.RecordType.a) || question.asks(for: DNSMessage.RecordType.aaaa):
                answer(within: now)
            default: break
            }
        }
    }

    /// Somebody asks for all peers, perhaps this node itself. The first one to ask after that does so for all (RFC 6762, section 7.3).
    private func serviceAsked(now: Instant) {
        guard let lastQuestion else { return }
        if extraQuestion != .distantFuture {
            // The same question has come by the other family's group.
            guard now - heardAt >= limits.shortestDelay else { return }
            extraQuestion = .distantFuture
            self.lastQuestion = now
        } else if now - lastQuestion >= limits.questionGap {
            heardAt = now
            extraQuestion = now + delay()
        }
    }

    /// Has all others forget this node.
    public func end() {
        guard !addresses.isEmpty else { return }
        var writer = DNSWriter(isAnswer: true)
        writer.add(DNSName.service, type: DNSMessage.RecordType.pointer, lifetime: 0, isOurs: false, instance + [0])
        append(.send(writer.bytes))
    }

    // MARK: Time

    public var nextDeadline: Instant { min(nextQuestion, extraQuestion, nextAnswer) }

    public func advance(to now: Instant) {
        if min(nextQuestion, extraQuestion) <= now { ask(now: now) }
        guard nextAnswer <= now else { return }
        nextAnswer = .distantFuture
        lastAnswer = now
        append(.send(ownAnswer()))
        tellsServices = false
        announcements = max(0, announcements - 1)
        if announcements > 0 { answer(within: now) }
    }

    private func ask(now: Instant) {
        var writer = DNSWriter(isAnswer: false)
        writer.ask(DNSName.service, type: DNSMessage.RecordType.pointer)
        append(.send(writer.bytes))
        lastQuestion = now
        extraQuestion = .distantFuture
        guard nextQuestion <= now else { return }
        nextQuestion = now + interval
        interval = min(Interval(nanoseconds: 2 * interval.nanoseconds), limits.longestInterval)
    }

    /// Answers after a short time, and not too soon after the last answer.
    private func answer(within now: Instant) {
        guard !addresses.isEmpty else { return }
        var at = now + delay()
        if let lastAnswer { at = max(at, lastAnswer + limits.answerGap) }
        nextAnswer = min(nextAnswer, at)
    }

    private func delay() -> Interval {
        let range = limits.longestDelay.nanoseconds - min(limits.shortestDelay.nanoseconds, limits.longestDelay.nanoseconds)
        return Interval(nanoseconds: limits.shortestDelay.nanoseconds + random.next() % (range + 1))
    }

    // MARK: What this node says of itself

    private func ownAnswer() -> [UInt8] {
        let lifetime = limits.lifetime
        var writer = DNSWriter(isAnswer: true)
        writer.add(DNSName.service, type: DNSMessage.RecordType.pointer, lifetime: lifetime, isOurs: false, instance + [0])
        if tellsServices {
            let service = DNSName.service + [0]
            writer.add(DNSName.services, type: DNSMessage.RecordType.pointer, lifetime: lifetime, isOurs: false, service)
        }
        var server: [UInt8] = [0, 0, 0, 0]
        server.append(number: addresses.first?.port ?? 0)
        server += host + [0]
        let tail = server.count + ips.reduce(0) { $0 + host.count + DNSWriter.headSize + $1.count }
        let room = limits.answerSize - writer.bytes.count - tail - 2 * (instance.count + DNSWriter.headSize)
        writer.add(instance, type: DNSMessage.RecordType.text, lifetime: lifetime, isOurs: true, texts(within: room))
        writer.add(instance, type: DNSMessage.RecordType.server, lifetime: lifetime, isOurs: true, isAdditional: true, server)
        for ip in ips {
            let type = ip.count == 4 ? DNSMessage.RecordType.a : DNSMessage.RecordType.aaaa
            writer.add(host, type: type, lifetime: lifetime, isOurs: true, isAdditional: true, ip)
        }
        return writer.bytes
    }

    /// As many addresses as fit, each as one string.
    private func texts(within room: Int) -> [UInt8] {
        var data: [UInt8] = []
        for address in addresses.prefix(limits.ownAddresses) {
            let text = FoundPeer.prefix + address.appending(peer).text
            guard text.count <= 255, data.count + 1 + text.count <= room else { continue }
            data.append(UInt8(text.count))
            data += text
        }
        return data
    }
}

extension DNSMessage.Question {
    fileprivate func asks(for type: UInt16) -> Bool { self.type == type || self.type == DNSMessage.RecordType.any }
}
