/// A dictionary by endpoint, for the core. Looking up allocates nothing.
public struct EndpointTable<Value>: ~Copyable {
    private struct Row {
        let endpoint: Endpoint
        let value: Value
    }
    private var rows = Table<UInt64, Row>()

    public init() {}

    public var count: Int { rows.count }

    /// Two endpoints of one number, which happens once in 2^64 and cannot be brought about, displace each other.
    public subscript(endpoint: Endpoint) -> Value? {
        get {
            guard let row = rows[endpoint.number], row.endpoint == endpoint else { return nil }
            return row.value
        }
        set { rows[endpoint.number] = newValue.map { Row(endpoint: endpoint, value: $0) } }
    }
}
