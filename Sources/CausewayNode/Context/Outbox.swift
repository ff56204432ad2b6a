/// What a node wants done, in order, until its shell has polled it.
struct Outbox {
    private var outputs: [NodeOutput] = []
    private var next = 0

    mutating func append(_ output: NodeOutput) { outputs.append(output) }

    /// The next output, in order. nil: there are no more.
    mutating func poll() -> NodeOutput? {
        guard next < outputs.count else {
            outputs.removeAll(keepingCapacity: outputs.count <= 1024)
            next = 0
            return nil
        }
        next += 1
        return outputs[next - 1]
    }
}
