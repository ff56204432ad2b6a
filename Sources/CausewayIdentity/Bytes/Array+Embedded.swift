#if hasFeature(Embedded)
    // In the page's module these take the place of what the standard library inlines at every call, a hundred bytes each time.
    extension Array where Element == UInt8 {
        @inline(never) public mutating func append(_ element: UInt8) { append(contentsOf: CollectionOfOne(element)) }
    }

    extension Array where Element == [UInt8] {
        @inline(never) public mutating func append(_ element: [UInt8]) { append(contentsOf: CollectionOfOne(element)) }
    }
#endif
