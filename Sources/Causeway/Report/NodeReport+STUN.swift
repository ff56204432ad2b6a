import CausewayIdentity

extension NodeReport {
    /// Where the node tells whoever asks under which public address it sees them (STUN): `stun:<host>:<port>` (RFC 7064), for the
    /// `iceServers` of any WebRTC peer. These are its `/webrtc-direct` addresses that others reach from everywhere, or those of this
    /// machine and its network if there are no others. Empty: the node listens on none.
    public var stunURLs: [String] {
        let served = addresses.filter { $0.transport == .webRTCDirect }
        let known = served.filter { !$0.reach.isLocal }
        var urls: [String] = []
        for address in known.isEmpty ? served : known {
            let parts = address.description.split(separator: "/")
            guard let port = address.port, parts.count > 1 else { continue }
            let url = "stun:" + (parts[1].contains(":") ? "[\(parts[1])]" : parts[1]) + ":\(port)"
            if !urls.contains(url) { urls.append(url) }
        }
        return urls
    }
}
