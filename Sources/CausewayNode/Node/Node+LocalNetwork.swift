// A page listens nowhere, and hears nothing of its network.
#if !hasFeature(Embedded)
    import CausewayConnection
    public import CausewayIdentity

    // What the shell learns from the local network.
    extension Node {
        /// A gateway began or ceased to forward a port, or refuses to.
        /// - Parameter addresses: all that are mapped now. nil: the same as before.
        public func portMappingChanged(_ change: PortMappingChange, addresses: [OwnAddress]?, now: Instant) {
            begin(now)
            context.emit(.portMapping(change))
            if let addresses { context.addresses.replace(.mapped, by: addresses, in: context) }
            settle()
        }

        /// Multicast DNS has found a peer. Nobody has proven the addresses, which are without `/p2p/…`.
        public func found(_ peer: PeerID, addresses: [Multiaddr], now: Instant) {
            begin(now)
            services.localDiscovery?.found(peer, at: addresses, in: context)
            settle()
        }
    }
#endif
