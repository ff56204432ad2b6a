extension Array where Element: Swift.AnyObject {
    /// Whether this very element stands in it.
    func holds(_ element: Element) -> Bool {
        for one in self where one === element { return true }
        return false
    }

    /// Takes this very element out, which stands here once at most.
    mutating func remove(_ element: Element) {
        for index in indices where self[index] === element {
            remove(at: index)
            return
        }
    }
}
