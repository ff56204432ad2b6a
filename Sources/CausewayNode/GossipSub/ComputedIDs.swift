#if !hasFeature(Embedded)
    import CausewayConnection
    import CausewayIdentity

    /// One message's ids in the forms that have to be computed of it. Empty: nobody uses the form, or it has none.
    struct ComputedID {
        var sha256: [UInt8] = []
        var sequenceSHA256: [UInt8] = []
        var own: [UInt8] = []

        subscript(form: IDForm) -> [UInt8] {
            switch form {
            case .sha256: sha256
            case .sequenceSHA256: sequenceSHA256
            case .own: own
            default: []
            }
        }
    }

    /// The ids of messages in the forms that have to be computed of them, so that an id alone says nothing of its message. They are
    /// computed in the forms that a configuration or a neighbour uses, and remembered for as long as messages are known.
    final class ComputedIDs {
        struct Known {
            /// Our form of the id.
            let id: [UInt8]
            let form: IDForm
        }

        private final class Entry {
            let id: [UInt8]
            let expires: Instant

            init(_ id: [UInt8], expires: Instant) {
                self.id = id
                self.expires = expires
            }
        }

        private let function: (@Sendable (GossipMessage) -> [UInt8])?
        private let lifetime: Interval
        private let limits: GossipLimits
        private var usesSHA256: Bool
        private var usesSequence: Bool
        private var known = BytesTable<Known>()
        private var order = FIFO<Entry>()

        init(_ form: MessageIDForm, lifetime: Interval, limits: GossipLimits) {
            if case .own(let function) = form { self.function = function } else { function = nil }
            self.lifetime = lifetime
            self.limits = limits
            usesSHA256 = form.fixed == .sha256
            usesSequence = form.fixed == .sequenceSHA256
        }

        var count: Int { order.count }
        private var isUsed: Bool { usesSHA256 || usesSequence || function != nil }

        /// From now on, a neighbour writes ids in this form.
        func use(_ form: IDForm) {
            if form == .sha256 { usesSHA256 = true }
            if form == .sequenceSHA256 { usesSequence = true }
        }

        /// What is known of an id. nil: no message that we have had recently has it.
        subscript(id: [UInt8]) -> Known? { isUsed ? known[id] : nil }

        /// The message's ids in the forms that are used.
        func compute(_ message: GossipMessage) -> ComputedID {
            var found = ComputedID()
            guard isUsed else { return found }
            if usesSHA256 { found.sha256 = SHA256.hash(message.data) }
            if usesSequence { found.sequenceSHA256 = Self.sequenceSHA256(of: message) }
            if let own = function?(message), own.count <= limits.messageID { found.own = own }
            return found
        }

        static func sequenceSHA256(of message: GossipMessage) -> [UInt8] { SHA256.hash(MessageID.decimal(message.sequenceNumber)) }

        /// Remembers a genuine message's ids. If two messages have the same, it is that of the first.
        func insert(_ computed: ComputedID, of id: [UInt8], now: Instant) {
            guard isUsed else { return }
            for form in [IDForm.sha256, .sequenceSHA256, .own] where !computed[form].isEmpty && known[computed[form]] == nil {
                forget(now: now)
                known[computed[form]] = Known(id: id, form: form)
                order.append(Entry(computed[form], expires: now + lifetime))
            }
        }

        func forget(now: Instant) {
            while let oldest = order.first, oldest.expires <= now || order.count >= limits.seen {
                known[oldest.id] = nil
                order.removeFirst()
            }
        }
    }

    /// How a neighbour's ids were tried to be read, if they are in no form that shows.
    struct ForeignIDs {
        /// Bound: of its ids that we have asked for, those that are compared with what comes. One would do if nothing were ever lost.
        static let kept = 8
        /// Bound: messages that came and had none of these ids in any form that we know, until the neighbour's form counts as unknown.
        static let trials = 64

        private(set) var asked: [[UInt8]] = []
        private var tried = 0

        /// The latest take the place of the earliest, which may have come from others.
        mutating func ask(_ id: [UInt8]) {
            if asked.count == Self.kept { asked.removeFirst() }
            asked.append(id)
        }

        /// The form in which one of the ids is the message's. `.foreign`: there is none, and no more trials are left. nil: not known yet.
        mutating func form(by message: GossipMessage) -> IDForm? {
            guard !asked.isEmpty, tried < Self.trials else { return nil }
            tried += 1
            for (form, id) in [
                (IDForm.sequenceSHA256, ComputedIDs.sequenceSHA256(of: message)), (.sha256, SHA256.hash(message.data)),
            ] where asked.contains(id) {
                self = ForeignIDs()
                return form
            }
            return tried < Self.trials ? nil : .foreign
        }
    }
#endif
