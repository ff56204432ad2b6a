import CausewayIdentity

extension SessionDescription {
    /// Reads a remote's description: what is needed of it, wherever it stands. Lines that mean nothing here are skipped, and so are media
    /// sections behind the first one of data channels.
    public init(_ kind: Kind, parsing text: UnsafeRawBufferPointer, limits: SDPLimits = SDPLimits()) throws(SDPError) {
        guard text.count <= limits.size else { throw .tooLong }
        var session = SDPSection(limits)
        var media: SDPSection?
        var lines = SDPLines(text)
        var isIgnored = false
        while let line = lines.next() {
            if let value = line.value(after: "m=") {
                isIgnored = media != nil || !SDPSection.isDataChannels(value)
                if !isIgnored { media = SDPSection(limits) }
            } else if media == nil, !isIgnored {
                try session.read(line)
            } else if !isIgnored {
                try media?.read(line)
            }
        }
        guard let media else { throw .noDataChannels }
        try self.init(kind, media, in: session)
    }

    /// What a media section does not say, it takes from the session.
    private init(_ kind: Kind, _ media: SDPSection, in session: SDPSection) throws(SDPError) {
        guard let fragment = media.fragment ?? session.fragment, let password = media.password ?? session.password,
            let credentials = ICECredentials(fragment: fragment, password: password)
        else { throw .badCredentials }
        let fingerprints = media.fingerprints.isEmpty ? session.fingerprints : media.fingerprints
        guard !fingerprints.isEmpty else { throw .noFingerprint }
        let setup = media.setup ?? session.setup ?? (kind == .offer ? .either : .active)
        guard kind == .offer || setup != .either else { throw .badSetup }
        self.init(credentials, fingerprints: fingerprints, setup: setup)
        isLite = session.isLite || media.isLite
        passesHardNATs = media.passesHardNATs
        if let port = media.sctpPort { sctpPort = port }
        if let size = media.largestMessage { largestMessage = size }
        if let name = media.mediaName { mediaName = name }
        initiation = media.initiation
        candidates = session.candidates + media.candidates
        hasAllCandidates = session.hasAllCandidates || media.hasAllCandidates
    }
}
