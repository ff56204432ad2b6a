import CausewayIdentity

/// A base of this side and an endpoint of the remote, with the checks between them (RFC 8445, section 6.1.2).
final class CandidatePair {
    /// A check that was sent and has no answer yet.
    struct Check {
        let transaction: TransactionID
        let sentAt: Instant
        /// What the check claims, to understand a role conflict.
        let role: ICERole
        let isNominating: Bool
        var retransmission: Retransmission
    }

    let base: LocalBase
    let remote: Endpoint
    let localPriority: UInt32
    let remotePriority: UInt32
    let remoteKind: ICECandidate.Kind
    var state = ICEReport.Pair.State.waiting
    var check: Check?
    /// A check that a triggered one has replaced: it is not sent again, but its answer counts (RFC 8445, section 7.3.1.4).
    var replaced: Check?
    /// The remote has nominated the pair, or this side's next check nominates it.
    var isNominated = false
    var nominatedAt = Instant(nanoseconds: 0)
    /// Checks that were begun since the last that worked.
    var begun = 0
    /// Datagrams sent, answers, and the time that the last one took.
    var sent = 0
    var answered = 0
    var roundTrip: Interval?

    init(_ base: LocalBase, _ remote: Endpoint, localPriority: UInt32, remotePriority: UInt32, remoteKind: ICECandidate.Kind) {
        self.base = base
        self.remote = remote
        self.localPriority = localPriority
        // No priority is larger (RFC 8445, section 5.1.2), and a remote can name any.
        self.remotePriority = min(remotePriority, UInt32(Int32.max))
        self.remoteKind = remoteKind
    }

    var path: ICEPath { ICEPath(socket: base.socket, remote: remote) }
    var isUnderway: Bool { state == .waiting || check != nil }

    /// RFC 8445, section 6.1.2.3. Both sides come to the same number.
    func priority(_ role: ICERole) -> UInt64 {
        let (controlling, controlled) =
            role == .controlling ? (UInt64(localPriority), UInt64(remotePriority)) : (UInt64(remotePriority), UInt64(localPriority))
        return min(controlling, controlled) << 32 + max(controlling, controlled) * 2 + (controlling > controlled ? 1 : 0)
    }
}
