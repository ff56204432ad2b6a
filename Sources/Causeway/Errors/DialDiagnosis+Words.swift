extension DialDiagnosis {
    /// What it means.
    public var sentence: String {
        switch cause {
        case .wrongPeer: "Another peer answers at the address than the one that it names."
        case .noReservation: "The relay answers, but the peer holds no reservation there."
        case .notReachedByRelay: "The relay knows the peer, but could not get an answer from it."
        case .refusedByRelay: "The relay refuses to connect the two peers."
        case .notARelay: "The peer that is named as a relay offers no relaying."
        case .notSecured: "A direct path was found, but the connection over it broke off."
        case .noPath: "No datagram of the one side reached the other: a NAT or firewall between them lets none through."
        case .certificateTime: "The certificate that the remote shows is not valid at the time of this machine's clock."
        case .certificate: "The certificate that the remote shows does not prove the name that was asked for."
        case .redirected:
            "A redirection comes in place of the peer: from a network's log-in page, or from a web server that wants another path."
        case .noWebSocket: "An HTTP server answers at the address that does not open a WebSocket."
        case .notLibp2p: "Something answers at the address that does not speak libp2p."
        case .brokenOff: "The remote broke off before the connection stood."
        case .refused: "The machine answers, but no program listens at that port."
        case .silence where isLocal:
            "No peer answers: only machines in the address's private network reach it, or what listens there is silent."
        case .silence: "No peer answers: the machine is off, a NAT or firewall drops what is sent to it, or what listens there is silent."
        case .unreachable: "A router says that there is no way to the machine."
        case .noRoute: "This machine has no way to addresses of this kind."
        case .noZone: "The link-local address names no interface of this machine."
        case .unknownName: "The name in the address does not lead to an address."
        case .ownLimit: "This node is at one of its own limits."
        case .heldBack: "The address failed a moment ago, and the node waits before it tries again."
        case .unsupported: "This node has no transport for the address."
        case .ownPeer: "The address is one of this node itself."
        case .hearsay: "Only other peers named the address, and it lies in a local network."
        case .noAddress: "No address of the peer is known."
        case .cancelled: "The attempt was given up before it came to anything."
        }
    }

    /// What would help.
    public var remedy: String {
        switch cause {
        case .wrongPeer: "Ask for the peer's present address; its peer id has changed, or the address belongs to somebody else."
        case .noReservation: "Start the peer with --relay and this relay's address, or ask which relay it uses."
        case .notReachedByRelay: "Check that the peer still runs; if it does, restart it, so that it reserves anew."
        case .refusedByRelay: "Try later, or another relay; its operator can raise its limits."
        case .notARelay: "Name the address of a relay before /p2p-circuit."
        case .notSecured: "Try again; if it stays so, a firewall drops packets of one kind only."
        case .noPath: "`causeway check`, run on both sides, says whose NAT it is and what helps."
        case .certificateTime: "Set this machine's clock; if it is right, the remote's operator has to renew the certificate."
        case .certificate: "Use the host's name as its operator gives it, or name the authority by --ca."
        case .redirected: "Log in to the network in a browser, or check the path: a slash at its end belongs to it (/http-path/name%2F)."
        case .noWebSocket: "Check the port and the path; a proxy before the peer has to pass on WebSockets."
        case .notLibp2p: "Check the port, and whether the address should have /ws or /tls/ws behind it."
        case .brokenOff: "Try again; if it stays so, something on the way cuts such connections: try /tls/ws on port 443."
        case .refused: "Check that the peer runs and listens there, and the port in the address."
        case .silence where isLocal: "Use an address that the peer has outside of its network, or one through a relay (/p2p-circuit)."
        case .silence: "Check that the peer runs; a peer behind a NAT is reached through its relay (/p2p-circuit)."
        case .unreachable: "Check the address, and that the machine is on."
        case .noRoute: "Check the network, or use an address of the other kind (IPv4 or IPv6)."
        case .noZone: "Write the interface in front of it: /ip6zone/eth0/ip6/fe80::1 (`ip link` lists them)."
        case .unknownName: "Check the name's spelling, and that name servers can be reached."
        case .ownLimit: "Close connections, or raise the limit."
        case .heldBack: "Try again in a minute, or name the address."
        case .unsupported: "Use one of the peer's addresses over TCP, WebSocket or WebRTC."
        case .ownPeer: "Use the address of the other peer."
        case .hearsay: "Name the address yourself if you trust it."
        case .noAddress: "Name an address of the peer, or one through a relay (/p2p-circuit)."
        case .cancelled: "Try again."
        }
    }
}
