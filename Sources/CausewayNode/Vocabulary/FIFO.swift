/// First in, first out, in one array whose taken front is removed now and then. It holds objects, so that all queues share one piece of
/// code.
struct FIFO<Element: AnyObject> {
    /// nil: taken and released.
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { count == 0 }
    var first: Element? { isEmpty ? nil : elements[head] }

    /// The oldest has index 0.
    subscript(index: Int) -> Element? { elements[head + index] }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func removeFirst() {
        elements[head] = nil
        head += 1
        guard head > 64, head * 2 > elements.count else { return }
        elements.removeFirst(head)
        head = 0
    }
}
