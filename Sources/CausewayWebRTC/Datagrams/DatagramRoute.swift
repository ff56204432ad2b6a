/// Who a datagram is for.
public enum DatagramRoute: Equatable, Sendable {
    case association(UInt32, DatagramKind)
    /// A binding request for a fragment that no association has: a remote wants to begin. Whoever listens decides.
    case listener(BindingRequest)
    case nobody(Reason)

    /// Why nobody gets it.
    public enum Reason: Equatable, Sendable {
        /// Neither STUN nor DTLS.
        case unknownKind
        /// No association is bound to where it comes from, and it is no binding request that names one.
        case unknownRemote
    }
}

/// Why an association cannot be added, or bound to an endpoint.
public enum DemultiplexerError: Error, Equatable, Sendable {
    /// There are `limit` associations that no stranger began.
    case tooManyAssociations(limit: Int)
    /// Another association has the fragment.
    case fragmentInUse
    /// The fragment is shorter or longer than ICE allows.
    case badFragment
    /// The number is in use.
    case associationInUse
    case unknownAssociation
    /// The endpoint is bound to an association that is trusted more.
    case endpointInUse
}
