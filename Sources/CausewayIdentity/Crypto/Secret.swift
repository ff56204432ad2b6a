import CCrypto

/// Secret bytes, which are zeroed when nobody holds them any more. All who hold them share one place.
///
/// `@unchecked Sendable`: nothing changes them once they are made.
public final class Secret: @unchecked Sendable {
    public let count: Int
    @usableFromInline let place: UnsafeMutablePointer<UInt8>

    /// - Parameter fill: is given so many zeroes to write upon, and keeps no pointer to them.
    public init(count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        self.count = count
        place = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        place.initialize(repeating: 0, count: count)
        fill(place)
    }

    /// Whoever has the array should wipe it, if it was secret there.
    public convenience init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { place in for index in bytes.indices { place[index] = bytes[index] } }
    }

    deinit {
        cc_wipe(place, count)
        place.deallocate()
    }

    /// A part of them that is no secret, or that the caller wipes.
    public subscript(range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "inside of the secret")
        return [UInt8](copying: UnsafeRawBufferPointer(start: place + range.lowerBound, count: range.count))
    }

    /// A part of them.
    public func part(_ range: Range<Int>) -> Secret {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "inside of the secret")
        return Secret(count: range.count) { part in for index in range { part[index - range.lowerBound] = place[index] } }
    }
}

extension [UInt8] {
    /// Zeroes an array that held a secret, whose bytes nobody shares: else only a copy of them.
    public mutating func wipe() {
        withUnsafeMutableBytes { cc_wipe($0.baseAddress, $0.count) }
    }
}
