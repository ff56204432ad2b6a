#if !hasFeature(Embedded)
    /// The bytes of streams by the path of their connection, both directions together: direct, or through a relay.
    ///
    /// Connections between a node and its relay are left out: what runs over them is circuits, which count where they end, and the talk
    /// about them.
    public struct PathBytes: Equatable, Sendable {
        public var direct: UInt64 = 0
        public var relayed: UInt64 = 0

        public init() {}

        public static func += (a: inout PathBytes, b: PathBytes) {
            a.direct &+= b.direct
            a.relayed &+= b.relayed
        }
    }

    extension LinkSet {
        /// What all links of this thread have moved so far, those that are gone included.
        public var bytesByPath: PathBytes {
            var bytes = ended
            for member in members.values { add(member, to: &bytes) }
            return bytes
        }

        /// A link that has lost its circuit is still one that ran over it.
        func add(_ member: LinkMember, to bytes: inout PathBytes) {
            guard let link = member.link, !link.isToRelay else { return }
            if member.outer == nil { bytes.direct &+= link.moved } else { bytes.relayed &+= link.moved }
        }
    }
#endif
