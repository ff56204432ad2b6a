import CausewayConnection
import CausewayNode
import Testing

@testable import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("What a failed dial means") struct DialDiagnosisTests {
    static let causes: [(DialOutcome.Result, DialDiagnosis.Cause)] = [
        (.failed(.wrongPeer(expected: peerID(1), actual: peerID(2))), .wrongPeer),
        (.refusedByRelay(status: 204), .noReservation), (.refusedByRelay(status: 203), .notReachedByRelay),
        (.refusedByRelay(status: 201), .refusedByRelay), (.refusedByRelay(status: 999), .refusedByRelay),
        (.failed(.timedOut(.circuit)), .notReachedByRelay), (.failed(.noCommonProtocol(.circuit)), .notARelay),
        (.failed(.noCommonProtocol(.signalling)), .noPath),
        (.failed(.peerFault(.tls, code: 1009)), .certificateTime), (.failed(.peerFault(.tls, code: 1010)), .certificateTime),
        (.failed(.peerFault(.tls, code: 1018)), .certificate), (.failed(.peerFault(.tls, code: 1)), .notLibp2p),
        (.failed(.peerFault(.tls, code: 40)), .notLibp2p), (.failed(.peerFault(.tls, code: 0)), .unsupported),
        (.failed(.peerFault(.webSocket, code: WebSocketFault.redirected.rawValue)), .redirected),
        (.failed(.peerFault(.webSocket, code: WebSocketFault.refused.rawValue)), .noWebSocket),
        (.failed(.peerFault(.webSocket, code: WebSocketFault.malformedHead.rawValue)), .noWebSocket),
        (.failed(.peerFault(.multistream, code: 2)), .notLibp2p), (.failed(.noCommonProtocol(.noise)), .notLibp2p),
        (.failed(.timedOut(.transport)), .silence), (.failed(.timedOut(.noise)), .brokenOff), (.failed(.goAway(code: 0)), .brokenOff),
        (.failed(.link(errno: 0)), .brokenOff), (.failed(.link(errno: ECONNRESET)), .brokenOff),
        (.failed(.link(errno: ECONNREFUSED)), .refused), (.failed(.link(errno: -ECONNREFUSED)), .refused),
        (.failed(.link(errno: ETIMEDOUT)), .silence), (.failed(.link(errno: EHOSTUNREACH)), .unreachable),
        (.failed(.link(errno: ENODEV)), .noZone), (.failed(.link(errno: ENETUNREACH)), .noRoute),
        (.failed(.link(errno: EMFILE)), .ownLimit),
        (.failed(.limit(.pendingConnections, value: 8)), .ownLimit), (.failed(.closed(.cancelled)), .cancelled),
        (.unresolved(code: 4), .unknownName), (.cancelled, .cancelled), (.backedOff, .heldBack), (.unsupported, .unsupported),
        (.hearsay, .hearsay), (.ownPeer, .ownPeer), (.limit(.connections, value: 8), .ownLimit),
    ]

    @Test(arguments: causes) func everyResultHasItsCause(_ result: DialOutcome.Result, _ cause: DialDiagnosis.Cause) throws {
        let diagnosis = try #require(DialDiagnosis([outcome(result)]))
        #expect(diagnosis.cause == cause)
        #expect(isSentence(diagnosis.sentence) && isSentence(diagnosis.remedy) && !diagnosis.isLocal)
    }

    @Test func aPeerConnectionSaysHowFarItCame() {
        let failure = DialOutcome.Result.failed(.timedOut(.signalling))
        #expect(DialDiagnosis([outcome(failure, report: PeerConnectionReport(.checking))])?.cause == .noPath)
        #expect(DialDiagnosis([outcome(failure, report: PeerConnectionReport(.securing))])?.cause == .notSecured)
    }

    @Test func everyCauseIsReached() {
        let reached = Set(Self.causes.map(\.1)).union([.noAddress, .notSecured])
        #expect(reached == Set(DialDiagnosis.Cause.allCases))
        #expect(DialDiagnosis([])?.cause == .noAddress)
        let sentences = DialDiagnosis.Cause.allCases.map { DialDiagnosis($0).sentence }
        #expect(Set(sentences).count == sentences.count)
    }

    @Test func theMostTellingOutcomeCounts() {
        let silence = outcome(.failed(.timedOut(.transport)))
        let noRoute = outcome(.failed(.link(errno: ENETUNREACH)), at: "/ip6/2001:db8::1/tcp/1")
        let wrongPeer = outcome(.failed(.wrongPeer(expected: peerID(1), actual: peerID(2))), at: "/ip4/203.0.113.9/tcp/1")
        #expect(DialDiagnosis([noRoute, silence])?.cause == .silence && DialDiagnosis([silence, noRoute])?.cause == .silence)
        #expect(DialDiagnosis([silence, wrongPeer, noRoute])?.cause == .wrongPeer)
    }

    @Test func aLinkLocalAddressNeedsItsZone() {
        #expect(DialDiagnosis([outcome(.failed(.link(errno: EINVAL)), at: "/ip6/fe80::1/tcp/1")])?.cause == .noZone)
        #expect(DialDiagnosis([outcome(.failed(.link(errno: EINVAL)), at: "/ip6/2001:db8::1/tcp/1")])?.cause == .brokenOff)
    }

    @Test func silenceOfAPrivateAddressIsSomethingElse() throws {
        let local = outcome(.failed(.timedOut(.transport)), at: "/ip4/192.168.1.5/tcp/1")
        let diagnosis = try #require(DialDiagnosis([local]))
        #expect(diagnosis.isLocal && diagnosis.sentence.contains("private network") && diagnosis.remedy.contains("/p2p-circuit"))
        #expect(DialDiagnosis([local, outcome(.failed(.timedOut(.transport)))])?.isLocal == false)
    }

    /// A web server redirects from a path to the same one with a slash at its end, and a port may be open to a program that never speaks.
    @Test func whatLooksLikeTheNetworkMayBeTheServer() {
        #expect(DialDiagnosis(.redirected).description.contains("/http-path/name%2F"))
        for isLocal in [false, true] { #expect(DialDiagnosis(.silence, isLocal: isLocal).sentence.contains("listens there is silent")) }
    }

    @Test func whereSomethingConnectedThereIsNothingToSay() {
        #expect(DialDiagnosis([outcome(.connected), outcome(.failed(.timedOut(.transport)))]) == nil)
    }

    @Test func theErrorOfADialSaysIt() async throws {
        try await withNodes([configuration()]) { nodes in
            let address = try Multiaddr("/ip4/127.0.0.1/tcp/1/p2p/\(peerID(3))")
            do {
                try await nodes[0].connect(to: address)
                Issue.record("it connected")
            } catch {
                #expect("\(error)".contains("connection refused") && "\(error)".hasSuffix("\(DialDiagnosis(.refused, isLocal: true))"))
            }
        }
    }
}
