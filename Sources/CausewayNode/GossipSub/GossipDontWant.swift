#if !hasFeature(Embedded)
    import CausewayConnection
    import CausewayIdentity

    // IDONTWANT (gossipsub-v1.2.md): who has a large message says so to its mesh, which then sends it no further copy.
    extension GossipSub {
        /// For how many heartbeats a neighbour's IDONTWANT holds (go: 3).
        static let dontWantAge = 3
        /// Bound: an id that is in no form that we know and longer than this is not remembered.
        static let foreignIDLength = 128

        /// Tells the mesh that we have the message. Its signature was verified before: whoever forges a message under the id of a real one
        /// must not keep the real one from us. The application has not judged it yet.
        func tellDontWant(_ message: CachedMessage, on topic: GossipTopic, from sender: GossipPeer, in node: NodeContext) {
            for peer in topic.mesh where peer !== sender && peer.readsDontWant {
                let id = spelled(message, in: idForm(of: peer))
                if !id.isEmpty { send(GossipCodec.dontWant([id]), to: peer, in: node) }
            }
        }

        func receiveDontWant(_ entry: inout ProtobufReader, from peer: GossipPeer, in node: NodeContext) {
            while entry.advance() {
                guard entry.number == GossipCodec.dontWantIDs, entry.count <= configuration.limits.messageID else { continue }
                guard peer.behaviour.dontWantIDs < configuration.limits.dontWantIDs else { return count(.slight, of: peer, in: node) }
                peer.behaviour.dontWantIDs += 1
                peer.dontWantAge = Self.dontWantAge
                wake(in: node)
                let id = canonical(entry.content(), of: peer)
                guard entry.fault == nil, id.count <= Self.foreignIDLength else { continue }
                dontWant.insert(key(id, peer), now: node.now)
            }
        }

        /// Whether the peer has said of the message that it does not want it, in our form of the id or in its own.
        func isUnwanted(_ message: CachedMessage, by peer: GossipPeer) -> Bool {
            guard peer.dontWantAge > 0 else { return false }
            if dontWant.contains(key(message.id, peer)) { return true }
            let computed = message.computed[idForm(of: peer)]
            return !computed.isEmpty && dontWant.contains(key(computed, peer))
        }

        private func key(_ id: [UInt8], _ peer: GossipPeer) -> [UInt8] {
            var key = id
            for shift: UInt64 in [0, 8, 16, 24, 32, 40, 48, 56] { key.append(UInt8(truncatingIfNeeded: peer.id >> shift)) }
            return key
        }
    }
#endif
