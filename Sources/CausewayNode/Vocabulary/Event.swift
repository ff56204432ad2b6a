public import CausewayConnection
public import CausewayIdentity

/// What happens to a node. CONTRIBUTING.md ("Adding an event") says how an event gets from here to programs, logs and pages.
public indirect enum Event: Equatable, Sendable {
    /// The node listens. The addresses are those it advertises, each with the node's own peer id at the end. `Node.run()` of the
    /// native API reports it.
    case ready([Multiaddr])
    /// The advertised addresses have changed: listen addresses or circuit addresses.
    case addressesChanged([Multiaddr])
    #if !hasFeature(Embedded)
        /// What speaks for one of the node's addresses or against it has changed. Not about circuits.
        case ownAddress(OwnAddressState)
    #endif
    /// A connection was opened. This includes second and further connections to one peer.
    case connected(ConnectionDescription)
    case disconnected(ConnectionDescription, reason: ConnectionError)
    /// The first connection to a peer was opened, or its last connection was closed.
    case peerConnected(PeerID)
    case peerDisconnected(PeerID)
    /// The node refused an inbound connection, before its handshake or after it was authenticated. The event names the node's own limit
    /// that was reached, and its value.
    case refused(Multiaddr, LimitName, value: UInt64)
    /// New streams to the peer use this connection from now on: its first one, a direct one that was added to a relayed one, or one that is
    /// left.
    case pathChanged(PeerID, ConnectionDescription)
    case identified(PeerDescription)
    /// Identify failed for a peer. The connection stays open.
    case notIdentified(PeerID, IdentifyError)
    /// A peer announced itself for the first time, with other addresses than before, or after its last connection was closed.
    case discovered(PeerID, addresses: [Multiaddr], source: DiscoverySource)
    case reservation(ReservationChange)
    /// One address was tried, by this node, or by a peer as far as this node can tell.
    case dialAttempt(DialOutcome)
    /// A gossip neighbour subscribed to a topic or unsubscribed from it. Repetitions are not reported.
    case subscriptionChanged(SubscriptionChange)
    /// A gossip neighbour's message ids are in no form that this node knows (`MessageIDForm`), and its messages have none of these ids, so
    /// neither side can tell the other which messages it has. Messages that neither reaches by its mesh are lost.
    case foreignMessageIDs(PeerID)
    /// On a relay: a peer reserved, refreshed, left or was refused; a circuit opened or ended.
    case relay(RelayEvent)
    #if !hasFeature(Embedded)
        /// A gateway began or ceased to forward a port to this node, or refuses to.
        case portMapping(PortMappingChange)
    #endif
}

/// The form of discovery that found a peer.
public enum DiscoverySource: UInt8, Sendable {
    case pubsubProtobuf, pubsubJSON
    #if !hasFeature(Embedded)
        /// Multicast DNS in the local network.
        case mdns

        /// In one word, as programs read it.
        public var name: String {
            switch self {
            case .pubsubProtobuf: "protobuf"
            case .pubsubJSON: "json"
            case .mdns: "mdns"
            }
        }
    #endif
}

#if !hasFeature(Embedded)
    extension Event {
        /// The event for programs and logs.
        public var record: EventRecord {
            switch self {
            case .ready(let addresses): EventRecord("ready", .address, .info, ["addrs": .addresses(addresses)])
            case .addressesChanged(let addresses): EventRecord("addresses", .address, .info, ["addrs": .addresses(addresses)])
            case .ownAddress(let state): state.record
            case .connected(let connection): connection.record("connected")
            case .disconnected(let connection, let reason): connection.record("disconnected", reason: reason)
            case .peerConnected(let peer): EventRecord("peer-connected", .connection, .debug, ["peerId": .peer(peer)])
            case .peerDisconnected(let peer): EventRecord("peer-disconnected", .connection, .info, ["peerId": .peer(peer)])
            case .refused(let remote, let limit, let value):
                EventRecord(
                    "refused", .connection, .warning, ["addr": .address(remote), "reason": .described(limit), "limit": .number(value)])
            case .pathChanged(_, let connection): connection.record("path")
            case .identified(let peer):
                EventRecord(
                    "identified", .connection, .debug,
                    [
                        "peerId": .peer(peer.peer), "agent": .text(peer.agent), "addrs": .addresses(peer.listenAddresses),
                        "protocols": .texts(peer.protocolIDs),
                    ])
            case .notIdentified(let peer, let error):
                EventRecord("not-identified", .connection, .warning, ["peerId": .peer(peer), "error": .described(error)])
            case .discovered(let peer, let addresses, let source):
                EventRecord(
                    "discovered", .discovery, .debug,
                    [
                        "peerId": .peer(peer), "addrs": .addresses(addresses),
                        "source": .text(source.name),
                    ])
            case .reservation(let change): change.record
            case .dialAttempt(let outcome): outcome.record
            case .subscriptionChanged(let change):
                EventRecord(
                    "subscription", .gossip, .debug,
                    ["peerId": .peer(change.peer), "topic": .text(change.topic), "subscribed": .flag(change.isSubscribed)])
            case .foreignMessageIDs(let peer): EventRecord("foreign-message-ids", .gossip, .warning, ["peerId": .peer(peer)])
            case .relay(let event): event.record
            case .portMapping(let change): change.record
            }
        }
    }

    extension OwnAddressState {
        fileprivate var record: EventRecord {
            // What a few peers see is no news, and may be false.
            let isNews = isAdvertised || own.verdict != .unknown
            return EventRecord(
                "own-address", .address, reason == .notReached && isAdvertised ? .warning : isNews ? .info : .debug,
                [
                    "addr": .address(own.address), "source": .described(own.kind), "verdict": .described(own.verdict),
                    "advertised": .flag(isAdvertised), "reason": .described(reason),
                ])
        }
    }

    extension ConnectionDescription {
        fileprivate func record(_ name: String, reason: ConnectionError? = nil) -> EventRecord {
            var relay: PeerID?
            if case .relayed(let by, _) = path { relay = by }
            return EventRecord(
                name, .connection, .info,
                [
                    "peerId": .peer(peer), "addr": .address(remoteAddress), "inbound": .flag(isInbound), "limited": .flag(isLimited),
                    "relay": relay.map { .peer($0) }, "id": .number(UInt64(id)), "reason": reason.map { .described($0) },
                ])
        }
    }

    extension ReservationChange {
        fileprivate var record: EventRecord {
            var error: ReservationError?
            if case .failed(let why) = state { error = why }
            return EventRecord(
                "reservation", .reservation, state == .refreshed ? .debug : state == .made ? .info : .warning,
                [
                    "state": .text(state.name), "relay": .peer(relay), "error": error.map { .described($0) },
                    "addrs": reservation.map { .addresses($0.addresses) }, "expires": reservation.map { .number($0.expires) },
                ])
        }
    }

    extension DialOutcome {
        fileprivate var record: EventRecord {
            // That another address was faster, or that a remote named an address that this node does not dial, is no fault.
            let isUsual = [.connected, .cancelled, .backedOff, .hearsay].contains(result)
            return EventRecord(
                "dial", .dial, isUsual ? .debug : .warning,
                [
                    "addr": .address(address), "result": .described(result), "peerId": peer.map { .peer($0) }, "inbound": .flag(isInbound),
                    "ms": .number(took.milliseconds), "webrtc": peerConnection.map { .described($0) },
                ])
        }
    }
#endif
