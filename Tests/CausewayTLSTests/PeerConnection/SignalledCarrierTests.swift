import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayWebRTC

/// The port of an association of `/webrtc` whose node never says whose it is.
private final class SilentNode: AssociationPort, SignallingChannel, LinkSetHost {
    private final class NoTimer: AssociationTimer {
        func start(after interval: Interval) {}
        func close() {}
    }

    let now = Instant(nanoseconds: 1_000_000_000)
    private let settings: Connection.Settings
    private(set) lazy var links = LinkSet(settings, host: self)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PeerConnection.datagramSize, alignment: 16)
    var (connections, failures, gone) = (0, 0, 0)

    init() throws {
        let key = try PrivateKey(ed25519Seed: [UInt8](repeating: 1, count: 32))
        settings = Connection.Settings(
            identity: try NoiseIdentity(key, staticSecret: Secret([UInt8](repeating: 2, count: 32))), protocols: ProtocolTable([]),
            limits: ConnectionLimits())
    }

    deinit { buffer.deallocate() }

    func makeTimer(for carrier: AssociationCarrier) -> any AssociationTimer { NoTimer() }
    func hasRoom(for carrier: AssociationCarrier) -> Bool { false }
    func send(_ count: Int, over path: ICEPath) {}
    func began(_ carrier: AssociationCarrier) {}
    func trust(_ carrier: AssociationCarrier) {}
    func bind(_ carrier: AssociationCarrier, to remote: Endpoint) -> Bool { true }
    func remove(_ carrier: AssociationCarrier) {}

    func gathered(_ candidate: [UInt8], by carrier: AssociationCarrier) {}
    func connected(_ carrier: AssociationCarrier) { connections += 1 }
    func failed(_ carrier: AssociationCarrier) { failures += 1 }
    func progressed(_ report: PeerConnectionReport, by carrier: AssociationCarrier) {}

    func entropy(_ count: Int) -> Secret { Secret([UInt8](repeating: 7, count: count)) }
    func linkReported(_ events: [LinkEvent], from link: UInt32) {}
    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) {}
    func linksHaveWork() {}
    func linkIsGone(_ link: UInt32) { gone += 1 }
}

/// A remote opens channels as soon as it is connected, before the node has made a link of the connection.
@Test func whatIsKeptBeforeALinkBeginsIsBounded() throws {
    let node = try SilentNode()
    let session = SignalledSession(
        offeringFrom: [LocalBase(socket: 1, endpoint: SignalledPair.offerer)], servers: [], by: DTLSMaker.simulated.client,
        secret: [UInt8](repeating: 1, count: 32), entropy: [UInt8](repeating: 2, count: 32), now: node.now)
    let carrier = AssociationCarrier(1, session, by: node, port: node)
    node.links.insert(1, over: carrier)
    carrier.hear(.connected)
    #expect(node.connections == 1)
    let channel = DataChannelDescription(label: [], subprotocol: [], isOrdered: true)
    for number in 0..<AssociationCarrier.keptInputs {
        carrier.hear(.opened(StreamID(UInt16(2 * number)), channel))
    }
    #expect(node.failures == 0 && carrier.channels?.waitingInputs == AssociationCarrier.keptInputs)
    carrier.hear(.opened(StreamID(UInt16(2 * AssociationCarrier.keptInputs)), channel))
    #expect(node.failures == 1)
}
