#if !hasFeature(Embedded)
    /// An address of this node, whether others learn it, and why.
    public struct OwnAddressState: Equatable, Sendable {
        /// Why an address is advertised, or is not.
        public enum Reason: Equatable, Sendable {
            /// Others dialled it, and reached the node there, or did not.
            case reached, notReached
            /// The node listens there.
            case bound
            /// The user announces it.
            case announced
            /// The user announces others instead.
            case othersAnnounced
            /// Peers in enough networks see the node there.
            case observed(by: Int)
            /// Peers in so few networks see the node there that they may be wrong, and nobody has reached it there.
            case hardlyObserved(by: Int)
            /// Only its IP address was observed, by peers in so many networks, and nobody has reached the node there.
            case inferred(by: Int)
            /// A router says that it forwards the port, and nobody has reached the node there.
            case mapped
            /// A relay accepts circuits.
            case reserved
        }

        public let own: OwnAddress
        /// Peers elsewhere do not learn addresses of this machine and its network even so, if there are others.
        public let isAdvertised: Bool
        public let reason: Reason

        init(_ own: OwnAddress, isAdvertised: Bool, isReplaced: Bool) {
            self.own = own
            self.isAdvertised = isAdvertised
            reason =
                switch (own.verdict, own.source) {
                case (_, .bound) where isReplaced, (_, .observed) where isReplaced, (_, .inferred) where isReplaced: .othersAnnounced
                case (.reachable, _): .reached
                case (.unreachable, _): .notReached
                case (.unknown, .bound): .bound
                case (.unknown, .announced): .announced
                case (.unknown, .observed(let count)): isAdvertised ? .observed(by: count) : .hardlyObserved(by: count)
                case (.unknown, .inferred(let count)): .inferred(by: count)
                case (.unknown, .mapped): .mapped
                case (.unknown, .reservation): .reserved
                }
        }
    }

    extension OwnAddressState.Reason: CustomStringConvertible {
        /// A few words for people.
        public var description: String {
            switch self {
            case .reached: "others reached the node there"
            case .notReached: "others dialled it and did not reach the node"
            case .bound: "the node listens there"
            case .announced: "the user announces it"
            case .othersAnnounced: "the user announces others instead"
            case .observed(let count): "peers in \(count) networks see the node there"
            case .hardlyObserved(let count): "only peers in \(count) network(s) see the node there, and nobody has reached it"
            case .inferred(let count): "peers in \(count) network(s) see this IP address, and nobody has reached the node at this port"
            case .mapped: "a router forwards the port, and nobody has reached the node there"
            case .reserved: "a relay accepts circuits"
            }
        }
    }
#endif
