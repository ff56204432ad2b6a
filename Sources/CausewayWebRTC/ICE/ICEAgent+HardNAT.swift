public import CausewayConnection
import CausewayIdentity

// What ICE does beside its own checks where NATs are hard (`HardNATAttempt`).

extension ICEAgent {
    /// Has this side take its part, if the remote says that it takes part as well.
    public func pass(_ hardNATs: HardNATs) {
        restsUntil = nil
        hardNAT = HardNATAttempt(hardNATs)
    }

    /// nil: nothing is done about them.
    public var hardNATReport: HardNATReport? { hardNAT?.report(withPath: pathAt != nil) }

    func advanceHardNAT(to now: Instant) {
        guard remote != nil, let hardNAT else { return }
        if hardNAT.hasEnded(withPath: pathAt != nil, now: now) {
            for socket in hardNAT.unused { events.append(.closeSocket(socket)) }
        }
        guard hardNAT.step == .waiting, hardNAT.isDue(knowing: locals.all.count + remotes.all.count, now: now) else { return }
        var used: [ICECandidate] = []
        for one in remotes.all where one.verdict == .used { used.append(one.candidate) }
        guard let local = MappedPorts(locals.all), let theirs = MappedPorts(used), let base = locals.base(at: local.base) else { return }
        hardNAT.begin(local, theirs, from: base, random: source.number(), now: now)
    }

    /// A check that is no pair's: if it comes through, the remote's own check makes the pair.
    func sendHardNAT(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> ICEOutput? {
        guard let remote, let hardNAT, let shot = hardNAT.waitingShot ?? hardNAT.next(now: now) else { return nil }
        if let socket = shot.socket, hardNAT.waitingShot == nil {
            hardNAT.waitingShot = shot
            return .openSocket(socket, beside: shot.base.socket)
        }
        hardNAT.waitingShot = nil
        let path = ICEPath(socket: shot.socket ?? shot.base.socket, remote: shot.remote)
        return write(source.next(), over: path, from: shot.base, remote, as: role, isNominating: false, into: buffer)
    }

    /// The base of a socket that a check has come to.
    func hardNATBase(of socket: UInt32) -> LocalBase? {
        guard let base = hardNAT?.base(of: socket) else { return nil }
        locals.adopt(base)
        return base
    }
}
