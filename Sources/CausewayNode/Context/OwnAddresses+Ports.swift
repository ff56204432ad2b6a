import CausewayIdentity

#if !hasFeature(Embedded)
    extension OwnAddresses {
        /// The port at which this node listens for plain TCP, to be dialled from: that of a listener in the remote's family that may be
        /// reached from where the remote is. nil: there is none.
        func listenPort(toward remote: Multiaddr) -> UInt16? {
            guard case .ip(let far)? = remote.host else { return nil }
            for one in all where one.kind == .bound && one.address.transport == .tcp {
                guard case .ip(let ip)? = one.address.host, ip.count == far.count,
                    remote.reach == .loopback || one.address.reach != .loopback
                else { continue }
                return one.address.port
            }
            return nil
        }
    }
#endif
