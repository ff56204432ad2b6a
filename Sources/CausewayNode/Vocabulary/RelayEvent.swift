public import CausewayConnection
public import CausewayIdentity

/// Something that happened at a relay.
public indirect enum RelayEvent: Equatable, Sendable {
    case reserved(PeerID, refreshed: Bool, expires: UInt64)
    /// The reservation expired, or the peer's last connection closed.
    case reservationEnded(PeerID)
    /// `limit`: the relay's limit that was reached, if it was one.
    case reservationRefused(PeerID, status: UInt16, limit: ReachedLimit?)
    case circuitOpened(circuit: UInt32, source: PeerID, target: PeerID, limit: CircuitLimit)
    /// `sent`: the bytes from source to target. `returned`: those from target to source. `limit`: the limit that ended the circuit, if one
    /// did.
    case circuitClosed(circuit: UInt32, source: PeerID, target: PeerID, sent: UInt64, returned: UInt64, lasted: Interval, limit: LimitName?)
    /// `limit`: the relay's limit that was reached, if it was one.
    case circuitRefused(source: PeerID, target: PeerID?, status: UInt16, limit: ReachedLimit?)
}

#if !hasFeature(Embedded)
    extension RelayEvent {
        var record: EventRecord {
            switch self {
            case .reserved(let peer, let refreshed, let expires):
                EventRecord(
                    "reserved", .reservation, refreshed ? .debug : .info,
                    ["peerId": .peer(peer), "refreshed": .flag(refreshed), "expires": .number(expires)])
            case .reservationEnded(let peer): EventRecord("reservation-ended", .reservation, .info, ["peerId": .peer(peer)])
            case .reservationRefused(let peer, let status, let limit):
                EventRecord(
                    "reservation-refused", .reservation, .warning,
                    [
                        "peerId": .peer(peer), "status": .number(UInt64(status)), "reason": limit.map { .described($0.name) },
                        "limit": limit.map { .number($0.value) },
                    ])
            case .circuitOpened(let circuit, let source, let target, _):
                EventRecord(
                    "circuit-opened", .circuit, .info,
                    ["circuit": .number(UInt64(circuit)), "source": .peer(source), "target": .peer(target)])
            case .circuitClosed(let circuit, let source, let target, let sent, let returned, let lasted, let limit):
                EventRecord(
                    "circuit-closed", .circuit, .info,
                    [
                        "circuit": .number(UInt64(circuit)), "source": .peer(source), "target": .peer(target), "sent": .number(sent),
                        "returned": .number(returned), "ms": .number(lasted.milliseconds), "reason": limit.map { .described($0) },
                    ])
            case .circuitRefused(let source, let target, let status, let limit):
                EventRecord(
                    "circuit-refused", .circuit, .warning,
                    [
                        "source": .peer(source), "target": target.map { .peer($0) }, "status": .number(UInt64(status)),
                        "reason": limit.map { .described($0.name) }, "limit": limit.map { .number($0.value) },
                    ])
            }
        }
    }
#endif
