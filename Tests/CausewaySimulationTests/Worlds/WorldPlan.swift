import CausewayConnection

/// A network and what happens in it: a value, so that it can be printed and made smaller.
struct WorldPlan: CustomStringConvertible {
    struct Step {
        let at: Interval
        let deed: WorldDeed
    }

    let seed: UInt64
    /// Whether nodes and relays have limits so small that some are reached.
    let isTight: Bool
    var actors: [WorldActor]
    /// In the order of their moments.
    var steps: [Step]

    /// Without one actor, and without the steps that need it.
    func without(actor number: Int) -> WorldPlan {
        var rest = self
        rest.actors.removeAll { $0.number == number }
        rest.steps.removeAll { $0.deed.actors.contains(number) }
        return rest
    }

    /// Without some steps, by their places.
    func without(steps places: Range<Int>) -> WorldPlan {
        var rest = self
        rest.steps.removeSubrange(places)
        return rest
    }

    func name(_ number: Int) -> String { actors.first { $0.number == number }?.name ?? "actor \(number)" }

    var description: String {
        var lines = ["world \(seed)\(isTight ? ", with small limits" : "")"]
        lines += actors.map { "  \($0)" }
        lines += steps.map { "  \($0.at.milliseconds) ms: \($0.deed.text(name))" }
        return lines.joined(separator: "\n")
    }
}
