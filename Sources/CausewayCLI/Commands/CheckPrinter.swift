import Causeway

/// A check's report for people: the verdict, and below it what was found, in aligned lines.
struct CheckPrinter {
    /// Columns of the terminal. Sentences are broken there, and not later than after 100 characters, which nobody likes to read further.
    let width: Int
    private static let indent = 10
    private static let widest = 100

    func lines(_ report: CheckReport) -> [TerminalLine] {
        verdict(report.verdict) + [""] + rows(report.facts).flatMap(lines)
    }

    // MARK: The verdict

    private func verdict(_ verdict: CheckVerdict) -> [TerminalLine] {
        let colour: Terminal.Colour =
            switch verdict.summary {
            case .green: .green
            case .orange: .yellow
            case .red: .red
            }
        let word = verdict.summary.rawValue
        let text = broken(verdict.sentence) + broken(verdict.remedy)
        return text.enumerated().map { index, line in
            index == 0 ? "\("● " + word, colour)\(padding(word.count + 2))\(line)" : "\(padding(0))\(line)"
        }
    }

    // MARK: The facts

    /// A line of facts: what it is about, if that is new, and the fact.
    private struct Row {
        let title: String
        let text: String

        init(_ title: String, _ text: String) {
            self.title = title
            self.text = text
        }
    }

    private func rows(_ facts: CheckFacts) -> [Row] {
        var rows = family("IPv4", facts.ipv4) + family("IPv6", facts.ipv6)
        if let gateway = facts.gateway { rows.append(Row("router", describe(gateway))) }
        if let evidence = facts.carrierGrade { rows.append(Row("provider", describe(evidence))) }
        for (index, own) in facts.ownAddresses.enumerated() { rows.append(Row(index == 0 ? "own" : "", describe(own))) }
        for relay in facts.relays { rows += describe(relay) }
        if let peer = facts.peer { rows += describe(peer) }
        rows.append(Row("took", Amount.milliseconds(facts.took.duration)))
        return rows
    }

    private func lines(_ row: Row) -> [TerminalLine] {
        broken(row.text).enumerated().map { index, line -> TerminalLine in
            if index > 0 { return "\(padding(0))  \(line)" }
            return row.title.isEmpty ? "\(padding(0))\(line)" : "\(row.title, .bold)\(padding(row.title.count))\(line)"
        }
    }

    private func broken(_ text: String) -> [String] {
        Paragraph.lines(text, width: max(min(width, Self.widest) - Self.indent - 2, 20))
    }

    private func padding(_ used: Int) -> String { String(repeating: " ", count: max(1, Self.indent - used)) }

    private func family(_ name: String, _ family: FamilyFacts) -> [Row] {
        guard let source = family.source else { return [Row(name, "no address, or no way to others")] }
        var rows = [Row(name, source.addressText + (family.mapped.map { ", seen as \($0.text)" } ?? ""))]
        if family.answers.isEmpty {
            rows.append(Row("", "UDP not tried: there is no STUN server to ask"))
        } else {
            let answered = family.answers.compactMap { $0.mapped == nil ? nil : $0.roundTrip }
            let fastest = answered.min().map { ", the fastest in \(Amount.milliseconds($0.duration))" } ?? ""
            rows.append(Row("", "UDP \(answered.count) of \(family.answers.count) servers answered\(fastest)"))
        }
        if family.tcpTried > 0 { rows.append(Row("", "TCP \(family.tcpAccepted) of \(family.tcpTried) addresses accepted")) }
        if let mapping = family.mapping { rows.append(Row("", describe(mapping, family))) }
        return rows
    }

    private func describe(_ mapping: NATMapping, _ family: FamilyFacts) -> String {
        let hairpins = family.hairpins.map { $0 ? "yes" : "no" } ?? "unknown"
        guard mapping != .none else { return "no NAT" }
        let words =
            switch mapping {
            case .unknown: "unknown (one server only)"
            case .endpointDependent: "address-dependent or address-and-port-dependent"
            case .none, .endpointIndependent, .addressDependent, .addressAndPortDependent: mapping.rawValue
            }
        return "NAT mapping \(words), filtering unknown, hairpinning \(hairpins)"
    }

