import CausewaySimulation
import CausewayTLS
import CausewayWebRTC

/// The kinds of engines, with an endpoint for each role.
enum DTLSMaker: CaseIterable {
    case openSSL
    case simulated

    private static let contexts = (context(), context())
    private static let names: ([UInt8], [UInt8]) = ([1, 1], [2, 2])

    var client: any DTLSEndpoint {
        switch self {
        case .openSSL: Self.contexts.0
        case .simulated: SimulatedDTLSEndpoint(name: Self.names.0)
        }
    }

    var server: any DTLSEndpoint {
        switch self {
        case .openSSL: Self.contexts.1
        case .simulated: SimulatedDTLSEndpoint(name: Self.names.1)
        }
    }

    static func context(limits: DTLSLimits = DTLSLimits()) -> DTLSContext {
        // OpenSSL makes keys and certificates, or no test can run.
        try! DTLSContext(DTLSCertificate(now: 1_800_000_000, lifetime: 1_000_000), limits: limits)
    }
}
