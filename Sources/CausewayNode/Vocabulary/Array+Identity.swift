extension Array where Element: Swift.AnyObject {
    /// Whether the array contains this very element.
    func holds(_ element: Element) -> Bool {
        for one in self where one === element { return true }
        return false
    }

    /// Removes this very element, which occurs at most once.
    mutating func remove(_ element: Element) {
        for index in indices where self[index] === element {
            remove(at: index)
            return
        }
    }
}
