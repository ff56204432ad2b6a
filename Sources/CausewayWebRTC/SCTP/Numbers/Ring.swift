/// A queue that is cheap at both ends and whose elements have numbers, the first always 0. When it is empty again, it keeps little memory,
/// because most associations are idle most of the time.
struct Ring<Element> {
    private var places: [Element?] = []
    private var head = 0
    private(set) var count = 0

    private static var keptPlaces: Int { 8 }

    var isEmpty: Bool { count == 0 }
    var first: Element? { count > 0 ? self[0] : nil }

    subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "no such element")
            return places[place(index)]!
        }
        set {
            precondition(index >= 0 && index < count, "no such element")
            places[place(index)] = newValue
        }
    }

    /// Changes an element where it is.
    mutating func modify(_ index: Int, _ change: (inout Element) -> Void) {
        precondition(index >= 0 && index < count, "no such element")
        change(&places[place(index)]!)
    }

    mutating func append(_ element: Element) {
        if count == places.count { grow() }
        places[place(count)] = element
        count += 1
    }

    /// The elements from `index` on get the next number. Whichever side has fewer elements moves.
    mutating func insert(_ element: Element, at index: Int) {
        precondition(index >= 0 && index <= count, "no such place")
        if count == places.count { grow() }
        if index * 2 >= count {
            for at in stride(from: count, to: index, by: -1) { places.swapAt(place(at), place(at - 1)) }
        } else {
            head = (head - 1) & (places.count - 1)
            for at in 0..<index { places.swapAt(place(at), place(at + 1)) }
        }
        places[place(index)] = element
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = places[head]
        places[head] = nil
        head = (head + 1) & (places.count - 1)
        count -= 1
        if count == 0, places.count > Self.keptPlaces { removeAll() }
        return element
    }

    mutating func removeFirst(_ number: Int) { for _ in 0..<number { _ = popFirst() } }

    /// The elements behind the range move down.
    mutating func remove(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "no such elements")
        for at in range.lowerBound..<count - range.count { places.swapAt(place(at), place(at + range.count)) }
        for at in count - range.count..<count { places[place(at)] = nil }
        count -= range.count
    }

    mutating func removeAll() { self = Ring() }

    private func place(_ index: Int) -> Int { (head + index) & (places.count - 1) }

    private mutating func grow() {
        var larger = [Element?](repeating: nil, count: max(8, places.count * 2))
        for index in 0..<count { larger[index] = places[place(index)] }
        places = larger
        head = 0
    }
}
