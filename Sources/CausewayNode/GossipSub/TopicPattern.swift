#if !hasFeature(Embedded)
    import CausewayIdentity

    /// A topic, or with a `*` at its end all topics whose names begin with what is before it.
    public struct TopicPattern: Equatable, Sendable, CustomStringConvertible {
        /// Why a text is no pattern.
        public enum Fault: Error, Equatable, Sendable {
            case empty
            /// A `*` stands elsewhere than at the end.
            case misplacedStar
        }

        private let stem: [UInt8]
        private let isOpen: Bool

        /// `chat`, `board/*`, `*`.
        public init(_ text: String) throws(Fault) {
            guard !text.isEmpty else { throw .empty }
            isOpen = text.hasSuffix("*")
            let name = isOpen ? text.dropLast() : text[...]
            guard !name.contains("*") else { throw .misplacedStar }
            stem = [UInt8](name.utf8)
        }

        /// Whether it stands for more topics than one.
        public var isOpenEnded: Bool { isOpen }
        public var description: String { String(decoding: stem, as: UTF8.self) + (isOpen ? "*" : "") }

        func fits(_ topic: [UInt8]) -> Bool { isOpen ? topic.starts(with: stem) : topic == stem }
    }
#endif
