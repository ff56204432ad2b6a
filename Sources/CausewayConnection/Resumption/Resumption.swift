#if !hasFeature(Embedded)
    /// One end of a resumable stream: what was sent and is not confirmed, and how far the remote has been heard. It knows no connection and
    /// no time.
    ///
    /// A position counts the bytes of a direction; its end counts as one more. Over each stream that carries it, both ends say first how
    /// far they have received (`resume`), then send frames from there on. What the application has read is confirmed, and no more than
    /// `window` may be unconfirmed: so what arrives is always taken, and no confirmation waits behind bytes that nobody reads.
    public struct Resumption: Sendable {
        /// How much of a direction may be unconfirmed.
        public static let window = 1 << 20
        /// How much is read until it is confirmed, if the direction goes on.
        private static let confirmEvery: UInt64 = 64 << 10
        /// Small writes are kept together in pieces of this size: by itself, an array of one byte takes sixty.
        private static let joined = 4000
        /// Large writes are kept in pieces of this size, which are released one by one.
        private static let largest = 64 << 10

        /// Of our direction: how far the remote has confirmed, how far this carrier has been sent, and what was written.
        public private(set) var confirmed: UInt64 = 0
        private var sent: UInt64 = 0
        private var written: UInt64 = 0
        private var isEnded = false
        private var resetCode: UInt32?
        /// The farthest that any carrier was sent: no remote can have received more.
        private var farthest: UInt64 = 0
        /// The bytes from `first` on.
        private var kept: [[UInt8]] = []
        private var first: UInt64 = 0

        /// Of the remote's direction.
        public private(set) var received: UInt64 = 0
        public private(set) var remoteHasEnded = false
        private var consumed: UInt64 = 0
        /// What was confirmed over this carrier.
        private var told: UInt64 = 0
        private var confirmsNow = false
        private var reader = ResumptionReader()

        public init() {}

        // MARK: Our direction

        /// Bytes that were written and not confirmed.
        public var unconfirmed: Int { Int(written - min(confirmed, written)) }

        /// In how many arrays the unconfirmed bytes lie.
        var pieces: Int { kept.count }

        /// How many bytes these arrays have.
        var keptBytes: Int { kept.reduce(0) { $0 + $1.count } }

        /// Whether the remote has yet to confirm something that was sent or waits to be sent.
        public var awaitsConfirmation: Bool { confirmed < end }

        public var hasEnded: Bool { isEnded || isReset }

        public var isReset: Bool { resetCode != nil }

        /// Whether the remote has confirmed everything, the end included.
        public var isDelivered: Bool { isEnded && confirmed == end }

        /// Whether nothing is left to be sent or to be received by either side.
        public var isComplete: Bool { isDelivered && remoteHasEnded && told == received }

        private var end: UInt64 { isEnded ? written + 1 : written }

        /// Takes bytes to be sent, and keeps them until they are confirmed.
        public mutating func write(_ bytes: ArraySlice<UInt8>) {
            guard !isEnded, !bytes.isEmpty else { return }
            written += UInt64(bytes.count)
            if let last = kept.last, last.count + bytes.count <= Self.joined {
                return kept[kept.count - 1].append(contentsOf: bytes)
            }
            // Copied: a slice would keep the whole of what the application wrote.
            var rest = bytes
            while !rest.isEmpty {
                kept.append(Array(rest.prefix(Self.largest)))
                rest = rest.dropFirst(Self.largest)
            }
        }

        /// Ends our direction.
        public mutating func finish() { isEnded = true }

        /// Ends both directions: the reset is all that is still sent.
        public mutating func reset(code: UInt32) {
            resetCode = code
            kept = []
        }

        /// The application has read that many bytes, or will not read them.
        public mutating func consume(_ count: Int) { consumed += UInt64(count) }

        /// The end counts as read when all before it is.
        private var read: UInt64 { remoteHasEnded && consumed + 1 == received ? received : consumed }

        /// Has all confirmed that was read, however little: nothing more comes for now.
        public mutating func confirmNow() { confirmsNow = read != told }

        /// The next bytes for the stream that carries this one, at most about 64 KiB. nil: there is nothing to send.
        /// - Parameter withData: false if the bytes that were written have to wait.
        public mutating func nextOutput(withData: Bool = true) -> [UInt8]? {
            if let resetCode {
                return ResumptionFrame.header(.reset, 4) + ResumptionFrame.bytes(UInt64(resetCode)).suffix(4)
            }
            var output: [UInt8] = []
            if read != told, read - told >= Self.confirmEvery || remoteHasEnded && read == received || confirmsNow {
                told = read
                confirmsNow = false
                output += ResumptionFrame.header(.confirmed, 8) + ResumptionFrame.bytes(told)
            }
            if withData, sent < written { appendData(&output) }
            if isEnded, sent == written {
                sent += 1
                output += ResumptionFrame.header(.end, 0)
            }
            farthest = max(farthest, sent)
            return output.isEmpty ? nil : output
        }

        private mutating func appendData(_ output: inout [UInt8]) {
            var size = Int(min(written - sent, UInt64(ResumptionFrame.dataSize)))
            output.reserveCapacity(output.count + size + 2 * ResumptionFrame.header)
            output += ResumptionFrame.header(.data, size)
            var (index, skipped) = place(of: sent)
            sent += UInt64(size)
            while size > 0 {
                let part = kept[index].dropFirst(skipped).prefix(size)
                output += part
                size -= part.count
                (index, skipped) = (index + 1, 0)
            }
        }

        /// Where a position lies in what is kept.
        private func place(of position: UInt64) -> (index: Int, skipped: Int) {
            var left = Int(position - first)
            var index = 0
            while index < kept.count, left >= kept[index].count {
                left -= kept[index].count
                index += 1
            }
            return (index, left)
        }

        // MARK: The remote's direction

        /// Takes what a carrier brought, and passes the stream's own bytes on. Returns the code if the remote reset the stream.
        public mutating func receive(_ chunk: [UInt8], _ deliver: (ArraySlice<UInt8>) -> Void) throws(ResumptionFault) -> UInt32? {
            var rest = chunk[...]
            while let frame = try reader.next(&rest) {
                switch frame {
                case .data(let bytes):
                    guard !remoteHasEnded else { throw .malformed }
                    received += UInt64(bytes.count)
                    guard received - consumed <= UInt64(Self.window) else { throw .tooMuchUnconfirmed }
                    deliver(bytes)
                case .end:
                    guard !remoteHasEnded else { throw .malformed }
                    remoteHasEnded = true
                    received += 1
                case .confirmed(let position): try confirm(position)
                case .reset(let code): return code
                }
            }
            return nil
        }

        private mutating func confirm(_ position: UInt64) throws(ResumptionFault) {
            guard position >= confirmed, position <= farthest else { throw .impossiblePosition }
            confirmed = position
            var dropped = 0
            while dropped < kept.count, first + UInt64(kept[dropped].count) <= confirmed {
                first += UInt64(kept[dropped].count)
                dropped += 1
            }
            if dropped > 0 { kept.removeFirst(dropped) }
        }

        // MARK: The next carrier

        /// Goes on over another stream, from where the remote says that it has received everything. Our own position was or will be told to
        /// it before any frame.
        public mutating func resume(remoteReceived: UInt64) throws(ResumptionFault) {
            guard remoteReceived >= confirmed, remoteReceived <= farthest else { throw .impossiblePosition }
            sent = remoteReceived
            // What was confirmed last may have been lost.
            told = 0
            confirmNow()
            reader = ResumptionReader()
        }
    }
#endif
