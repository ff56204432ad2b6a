#if !hasFeature(Embedded)
    public import CausewayIdentity

    /// An event for programs and logs: its name, and its fields by name. JSON lines, the log and the simulator's trace are made of it.
    public struct EventRecord: Sendable {
        /// What the event is about.
        public enum Area: String, CaseIterable, Sendable {
            /// Under which addresses others reach this node.
            case address
            /// Who dials whom, under which address, and what comes of it.
            case dial
            /// Connections and their paths, and what identify tells.
            case connection
            /// Places at relays, had or given.
            case reservation
            /// Circuits through this relay.
            case circuit
            /// Subscriptions, and who is in whose mesh. Never what a message says.
            case gossip
            /// Peers that were found.
            case discovery
        }

        /// How much is told; each level includes those before it. No event has `off`.
        public enum Level: String, CaseIterable, Sendable, Comparable {
            case off
            /// What failed or was refused.
            case warning
            /// What changed: connections, reservations, circuits, addresses.
            case info
            /// Every attempt, and what other peers tell of themselves.
            case debug

            public static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }
            private var rank: Int { Level.allCases.firstIndex(of: self)! }
        }

        /// A field's value. It becomes text only when somebody reads it.
        public enum Value: Sendable {
            case peer(PeerID)
            case address(Multiaddr)
            case addresses([Multiaddr])
            case text(String)
            case texts([String])
            case number(UInt64)
            case flag(Bool)
            /// An error, a limit, a result: as its description says it.
            case described(any Sendable)
        }

        /// As in JSON lines: `connected`, `circuit-opened`.
        public let name: String
        public let area: Area
        public let level: Level
        public private(set) var fields: [(name: String, value: Value)]

        /// Fields without a value are left out.
        public init(_ name: String, _ area: Area, _ level: Level, _ fields: KeyValuePairs<String, Value?>) {
            self.name = name
            self.area = area
            self.level = level
            self.fields = fields.compactMap { name, value in value.map { (name, $0) } }
        }

        /// The record with one more field.
        public func adding(_ name: String, _ value: Value) -> EventRecord {
            var record = self
            record.fields.append((name, value))
            return record
        }

        /// The members of a JSON object, without the event's name.
        public var members: [JSON.Member] { fields.map { JSON.Member([UInt8]($0.name.utf8), $0.value.json) } }

        /// The name and each field as `name=value`, with quotation marks around a value that is empty or has spaces. A remote may have
        /// chosen what is in it. `naming`: how to write a peer.
        public func text(naming: (PeerID) -> String = \.description) -> String {
            fields.reduce(name) { "\($0) \($1.name)=\(Self.quoted($1.value.text(naming)))" }
        }

        private static func quoted(_ text: String) -> String {
            guard text.isEmpty || text.contains(where: { $0 == " " || $0 == "\"" }) else { return text }
            return "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\""))\""
        }
    }

    extension EventRecord.Value {
        fileprivate var json: JSON {
            switch self {
            case .addresses(let addresses): .array(addresses.map { .text($0.description) })
            case .texts(let texts): .array(texts.map { .text($0) })
            case .number(let number): .integer(Int64(clamping: number))
            case .flag(let flag): .bool(flag)
            case .peer, .address, .text, .described: .text(text(\.description))
            }
        }

        fileprivate func text(_ naming: (PeerID) -> String) -> String {
            switch self {
            case .peer(let peer): naming(peer)
            case .address(let address): address.description
            case .addresses(let addresses): addresses.map(\.description).joined(separator: " ")
            case .text(let text): text
            case .texts(let texts): texts.joined(separator: " ")
            case .number(let number): "\(number)"
            case .flag(let flag): "\(flag)"
            case .described(let value): "\(value)"
            }
        }
    }
#endif
