import CCrypto

/// Secret bytes. They are zeroed when nothing refers to them any more. All references share one copy.
///
/// `@unchecked Sendable`: nothing changes the bytes once they are made.
public final class Secret: @unchecked Sendable {
    public let count: Int
    @usableFromInline let place: UnsafeMutablePointer<UInt8>

    /// - Parameter fill: Gets `count` zeroes to overwrite, and must keep no pointer to them.
    public init(count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        self.count = count
        place = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        place.initialize(repeating: 0, count: count)
        fill(place)
    }

    /// If the array holds the secret, its owner should wipe it.
    public convenience init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { place in for index in bytes.indices { place[index] = bytes[index] } }
    }

    deinit {
        cc_wipe(place, count)
        place.deallocate()
    }

    /// A part of the bytes that is not secret, or that the caller wipes.
    public subscript(range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range must be inside the secret")
        return [UInt8](copying: UnsafeRawBufferPointer(start: place + range.lowerBound, count: range.count))
    }

    /// A part of the bytes, as a secret.
    public func part(_ range: Range<Int>) -> Secret {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range must be inside the secret")
        return Secret(count: range.count) { part in for index in range { part[index - range.lowerBound] = place[index] } }
    }
}

extension [UInt8] {
    /// Zeroes an array that held a secret. If others share its bytes, only a copy is zeroed.
    public mutating func wipe() {
        withUnsafeMutableBytes { cc_wipe($0.baseAddress, $0.count) }
    }
}
