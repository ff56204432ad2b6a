/// Makes a plan that fails smaller, as long as it fails in the same way: without actors, without spans of steps, without single ones.
struct PlanShrinker {
    /// Each try runs a world: more than so many take too long to wait for.
    static let tries = 150
    private(set) var plan: WorldPlan
    private let fails: (WorldPlan) -> Bool
    private var left = Self.tries

    init(_ plan: WorldPlan, fails: @escaping (WorldPlan) -> Bool) {
        self.plan = plan
        self.fails = fails
    }

    mutating func shrink() {
        for actor in plan.actors { attempt(plan.without(actor: actor.number)) }
        var span = plan.steps.count / 2
        while span > 0 {
            var start = 0
            while start < plan.steps.count {
                if !attempt(plan.without(steps: start..<min(start + span, plan.steps.count))) { start += span }
            }
            span /= 2
        }
        for actor in plan.actors { attempt(plan.without(actor: actor.number)) }
    }

    /// True: it fails without that, too.
    @discardableResult
    private mutating func attempt(_ smaller: WorldPlan) -> Bool {
        guard left > 0 else { return false }
        left -= 1
        guard fails(smaller) else { return false }
        plan = smaller
        return true
    }
}
