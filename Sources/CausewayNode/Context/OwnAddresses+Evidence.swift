import CausewayConnection
public import CausewayIdentity

// What speaks for this node's addresses and against them.
#if hasFeature(Embedded)
    // A page has the addresses of its reservations alone. The relay's client takes them back in time, and nobody else dials them.
    extension OwnAddresses {
        func isShown(_ one: OwnAddress, after shown: [Multiaddr]) -> Bool { true }
        func travelling(_ addresses: [Multiaddr], _ audience: Audience) -> [Multiaddr] { addresses }
        func judged(_ new: OwnAddress) -> OwnAddress { new }
    }
#else
    extension OwnAddresses {
        /// Peers in so many networks have to see an address before it is advertised unproven (go-libp2p: 4 peers): one could lie, or be in
        /// our own network.
        static let observers = 4

        func isShown(_ one: OwnAddress, after shown: [Multiaddr]) -> Bool { isAdvertised(one) && !shown.contains(one.address) }

        private func isAdvertised(_ one: OwnAddress) -> Bool {
            if one.kind == .announced { return true }
            if one.verdict == .unreachable || isReplaced(one) { return false }
            switch one.source {
            case .observed(let count): return one.verdict == .reachable || count >= Self.observers
            case .inferred, .mapped: return one.verdict == .reachable
            case .bound, .announced, .reservation: return true
            }
        }

        /// Whether the user announces others in place of the address.
        private func isReplaced(_ one: OwnAddress) -> Bool {
            (one.kind == .bound || one.kind == .observed) && all.first?.kind == .announced
        }

        /// Those that mean something to the audience. Elsewhere, an address of this machine or its network leads to others, if anywhere. If
        /// there are no other ones, it may still help a peer behind the same router.
        func travelling(_ addresses: [Multiaddr], _ audience: Audience) -> [Multiaddr] {
            guard audience != .identify else { return addresses }
            var far: [Multiaddr] = []
            for address in addresses where !address.reach.isLocal { far.append(address) }
            return far.isEmpty ? addresses : far
        }

        /// Those that the shell or the user named, whatever others found there.
        var configured: [Multiaddr] {
            var addresses: [Multiaddr] = []
            for one in all where one.kind == .announced || one.kind == .bound && !isReplaced(one) { addresses.append(one.address) }
            return addresses
        }

        /// All addresses, with what speaks for each and whether it is advertised.
        public var states: [OwnAddressState] {
            var states: [OwnAddressState] = []
            for one in all { states.append(OwnAddressState(one, isAdvertised: isAdvertised(one), isReplaced: isReplaced(one))) }
            return states
        }

        /// The addresses of `/webrtc-direct` name these certificates from now on.
        func certify(by multihashes: [[UInt8]], in node: NodeContext) {
            var new: [OwnAddress] = []
            for one in all {
                let isDirect = one.address.transport == .webRTCDirect
                new.append(isDirect ? OwnAddress(one.address.naming(certificates: multihashes), one.source, one.verdict) : one)
            }
            set(new, in: node)
        }

        /// The address with the verdict that it has already.
        func judged(_ new: OwnAddress) -> OwnAddress {
            for one in all where one.address == new.address && new.verdict == .unknown {
                return OwnAddress(new.address, new.source, one.verdict)
            }
            return new
        }

        // MARK: Changes

        /// Reports each address on which opinions have changed, and tells protocols if there are other addresses or verdicts. Reservations
        /// have events of their own, and a listener is no news.
        func tellChanges(since before: [OwnAddressState], _ old: [OwnAddress], in node: NodeContext) {
            for state in states where state.own.kind != .reservation {
                let known = before.first { $0.own.address == state.own.address && $0.own.kind == state.own.kind }
                let hasVerdict = state.own.verdict != (known?.own.verdict ?? .unknown)
                let isFound = state.own.kind == .mapped || state.own.kind == .observed
                guard hasVerdict || isFound && (known == nil || state.isAdvertised != known?.isAdvertised) else { continue }
                node.emit(.ownAddress(state))
            }
            let isSame = old.count == all.count && zip(old, all).allSatisfy { $0.address == $1.address && $0.verdict == $1.verdict }
            if !isSame { node.wishes.append(.ownAddressesChanged) }
        }

        // MARK: Expiry

        public var nextDeadline: Instant {
            var soonest = Instant.distantFuture
            for one in all { soonest = min(soonest, one.expires) }
            return soonest
        }

        public func advance(in node: NodeContext) {
            var left: [OwnAddress] = []
            for one in all where one.expires > node.now { left.append(one) }
            set(left, in: node)
        }
    }
#endif
