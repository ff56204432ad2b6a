import CausewayIdentity

extension BytesTable where Value == Int {
    mutating func countUp(_ key: [UInt8]) { self[key, default: 0] += 1 }

    /// Decreases the count. Removes the key when its count reaches zero.
    mutating func countDown(_ key: [UInt8]) {
        guard let count = self[key] else { return }
        self[key] = count > 1 ? count - 1 : nil
    }
}
