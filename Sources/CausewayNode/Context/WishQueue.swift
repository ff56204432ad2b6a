/// The wishes that wait, in the order of asking.
struct WishQueue {
    /// Bound: wishes that are carried out after one input. The input that leads to most is the end of a relay's connection, and each of the
    /// 160 dials that may run then asks for a few things in turn. Only protocols that ask each other in a circle reach the bound. What is
    /// left waits for the next `advance`, which is due at once, so that other inputs come in between.
    static let carriedOutAtOnce = 1024

    private final class Waiting {
        let wish: Wish

        init(_ wish: Wish) { self.wish = wish }
    }

    private var waiting = FIFO<Waiting>()
    /// Whether a change of addresses waits. Whoever gets it reads all addresses, so one suffices.
    private var hasAddressesChanged = false

    var isEmpty: Bool { waiting.isEmpty }

    mutating func append(_ wish: Wish) {
        if case .addressesChanged = wish {
            guard !hasAddressesChanged else { return }
            hasAddressesChanged = true
        }
        waiting.append(Waiting(wish))
    }

    mutating func next() -> Wish? {
        guard let next = waiting.first else { return nil }
        waiting.removeFirst()
        if case .addressesChanged = next.wish { hasAddressesChanged = false }
        return next.wish
    }
}
