public import CausewayConnection

extension DTLSError {
    /// For `ConnectionError.peerFault(.tls, code:)`: the number of an alert, or OpenSSL's of a check that failed.
    public var code: UInt16 {
        switch self {
        case .alert(let number): UInt16(number)
        // X509_V_ERR_CERT_REJECTED
        case .wrongCertificate: 1028
        case .violation, .tooManyBytes: 1
        case .timedOut, .unavailable: 0
        }
    }
}

extension PeerConnectionError {
    /// As the node knows it.
    public var connectionError: ConnectionError {
        switch self {
        case .ice: .timedOut(.transport)
        case .dtls(.timedOut): .timedOut(.tls)
        case .dtls(let error): .peerFault(.tls, code: error.code)
        case .sctp(.handshakeTimeout), .sctp(.remoteGone): .timedOut(.transport)
        case .sctp(.protocolViolation): .peerFault(.transport, code: 0)
        case .sctp: .link(errno: 0)
        }
    }
}
