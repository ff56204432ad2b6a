#if !hasFeature(Embedded)
    import CausewayConnection
    import CausewayIdentity

    /// Finds out by elimination in which form a neighbour writes ids: it is told those of a message that it has, and asks for all that are
    /// not its own.
    struct FormTrial {
        let expires: Instant
        private(set) var left: [(form: IDForm, id: [UInt8])]

        init(_ ids: [(form: IDForm, id: [UInt8])], expires: Instant) {
            left = ids
            self.expires = expires
        }

        /// The neighbour has asked for this id.
        mutating func note(_ id: [UInt8]) { left.removeAll { $0.id == id } }

        /// `.foreign`: it is none of these forms. nil: it has not answered yet.
        var result: IDForm? {
            switch left.count {
            case 0: .foreign
            case 1: left[0].form
            default: nil
            }
        }
    }

    // How a neighbour's ids are read if they are in no form that shows, or if it shows none.
    extension GossipSub {
        /// We may have asked for a message that we have, by an id that we could not read: how the neighbour forms its ids shows then, too.
        func learnForm(of peer: GossipPeer, fromCopy fields: MessageFields, on topic: GossipTopic, in node: NodeContext) {
            guard configuration.signed, !peer.foreignIDs.asked.isEmpty else { return }
            turn -= fields.size / configuration.limits.bytesPerWork
            let author = try? PeerID(fields.content(MessageFields.from))
            learnForm(of: peer, from: message(fields, by: author, on: topic, from: peer), in: node)
        }

        /// One of the ids that we have asked the peer for may be the message's.
        func learnForm(of peer: GossipPeer, from message: GossipMessage, in node: NodeContext) {
            guard configuration.signed, let form = peer.foreignIDs.form(by: message) else { return }
            set(form, of: peer, in: node)
        }

        /// The peer has asked for a message that it sent us: it does not know its id as we have written it. Each such request is a promise
        /// that we break, so the next one shall be the last.
        func tryForms(of peer: GossipPeer, with message: CachedMessage, in node: NodeContext) {
            guard configuration.signed, configuration.messageID.fixed == nil, peer.idForm == nil else { return }
            guard peer.formTrial.map({ $0.expires <= node.now }) ?? true else { return }
            let doubted = idForm(of: peer)
            let ids = self.ids(of: message).filter { $0.form != doubted && !$0.id.isEmpty }
            peer.formTrial = FormTrial(ids, expires: node.now + Self.trialTime)
            send(GossipCodec.have(message.topic, ids: ids.map { $0.id }), to: peer, droppable: true, in: node)
        }

        /// A trial that nobody answers is repeated after this time.
        private static let trialTime = Interval.seconds(3)

        /// The RPC has been read to its end.
        func settleTrial(of peer: GossipPeer, in node: NodeContext) {
            guard let form = peer.formTrial?.result else { return }
            peer.formTrial = nil
            if peer.idForm == nil { set(form, of: peer, in: node) }
        }

        private func set(_ form: IDForm, of peer: GossipPeer, in node: NodeContext) {
            peer.idForm = form
            computed.use(form)
            if form == .foreign, configuration.messageID.fixed == nil { node.emit(.foreignMessageIDs(peer.peer)) }
        }

        /// A signed message's ids in all forms that a neighbour may use.
        private func ids(of kept: CachedMessage) -> [(form: IDForm, id: [UInt8])] {
            turn -= kept.frame.count / configuration.limits.bytesPerWork
            let sequence = [UInt8](kept.id.suffix(MessageID.sequenceLength))
            return [
                (.go, spelled(kept, in: .go)), (.js, spelled(kept, in: .js)), (.rust, spelled(kept, in: .rust)),
                (.sha256, SHA256.hash(MessageCodec.data(in: kept.frame))),
                (.sequenceSHA256, SHA256.hash(MessageID.decimal(sequence))),
            ]
        }
    }
#endif
