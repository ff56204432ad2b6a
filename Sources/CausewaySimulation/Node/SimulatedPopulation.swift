/// The nodes of a simulation, and what traces call them.
final class SimulatedPopulation {
    var nodes: [SimulatedNode] = []
    var eventText = EventText()
}

extension Simulation {
    private var population: SimulatedPopulation { companion { SimulatedPopulation() } }

    /// All nodes, in the order in which they were added.
    public internal(set) var nodes: [SimulatedNode] {
        get { population.nodes }
        set { population.nodes = newValue }
    }

    var eventText: EventText {
        get { population.eventText }
        set { population.eventText = newValue }
    }
}
