/// The counter pattern of echo: 0, 1, … 255, 0 …
enum Pattern {
    static let block: [UInt8] = (0..<(1 << 18)).map { UInt8(truncatingIfNeeded: $0) }

    static func bytes(at offset: Int, count: Int) -> [UInt8] {
        if offset % 256 == 0, count <= block.count { return count == block.count ? block : Array(block[0..<count]) }
        let start = offset % 256
        if start + count <= block.count { return Array(block[start..<start + count]) }
        return (0..<count).map { UInt8(truncatingIfNeeded: offset + $0) }
    }

    static func matches(_ bytes: [UInt8], at offset: Int) -> Bool {
        var done = 0
        while done < bytes.count {
            let start = (offset + done) % 256
            let length = min(bytes.count - done, block.count - start)
            let same = bytes.withUnsafeBytes { ours in
                block.withUnsafeBytes { theirs in
                    UnsafeRawBufferPointer(rebasing: ours[done..<done + length])
                        .elementsEqual(UnsafeRawBufferPointer(rebasing: theirs[start..<start + length]))
                }
            }
            if !same { return false }
            done += length
        }
        return true
    }
}
