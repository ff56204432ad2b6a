extension ICECandidate.Kind {
    /// RFC 8445, section 5.1.2.1, with the values that it recommends.
    private var preference: UInt32 {
        switch self {
        case .host: 126
        case .peerReflexive: 110
        case .serverReflexive: 100
        case .relayed: 0
        }
    }

    /// The priority of a candidate of component 1.
    func priority(_ localPreference: UInt16) -> UInt32 { preference << 24 | UInt32(localPreference) << 8 | 255 }
}
