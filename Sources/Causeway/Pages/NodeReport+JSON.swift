import CausewayConnection

extension NodeReport {
    /// The report in the form that the status page reads. Times are in seconds, sizes in bytes.
    var json: JSON {
        .object([
            "version": .text(causewayVersion), "peerId": .text(peerID.description), "agent": .text(agent),
            "addresses": .array(addresses.map { .text($0.description) }), "stun": .array(stunURLs.map { .text($0) }),
            "ownAddresses": .array(ownAddresses.map(\.json)), "directShare": directShare.json, "uptime": .seconds(uptime),
            "counts": status.json, "limits": limits, "peers": .array(peers.map(\.json)),
            "reservations": .array(places.map { ["peer": .text($0.peer.description), "remaining": .seconds($0.remaining)] }),
            "circuits": .array(circuits.map(\.json)), "topics": .array(topics.map(\.json)),
        ])
    }

    private var limits: JSON {
        .object([
            "listed": .integer(Int64(listLimit)), "connections": .integer(Int64(connectionLimit)),
            "reservations": relayService.map { .integer(Int64($0.reservations)) },
            "reservationSeconds": relayService.map { .seconds($0.lifetime) },
            "circuits": relayService.map { .integer(Int64($0.circuits)) },
            "circuitsPerPeer": relayService.map { .integer(Int64($0.circuitsPerPeer)) },
            "circuitBytes": relayService?.circuitLimit.bytes.map { .count($0) },
            "circuitSeconds": relayService?.circuitLimit.seconds.map { .integer(Int64($0)) },
        ])
    }
}

extension NodeStatus {
    fileprivate var json: JSON {
        [
            "peers": .integer(Int64(peers)), "connections": .integer(Int64(connections)),
            "connectionsRefused": .count(connectionsRefused), "reservations": .integer(Int64(reservations)),
            "circuits": .integer(Int64(circuits)), "relayedBytes": .count(relayedBytes), "reservationsMade": .count(reservationsMade),
            "reservationsRefused": .count(reservationsRefused), "circuitsOpened": .count(circuitsOpened),
            "circuitsRefused": .count(circuitsRefused),
        ]
    }
}

extension OwnAddressState {
    var json: JSON {
        [
            "addr": .text(own.address.description), "source": .text("\(own.kind)"), "verdict": .text("\(own.verdict)"),
            "advertised": .bool(isAdvertised), "reason": .text(reason.description),
        ]
    }
}

extension DirectShare {
    /// With the names that `causeway peer --json` has. A share that there is not yet is left out.
    fileprivate var json: JSON {
        .object([
            "directPeers": .count(directPeers), "relayedPeers": .count(relayedPeers), "becameDirect": .count(becameDirect),
            "directBytes": .count(directBytes), "relayedBytes": .count(relayedBytes),
            "shareOfPeers": ofPeers.map { .number($0) }, "shareOfBytes": ofBytes.map { .number($0) },
        ])
    }
}

extension NodeReport.Peer {
    fileprivate var json: JSON {
        let transport =
            switch connection.path {
            case .direct(let transport): transport.description
            case .relayed: "relayed"
            }
        return .object([
            "id": .text(connection.peer.description), "agent": agent.map { .text($0) }, "transport": .text(transport),
            "inbound": .bool(connection.isInbound), "connectedFor": .seconds(connectedFor), "reservedFor": reservedFor.map { .seconds($0) },
        ])
    }
}

extension NodeReport.Circuit {
    fileprivate var json: JSON {
        .object([
            "id": .integer(Int64(id)), "source": .text(source.description), "target": .text(target.description), "sent": .count(sent),
            "returned": .count(returned), "age": .seconds(age), "limitBytes": limit.bytes.map { .count($0) },
            "limitSeconds": limit.seconds.map { .integer(Int64($0)) },
        ])
    }
}

extension NodeReport.Topic {
    fileprivate var json: JSON {
        [
            "name": .text(name), "mesh": .array(mesh.map { .text($0.description) }),
            "subscribers": .array(subscribers.map { .text($0.description) }),
        ]
    }
}

extension JSON {
    fileprivate static func count(_ value: UInt64) -> JSON { .integer(Int64(clamping: value)) }
    fileprivate static func seconds(_ interval: Interval) -> JSON { .count(interval.seconds) }
}
