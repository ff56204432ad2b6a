import CausewayConnection
import CausewayIdentity

extension RelayServer {
    /// Answers RESERVE. Asking again refreshes the reservation, even at a full relay, but not from another place that is full.
    func reserve(_ hop: HopStream, _ link: ConnectedLink, in node: NodeContext) {
        guard !link.isRelayed else {
            refuseReservation(hop, link.peer, HopStatus.permissionDenied, nil, in: node)
            return
        }
        let key = AddressKey(link.remoteAddress)
        if let limit = reservations.refusal(of: link.peer, key: key, limits: limits) {
            let status = limit.name == .reservations ? HopStatus.reservationRefused : HopStatus.resourceLimitExceeded
            refuseReservation(hop, link.peer, status, limit, in: node)
            return
        }
        let former = reservations[link.peer]
        let expires = node.unixSeconds + limits.reservationTime.seconds
        let voucher: [UInt8]
        if let former, former.expires == expires {
            voucher = former.voucher
        } else {
            voucher = Voucher(relay: node.peerID, peer: link.peer, expiration: expires).sealed(by: node.identity) ?? []
        }
        reservations.insert(
            HopReservation(
                peer: link.peer, key: key, deadline: node.now + limits.reservationTime, expires: expires, voucher: voucher))
        if former == nil {
            node.connections.protect(link.peer, tag: Self.protection)
            totals.reservationsMade += 1
        } else {
            totals.reservationsRefreshed += 1
        }
        let reservation = ReservationAnswer(
            expire: expires, lasts: limits.reservationTime.seconds,
            addresses: ownAddresses(for: link, besides: voucher.count, in: node), voucher: voucher)
        answer(hop, with: .status(HopStatus.ok, reservation: reservation, limit: advertisedLimit), in: node)
        node.emit(.relay(.reserved(link.peer, refreshed: former != nil, expires: expires)))
    }

    private func refuseReservation(_ hop: HopStream, _ peer: PeerID, _ status: UInt16, _ limit: ReachedLimit?, in node: NodeContext) {
        totals.reservationsRefused += 1
        answer(hop, status, in: node)
        node.emit(.relay(.reservationRefused(peer, status: status, limit: limit)))
    }

    /// Our addresses, each with our peer id, as many as fit into one message. If none is known, the one at which this peer reached us:
    /// rust-libp2p drops a reservation without addresses.
    private func ownAddresses(for link: ConnectedLink, besides voucher: Int, in node: NodeContext) -> [[UInt8]] {
        var room = HopCodec.messageSize - voucher - 128
        var addresses: [[UInt8]] = []
        var known = node.addresses.advertised(for: .reservation)
        if known.isEmpty, link.isInbound { known = [link.localAddress] }
        for address in known {
            let full = address.peerID == nil ? address.appending(node.peerID) : address
            room -= full.bytes.count + 3
            guard room >= 0 else { break }
            addresses.append(full.bytes)
        }
        return addresses
    }

    func end(reservation peer: PeerID, in node: NodeContext) {
        if reservations.remove(peer) != nil { tellEnd(of: peer, in: node) }
    }

    func tellEnd(of peer: PeerID, in node: NodeContext) {
        node.connections.unprotect(peer, tag: Self.protection)
        node.emit(.relay(.reservationEnded(peer)))
    }

    /// nil if circuits are unlimited: a limit that limits nothing would make peers keep gossip and other protocols off the circuit.
    var advertisedLimit: CircuitLimit? { limits.circuit.isUnlimited ? nil : limits.circuit }
}
