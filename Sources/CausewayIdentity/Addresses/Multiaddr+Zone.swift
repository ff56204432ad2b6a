#if !hasFeature(Embedded)
    // A link-local address means something at one interface only: its zone, whose name is the machine's own (RFC 4007).
    extension Multiaddr {
        /// The name of the zone of the first hop's address.
        public var zone: [UInt8]? { components.first.flatMap { $0.code == MultiaddrCode.ip6zone ? $0.value : nil } }

        /// The address behind an `/ip6zone`.
        public func inZone(_ name: [UInt8]) -> Multiaddr {
            Multiaddr(unchecked: []).appending(code: MultiaddrCode.ip6zone, value: name).appending(self)
        }

        /// The address for other machines.
        public var withoutZone: Multiaddr {
            guard zone != nil else { return self }
            var bare = Multiaddr(unchecked: [])
            for part in components.dropFirst() { bare = bare.appending(code: part.code, value: part.value) }
            return bare
        }
    }
#endif
