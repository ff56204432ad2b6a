import CausewayIdentity

/// Datagrams on their way from the loop of their port to the loop of their associations.
///
/// `@unchecked Sendable`: one loop fills it, then another one reads it.
final class DatagramBatch: @unchecked Sendable {
    private struct Place {
        let association: UInt32
        let remote: Endpoint
        let size: Int
    }

    /// Bound: in bytes, what the cache of a core holds beside other things.
    static let capacity = 64 << 10

    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
    private var places: [Place] = []
    private var end = 0

    /// What it holds, in bytes: small datagrams cost more than what is in them.
    var size: Int { end + places.count * MemoryLayout<Place>.stride }

    deinit { memory.deallocate() }

    /// Copies a datagram. false: it does not fit.
    func append(_ datagram: UnsafeRawBufferPointer, of association: UInt32, from remote: Endpoint) -> Bool {
        guard size + datagram.count + MemoryLayout<Place>.stride <= Self.capacity else { return false }
        UnsafeMutableRawBufferPointer(rebasing: memory[end...]).copyMemory(from: datagram)
        places.append(Place(association: association, remote: remote, size: datagram.count))
        end += datagram.count
        return true
    }

    /// Lends each datagram, in order.
    func lendEach(to body: (UInt32, UnsafeMutableRawBufferPointer, Endpoint) -> Void) {
        var start = 0
        for place in places {
            body(place.association, UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + place.size]), place.remote)
            start += place.size
        }
    }
}
