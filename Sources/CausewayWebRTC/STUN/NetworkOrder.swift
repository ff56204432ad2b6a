extension UnsafeRawBufferPointer {
    /// The number at an offset, its highest byte first. The caller has checked that it lies inside.
    func networkOrder<Number: FixedWidthInteger>(_ offset: Int, as type: Number.Type) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// A part. The caller has checked that it lies inside.
    func range(_ start: Int, count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[start..<start + count])
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Writes a number, its highest byte first. The caller has checked that it fits.
    func setNetworkOrder<Number: FixedWidthInteger>(_ offset: Int, _ number: Number) {
        storeBytes(of: number.bigEndian, toByteOffset: offset, as: Number.self)
    }
}
