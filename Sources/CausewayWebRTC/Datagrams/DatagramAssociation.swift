import CausewayIdentity

/// What the demultiplexer knows of one association.
final class DatagramAssociation {
    let id: UInt32
    let fragment: [UInt8]
    /// It was dialled, expected or has proven who it is, so no stranger takes anything from it.
    var isTrusted: Bool
    /// Where its remote has shown itself, the oldest first.
    var endpoints: [Endpoint] = []

    init(_ id: UInt32, fragment: [UInt8], isTrusted: Bool) {
        self.id = id
        self.fragment = fragment
        self.isTrusted = isTrusted
    }

    func holds(_ endpoint: Endpoint) -> Bool {
        for own in endpoints where own == endpoint { return true }
        return false
    }

    func forget(_ endpoint: Endpoint) {
        for index in 0..<endpoints.count where endpoints[index] == endpoint {
            endpoints.remove(at: index)
            return
        }
    }
}
