#if !hasFeature(Embedded)
    /// What the two ends of a resumable stream say over each stream that carries it (docs/resumable.md). Numbers are big-endian.
    ///
    /// The opener begins with an `Opening`, the acceptor with an `Answer`. Frames follow: one byte of kind and three of length, then the
    /// content. A position counts the bytes of one direction; its end counts as one more.
    public enum ResumptionFrame {
        /// The protocol by which a resumable stream of an application's protocol is carried.
        public static func protocolID(for protocolID: String) -> String { "/causeway/resumable/1\(protocolID)" }

        static let header = 4
        /// The content of a data frame at most.
        static let dataSize = (64 << 10) - header

        enum Kind: UInt8 {
            /// Bytes of the stream.
            case data = 0
            /// The application has read all before this position: 8 bytes.
            case confirmed = 1
            /// The direction's end: no content.
            case end = 2
            /// The stream is reset, and does not go on: an error code of 4 bytes.
            case reset = 3
        }

        /// The opener's first message: whether the stream is new, its token, and the opener's position.
        public struct Opening: Equatable, Sendable {
            public static let size = 25
            public static let tokenSize = 16
            /// The acceptor makes the stream if it does not know it.
            public var isNew: Bool
            public var token: [UInt8]
            public var received: UInt64

            public init(isNew: Bool, token: [UInt8], received: UInt64) {
                self.isNew = isNew
                self.token = token
                self.received = received
            }

            public var bytes: [UInt8] { [isNew ? 0 : 1] + token + ResumptionFrame.bytes(received) }

            public init(_ bytes: [UInt8]) throws(ResumptionFault) {
                guard bytes.count == Self.size, bytes[0] <= 1 else { throw .malformed }
                isNew = bytes[0] == 0
                token = Array(bytes[1..<17])
                received = ResumptionFrame.number(bytes[17...])
            }
        }

        /// The acceptor's first message: how it decided, and its position.
        public struct Answer: Equatable, Sendable {
            public static let size = 9
            public var refusal: ResumptionFault?
            public var received: UInt64

            public init(refusal: ResumptionFault? = nil, received: UInt64 = 0) {
                self.refusal = refusal
                self.received = received
            }

            public var bytes: [UInt8] {
                let status: UInt8 =
                    switch refusal {
                    case nil: 0
                    case .tooManyStreams: 2
                    case .impossiblePosition: 3
                    default: 1
                    }
                return [status] + ResumptionFrame.bytes(received)
            }

            public init(_ bytes: [UInt8]) throws(ResumptionFault) {
                guard bytes.count == Self.size else { throw .malformed }
                switch bytes[0] {
                case 0: refusal = nil
                case 1: refusal = .unknownStream
                case 2: refusal = .tooManyStreams
                case 3: refusal = .impossiblePosition
                default: throw .malformed
                }
                received = ResumptionFrame.number(bytes[1...])
            }
        }

        static func bytes(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) } }

        static func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

        static func header(_ kind: Kind, _ length: Int) -> [UInt8] {
            [kind.rawValue, UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff)]
        }
    }
#endif
