/// What a fixed run of the core did: the same steps natively and in Wasm must give the same bytes.
public struct Trace {
    /// What did not happen as it should.
    public private(set) var failures: [StaticString] = []
    /// All bytes that went over the wires, in order.
    public private(set) var bytes: [UInt8] = []

    mutating func check(_ holds: Bool, _ failure: StaticString) {
        if !holds { failures.append(failure) }
    }

    mutating func append(_ more: [UInt8]) { bytes += more }
}
