/// Entries that take up room, each belonging to a place. When a newcomer needs room, the oldest entry of the place with the most goes.
///
/// No operation gets slower with more entries, because in a flood every newcomer asks who has to go.
public final class FairQueue {
    /// An element of a chain, which releases its neighbours when it is removed.
    private class Linked {
        var previous: Linked?
        var next: Linked?
    }

    private final class Member: Linked {
        let id: UInt32
        let place: Place

        init(_ id: UInt32, of place: Place) {
            self.id = id
            self.place = place
        }
    }

    private final class Place: Linked {
        let name: [UInt8]
        var members = Chain()
        var count = 0

        init(_ name: [UInt8]) { self.name = name }
    }

    private struct Chain {
        var first: Linked?
        var last: Linked?

        mutating func append(_ one: Linked) {
            one.previous = last
            if let last { last.next = one } else { first = one }
            last = one
        }

        mutating func remove(_ one: Linked) {
            if let previous = one.previous { previous.next = one.next } else { first = one.next }
            if let next = one.next { next.previous = one.previous } else { last = one.previous }
            one.previous = nil
            one.next = nil
        }
    }

    private var members = Table<UInt32, Member>()
    private var places = BytesTable<Place>()
    /// At each index, the places that have this many entries, those first that have had so many for longest.
    private var levels: [Chain] = [Chain()]
    /// The number of entries of the place with the most.
    public private(set) var largest = 0

    public init() {}

    deinit { while let first { remove(first) } }

    public var count: Int { members.count }

    public func count(of place: [UInt8]) -> Int { places[place]?.count ?? 0 }

    /// The entry that goes first: the oldest of the place with the most.
    public var first: UInt32? { levels[largest].first.map { oldest(of: unsafeDowncast($0, to: Place.self)) } }

    /// The oldest entry of one place.
    public func first(of place: [UInt8]) -> UInt32? { places[place].map { oldest(of: $0) } }

    /// Adds an entry. `id` must not be in the queue.
    public func insert(_ id: UInt32, of name: [UInt8]) {
        let place = places[name] ?? Place(name)
        if place.count == 0 { places[name] = place }
        let member = Member(id, of: place)
        members[id] = member
        place.members.append(member)
        move(place, by: 1)
    }

    /// Makes the entry the youngest of its place.
    public func renew(_ id: UInt32) {
        guard let member = members[id] else { return }
        member.place.members.remove(member)
        member.place.members.append(member)
    }

    /// Removes the entry, if it is in the queue.
    public func remove(_ id: UInt32) {
        guard let member = members[id] else { return }
        let place = member.place
        place.members.remove(member)
        members[id] = nil
        move(place, by: -1)
        if place.count == 0 { places[place.name] = nil }
    }

    private func oldest(of place: Place) -> UInt32 { unsafeDowncast(place.members.first!, to: Member.self).id }

    private func move(_ place: Place, by change: Int) {
        if place.count > 0 { levels[place.count].remove(place) }
        place.count += change
        if place.count == levels.count { levels.append(Chain()) }
        if place.count > 0 { levels[place.count].append(place) }
        if place.count > largest { largest = place.count }
        while largest > 0, levels[largest].first == nil { largest -= 1 }
    }
}
