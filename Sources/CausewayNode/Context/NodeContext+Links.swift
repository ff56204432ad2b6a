public import CausewayConnection
public import CausewayIdentity

// What protocols do with connections.
extension NodeContext {
    /// An even number above 0 for a link that the node makes. After 2^31 links, numbers are used again, except those of living links. A
    /// dial is too short to meet its own number again.
    public func nextLink() -> UInt32 {
        repeat { lastLink &+= 2 } while lastLink == 0 || connections[lastLink] != nil || expectedLinks[lastLink] != nil
        return lastLink
    }

    /// Says what a coming link is. Call it before appending the output that makes the link. When it is authenticated it counts as this;
    /// a link that is not expected is ignored.
    public func expectLink(
        _ link: UInt32, remoteAddress: Multiaddr, localAddress: Multiaddr, path: ConnectionPath, carrier: UInt32?, isInbound: Bool,
        isProbe: Bool = false
    ) {
        expectedLinks[link] = ExpectedLink(
            remoteAddress: remoteAddress, localAddress: localAddress, path: path, carrier: carrier, isInbound: isInbound, isProbe: isProbe)
    }

    /// Closes a connection. From now on it is used for nothing new; `linkClosed` follows when it has ended.
    public func close(_ link: UInt32, _ reason: CloseReason) {
        connections.retire(link)
        outbox.append(.link(link, .close(reason)))
    }

    /// Closes a connection because it is over a limit.
    func cut(_ link: UInt32, _ limit: LimitName, _ value: Int) {
        connections.retire(link)
        outbox.append(.link(link, .cut(limit, value: UInt64(value))))
    }

    // MARK: Requests to the dialler

    /// Requests a connection. `NodeProtocol.connectAnswered` of `owner` gets exactly one answer, never before this call returns. It comes
    /// soon if such a connection is open.
    /// - Parameter time: how long to try; nil: `NodeLimits.dialTime`.
    /// - Returns: The request's number, from the node's own sequence (not the application's).
    public func requestConnection(
        to peer: PeerID, _ policy: DialPolicy, within time: Interval? = nil, for owner: any NodeProtocol
    ) -> UInt32 {
        lastConnectRequest &+= 1
        let deadline = now + (time ?? limits.dialTime)
        wishes.append(.connect(DialRequest(.protocol, lastConnectRequest, owner: owner, peer, policy, deadline: deadline)))
        return lastConnectRequest
    }
}
