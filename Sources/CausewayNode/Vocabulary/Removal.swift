extension Array where Element: Swift.AnyObject {
    /// Takes this very element out, which stands here once at most.
    mutating func remove(_ element: Element) {
        for index in indices where self[index] === element {
            remove(at: index)
            return
        }
    }
}
