/// The events that the owner has not polled yet, and the memory behind the bytes that they lend.
final class EventQueue {
    private struct Waiting {
        let event: AssociationEvent
        var lendsInput = false
    }

    private var events = Ring<Waiting>()
    private var lent: [OwnedBytes] = []
    /// Events that wait and lend bytes of the input.
    private var lendingInput = 0

    func append(_ event: AssociationEvent) { events.append(Waiting(event: event)) }

    /// - Parameter owner: what holds the part's bytes; nil if they are the input's.
    func append(_ part: MessagePart, owner: OwnedBytes?) {
        if let owner { lent.append(owner) } else { lendingInput += 1 }
        events.append(Waiting(event: .part(part), lendsInput: owner == nil))
    }

    func next() -> AssociationEvent? {
        guard let waiting = events.popFirst() else { return nil }
        if waiting.lendsInput { lendingInput -= 1 }
        return waiting.event
    }

    /// Before an input: what was lent goes back.
    func beginInput() {
        precondition(lendingInput == 0, "poll all events before the next packet, because they lend bytes of the last one")
        if events.isEmpty, !lent.isEmpty { lent.removeAll(keepingCapacity: lent.count <= 64) }
    }
}
