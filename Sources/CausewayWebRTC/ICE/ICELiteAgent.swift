public import CausewayIdentity

/// The server's side of ICE for one association of `/webrtc-direct` (webrtc/webrtc-direct.md; RFC 8445, appendix A): it answers checks and
/// sends none, and is always controlled.
///
///     accepted --check--> connected --20 s without--> disconnected --10 s without--> failed
///                             ^-----------check-----------'
///
/// The remote's source that was nominated last is the path; before that, the one that was checked last. A source that was never nominated
/// takes over when the nominated one has gone silent.
public struct ICELiteAgent {
    private enum Standing { case connected, disconnected, failed }

    public let local: ICECredentials
    public let remote: ICECredentials
    public private(set) var path: ICEPath
    /// The first check's length.
    let firstSize: Int
    private let limits: ICELimits
    private var isNominated = false
    private var standing = Standing.connected
    private var heardAt: Instant
    private var pathHeardAt: Instant
    private var answers: BindingAnswers
    private var events: [ICEOutput]

    /// Begins with the first check of a remote that nobody knows yet.
    public init(
        accepting datagram: UnsafeRawBufferPointer, over path: ICEPath, now: Instant, limits: ICELimits = ICELimits()
    )
        throws(DirectRequestError)
    {
        let request = try DirectRequest(datagram)
        local = request.local
        remote = request.remote
        self.path = path
        firstSize = datagram.count
        self.limits = limits
        heardAt = now
        pathHeardAt = now
        answers = BindingAnswers(limits)
        _ = answers.allows(at: now)
        events = [.path(path)]
        checked(request.message, over: path, now: now)
    }

    public var nextDeadline: Instant {
        switch standing {
        case .connected: heardAt + limits.disconnectedTime
        case .disconnected: heardAt + limits.consentTime
        case .failed: .distantFuture
        }
    }

    /// A datagram that looks like STUN, from the association's remote or for its fragment.
    public mutating func receive(_ datagram: UnsafeRawBufferPointer, over path: ICEPath, now: Instant) {
        guard standing != .failed, let message = try? STUNMessage(datagram), message.kind == .request,
            let username = message.value(.username), isOurs(username), message.isIntact(password: local.password), answers.allows(at: now)
        else { return }
        guard message.unknownAttributes.isEmpty else { return answers.add(to: message, path, error: .unknownAttribute) }
        checked(message, over: path, now: now)
    }

    /// What the agent wants next. nil: nothing, until the next input or deadline.
    /// - Parameter buffer: Has `STUNLimits.messageSize` bytes.
    public mutating func pollOutput(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> ICEOutput? {
        advance(to: now)
        if !events.isEmpty { return events.removeFirst() }
        return standing == .failed ? nil : answers.next(password: local.password, into: buffer)
    }

    // MARK: Inside

    private mutating func checked(_ message: STUNMessage, over source: ICEPath, now: Instant) {
        // Two sides that both want to be controlled: a lite one stays so (RFC 8445, section 7.3.1.1).
        guard !message.has(.iceControlled) else { return answers.add(to: message, source, error: .roleConflict) }
        answers.add(to: message, source)
        heardAt = now
        let isNominating = message.has(.useCandidate)
        let isSilent = pathHeardAt + limits.silence <= now
        if source != path, isNominating || !isNominated || isSilent {
            path = source
            if standing == .connected { events.append(.path(source)) }
        }
        if source == path { pathHeardAt = now }
        if isNominating, !isNominated {
            isNominated = true
            events.append(.completed)
        }
        guard standing == .disconnected else { return }
        standing = .connected
        events.append(.path(path))
    }

    private mutating func advance(to now: Instant) {
        if standing == .connected, heardAt + limits.disconnectedTime <= now {
            standing = .disconnected
            events.append(.disconnected)
        }
        if standing == .disconnected, heardAt + limits.consentTime <= now {
            standing = .failed
            events.append(.failed(.consentExpired))
        }
    }

    private func isOurs(_ username: UnsafeRawBufferPointer) -> Bool {
        guard username.count == local.fragment.count + 1 + remote.fragment.count else { return false }
        for index in local.fragment.indices where username[index] != local.fragment[index] { return false }
        let start = local.fragment.count + 1
        for index in remote.fragment.indices where username[start + index] != remote.fragment[index] { return false }
        return username[start - 1] == UInt8(ascii: ":")
    }
}
