extension CheckReport {
    /// The report for programs: docs/check.md lists its members. Times are in milliseconds.
    package var json: [JSON.Member] {
        let object = JSON.object([
            "summary": .text(verdict.summary.rawValue), "finding": .text(verdict.finding.rawValue),
            "cause": verdict.diagnosis.map { .text($0.cause.rawValue) }, "sentence": .text(verdict.sentence),
            "remedy": .text(verdict.remedy), "ms": .ms(facts.took), "ipv4": facts.ipv4.json, "ipv6": facts.ipv6.json,
            "carrierGrade": facts.carrierGrade.map { .text($0.rawValue) }, "gateway": facts.gateway?.json,
            "ownAddresses": .array(facts.ownAddresses.map(\.json)), "relays": .array(facts.relays.map(\.json)), "peer": facts.peer?.json,
        ])
        return object.object ?? []
    }
}

extension FamilyFacts {
    fileprivate var json: JSON {
        .object([
            "source": source.map { .ip($0) }, "mapped": mapped.map { .endpoint($0) }, "nat": isTranslated.map { .bool($0) },
            "mapping": mapping.map { .text($0.rawValue) }, "filtering": isTranslated == true ? "unknown" : nil,
            "hairpinning": hairpins.map { .bool($0) },
            "udp": .object([
                "asked": .integer(Int64(answers.count)), "answered": .integer(Int64(answers.count { $0.mapped != nil })),
                "servers": .array(answers.map(\.json)),
            ]),
            "tcp": .object(["tried": .integer(Int64(tcpTried)), "accepted": .integer(Int64(tcpAccepted))]),
        ])
    }
}

extension STUNAnswer {
    fileprivate var json: JSON {
        let code: UInt16? = if case .refused(let error)? = outcome { error.number } else { nil }
        return .object([
            "server": .endpoint(server), "mapped": mapped.map { .endpoint($0) }, "refused": code.map { .integer(Int64($0)) },
            "ms": roundTrip.map { .ms($0) },
        ])
    }
}

extension RelayFacts {
    fileprivate var json: JSON {
        .object([
            "addr": .text(address.description), "reached": .bool(connection != nil), "connectMs": connectedIn.map { .ms($0) },
            "pingMs": roundTrip.map { .ms($0) }, "agent": info.map { .text($0.agent) }, "reservation": place.json,
            "stun": .array(stunServers.map { .endpoint($0) }), "attempts": .array(failures.map(\.json)),
        ])
    }
}

extension RelayFacts.Place {
    fileprivate var json: JSON {
        switch self {
        case .notAnswered: .object(["state": "notAnswered"])
        case .granted(let reservation):
            .object([
                "state": "granted", "expires": .integer(Int64(clamping: reservation.expires)),
                "circuitBytes": reservation.limit?.bytes.map { .integer(Int64(clamping: $0)) },
                "circuitSeconds": reservation.limit?.seconds.map { .integer(Int64($0)) },
            ])
        case .refused(let error): .object(["state": "refused", "error": .text(error.description)])
        }
    }
}

extension GatewayFacts {
    fileprivate var json: JSON {
        .object([
            "addr": .ip(address), "mapsBy": .array(mapsBy.map { .text($0) }), "external": external.map { .ip($0) },
        ])
    }
}

extension PeerFacts {
    fileprivate var json: JSON {
        .object([
            "peerId": .text(peer.description), "connected": .bool(connection != nil),
            "direct": connection.map { .bool(!$0.path.isRelayed) }, "addr": connection.map { .text($0.remoteAddress.description) },
            "agent": info.map { .text($0.agent) }, "offersUpgrade": offersUpgrade.map { .bool($0) },
            "attempts": .array(attempts.map(\.json)), "pending": pending.map { .text($0.description) },
        ])
    }
}

extension DialOutcome {
    fileprivate var json: JSON {
        .object([
            "addr": .text(address.description), "result": .text(result.description), "ms": .integer(Int64(clamping: took.milliseconds)),
            "inbound": .bool(isInbound), "webrtc": peerConnection.map { .text($0.description) },
        ])
    }
}

extension JSON {
    fileprivate static func ip(_ ip: [UInt8]) -> JSON { .text(ip.addressText) }
    fileprivate static func endpoint(_ endpoint: Endpoint) -> JSON { .text(endpoint.text) }
    fileprivate static func ms(_ interval: Interval) -> JSON { .number(Double(interval.nanoseconds / 10_000) / 100) }
}

extension Endpoint {
    /// `203.0.113.5:4001`, `[2001:db8::1]:4001`.
    package var text: String { isIPv4 ? "\(ip.addressText):\(port)" : "[\(ip.addressText)]:\(port)" }
}

extension [UInt8] {
    /// An IP address of 4 or 16 bytes as text.
    package var addressText: String {
        guard count == 4 || count == 16 else { return "" }
        return String(Multiaddr.udp(ip: self, port: 1).description.split(separator: "/")[1])
    }
}
