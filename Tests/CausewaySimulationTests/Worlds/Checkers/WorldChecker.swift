/// Something that must hold in a drawn world.
protocol WorldChecker {
    /// What does not, in words; empty if all is well.
    func faults(in world: DrawnWorld) -> [String]
}

/// Something that did not hold.
struct WorldFault: CustomStringConvertible {
    /// Which checker says so: a smaller world fails in the same way if the same one does.
    let checker: String
    let text: String

    var description: String { "\(checker): \(text)" }

    static func all(by checkers: [any WorldChecker], in world: DrawnWorld) -> [WorldFault] {
        checkers.flatMap { checker in
            checker.faults(in: world).map { WorldFault(checker: "\(type(of: checker))", text: $0) }
        }
    }
}
