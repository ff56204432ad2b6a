public import CausewayIdentity
import CausewayNode

/// Asks a gateway whether it speaks PCP and NAT-PMP, and for its external address. Changes nothing there.
public struct GatewayInquiry {
    /// Bound: how often both are asked in all, the second time after this wait, then after twice as long. Together 1.4 s, as a gateway is
    /// near.
    static let requests = 3
    static let firstWait = Interval.milliseconds(200)
    /// PCP is the better one. If NAT-PMP answers first, PCP has this much time.
    static let grace = Interval.milliseconds(100)

    public private(set) var speaksPCP = false
    public private(set) var speaksNATPMP = false
    /// The gateway's external IPv4 address, of 4 bytes, as NAT-PMP says it.
    public private(set) var external: [UInt8]?
    private let client: [UInt8]
    private var sent = 0
    private var nextAt: Instant
    private var isSilent = false

    /// - Parameter client: this machine's address towards the gateway, of 4 bytes, or of 16: then it is asked for PCP alone.
    public init(from client: [UInt8], now: Instant) {
        self.client = client
        nextAt = now
    }

    /// Whether nothing more is to be asked or waited for: one has answered that will do, or nobody does.
    public func isOver(at now: Instant) -> Bool {
        speaksPCP || isSilent || (speaksNATPMP || sent == Self.requests) && nextAt <= now
    }

    public var nextDeadline: Instant { nextAt }

    /// What is to be sent.
    public mutating func advance(to now: Instant) -> [[UInt8]] {
        guard nextAt <= now, !isOver(at: now) else { return [] }
        nextAt = now + Interval(nanoseconds: Self.firstWait.nanoseconds << UInt64(sent))
        sent += 1
        return [PCP.announcement(from: client)] + (client.count == 4 ? [NATPMP.addressRequest] : [])
    }

    public mutating func received(_ bytes: [UInt8], now: Instant) {
        if let answer = PCP.Answer(bytes) {
            if answer.result == PCP.success || answer.result == PCP.unsupportedOpcode { speaksPCP = true }
        } else if let answer = NATPMP.Answer(bytes), case .address(let ip) = answer.content {
            external = ip
            speaksNATPMP = true
            nextAt = min(nextAt, now + Self.grace)
        }
    }

    /// The network says that nobody listens there.
    public mutating func refused() { isSilent = true }
}