    private func describe(_ gateway: GatewayFacts) -> String {
        let ways = gateway.mapsBy.isEmpty ? "forwards no ports by itself" : "forwards ports by \(gateway.mapsBy.joined(separator: ", "))"
        return "\(gateway.address.addressText) \(ways)" + (gateway.external.map { ", outside \($0.addressText)" } ?? "")
    }

    private func describe(_ evidence: CarrierGradeEvidence) -> String {
        switch evidence {
        case .ownAddress: "a NAT of the provider's: this machine's address is one of those between it and its customers"
        case .gatewayAddress: "a NAT of the provider's: the router's outside address is no public one"
        case .differentAddress: "a NAT of the provider's: the router's outside address is not the one that others see"
        }
    }

    private func describe(_ own: OwnAddressState) -> String {
        let use = own.isAdvertised ? "told to others" : "not told to others"
        return "\(short(own.own.address)), \(own.own.kind), \(own.own.verdict), \(use): \(own.reason)"
    }

    private func describe(_ relay: RelayFacts) -> [Row] {
        var rows = [Row("relay", "\(relay.address.peerID.map { short($0) } ?? "") at \(short(relay.address))")]
        guard relay.connection != nil else {
            if relay.failures.isEmpty { rows.append(Row("", "no answer in time")) }
            for failure in relay.failures { rows.append(Row("", describe(failure, besides: relay.address))) }
            return rows
        }
        var reached = relay.connectedIn.map { "reached in \(Amount.milliseconds($0.duration))" } ?? "connected"
        if let roundTrip = relay.roundTrip { reached += ", ping \(Amount.milliseconds(roundTrip.duration))" }
        if let info = relay.info { reached += ", \(info.agent)" }
        rows.append(Row("", reached))
        switch relay.place {
        case .notAnswered: rows.append(Row("", "place: no answer"))
        case .granted(let reservation): rows.append(Row("", "place granted; each circuit may have \(describe(reservation.limit))"))
        case .refused(let error): rows.append(Row("", "no place: \(error)"))
        }
        return rows
    }

    private func describe(_ limit: CircuitLimit?) -> String {
        guard let limit else { return "all it wants" }
        return "\(Quantity.size(limit.bytes)) and \(Quantity.time(limit.seconds.map { UInt64($0) }))"
    }

    private func describe(_ peer: PeerFacts) -> [Row] {
        var rows = [Row("peer", peer.peer.description)]
        for attempt in peer.attempts where attempt.result != .cancelled {
            rows.append(Row("", "tried \(describe(attempt, besides: nil))"))
        }
        if let pending = peer.pending { rows.append(Row("", "tries WebRTC: \(pending)")) }
        switch peer.connection?.path {
        case .direct(.webRTC)?: rows.append(Row("", "direct by WebRTC"))
        case .direct(let transport)?: rows.append(Row("", "direct over \(transport)"))
        case .relayed(let relay, let limit)?:
            rows.append(Row("", "connected through relay \(short(relay))\(limit == nil ? "" : ", limited")"))
        case nil: rows.append(Row("", "not connected"))
        }
        if let info = peer.info { rows.append(Row("", "runs \(info.agent)")) }
        return rows
    }

    private func describe(_ outcome: DialOutcome, besides known: Multiaddr?) -> String {
        guard outcome.address.withoutPeerID != known?.withoutPeerID else { return outcome.result.description }
        let report = outcome.peerConnection.map { "; WebRTC: \($0)" } ?? ""
        let side = outcome.isInbound ? " (by the peer)" : ""
        return "\(short(outcome.address))\(side): \(outcome.result) (\(Amount.milliseconds(outcome.took.duration))\(report))"
    }

    /// The last characters of an id, by which people tell peers apart.
    private func short(_ peer: PeerID) -> String { "…" + peer.description.suffix(8) }

    /// Without ids and hashes of certificates, which fill lines.
    private func short(_ address: Multiaddr) -> String {
        let words = address.description.split(separator: "/")
        var kept = ""
        var index = 0
        while index < words.count {
            if ["p2p", "certhash"].contains(words[index]) {
                index += 2
            } else {
                kept += "/" + words[index]
                index += 1
            }
        }
        return kept
    }
}
