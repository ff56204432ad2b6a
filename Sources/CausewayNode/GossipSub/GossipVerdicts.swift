#if !hasFeature(Embedded)
    import CausewayConnection
    import CausewayIdentity

    /// A genuine message that waits for the application's verdict.
    final class UnjudgedMessage {
        let number: UInt32
        let peer: GossipPeer
        let size: Int
        let deadline: Instant
        /// nil: it was judged.
        fileprivate(set) var content: (kept: CachedMessage, message: GossipMessage)?

        init(number: UInt32, _ kept: CachedMessage, _ message: GossipMessage, from peer: GossipPeer, deadline: Instant) {
            self.number = number
            self.peer = peer
            size = kept.frame.count
            self.deadline = deadline
            content = (kept, message)
        }
    }

    // The application judges the messages of a topic (gossipsub-v1.1.md, "Extended Validators"). Nothing is delivered or forwarded, and
    // its id is not gossiped, before the verdict.
    extension GossipSub {
        /// From now on, the application judges the topic's messages of other peers, or does not any more: `NodeEvent.unjudged` asks,
        /// `judge` answers. Returns false if the name is empty or too long.
        @discardableResult
        public func setJudged(_ name: [UInt8], _ isJudged: Bool) -> Bool {
            guard isTopicName(name) else { return false }
            if isJudged { topic(name).isJudged = true } else { topicsByName[name]?.isJudged = false }
            return true
        }

        /// The application's verdict on a message. It counts once, and only if it comes in time (`GossipLimits.verdictTime`).
        public func judge(_ number: UInt32, _ verdict: MessageVerdict, in node: NodeContext) {
            guard let one = unjudgedByNumber[number], let content = close(one) else { return }
            switch verdict {
            case .accept:
                verdicts.accepted += 1
                if let topic = joined(content.kept.topic) {
                    forward(content.kept, content.message, from: one.peer, on: topic, in: node)
                    wake(in: node)
                }
            case .reject:
                verdicts.rejected += 1
                count(.grave, of: one.peer, in: node)
            case .ignore: verdicts.ignored += 1
            }
            while let first = unjudged.first, first.content == nil { unjudged.removeFirst() }
        }

        /// Whether there is room for a message that has to be judged. If there is none, it is as if the message had not come.
        func hasRoomToJudge(_ size: Int, from peer: GossipPeer) -> Bool {
            let limits = configuration.limits
            let bytes = max(limits.unjudgedBytes, limits.rpc)
            if unjudgedByNumber.count < limits.unjudged, peer.unjudged < limits.unjudgedPerPeer, unjudgedBytes + size <= bytes {
                return true
            }
            verdicts.refused += 1
            return false
        }

        func ask(_ kept: CachedMessage, _ message: GossipMessage, from peer: GossipPeer, in node: NodeContext) {
            repeat { lastUnjudged &+= 1 } while unjudgedByNumber[lastUnjudged] != nil
            let one = UnjudgedMessage(
                number: lastUnjudged, kept, message, from: peer, deadline: node.now + configuration.limits.verdictTime)
            unjudged.append(one)
            unjudgedByNumber[one.number] = one
            unjudgedBytes += one.size
            peer.unjudged += 1
            node.append(.event(.unjudged(one.number, message)))
        }

        /// Ignores messages whose verdicts are overdue.
        func passOverdue(in node: NodeContext) {
            while let first = unjudged.first, first.content == nil || first.deadline <= node.now {
                if close(first) != nil {
                    verdicts.overdue += 1
                    node.append(.event(.overdue(first.number)))
                }
                unjudged.removeFirst()
            }
        }

        /// Takes a message from those that wait. nil: it was judged before.
        private func close(_ one: UnjudgedMessage) -> (kept: CachedMessage, message: GossipMessage)? {
            guard let content = one.content else { return nil }
            one.content = nil
            unjudgedByNumber[one.number] = nil
            unjudgedBytes -= one.size
            one.peer.unjudged -= 1
            return content
        }
    }
#endif
