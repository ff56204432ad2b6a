import CausewayIdentity
import FuzzDriver

@testable import CausewayWebRTC

/// What a listening port does before it knows anybody: route, check, admit, bind, answer, and end what has had its time. The input is a
/// list of datagrams, each after some time, from one of a few places: a byte for the time, one for the source, one for what it is, one for
/// its length. They are bytes as they come, or checks of a dialler with these bytes for its fragment, intact or not.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    var port = Port()
    var position = 0
    while input.count - position >= 4 {
        let size = min(Int(input[position + 3]), input.count - position - 4)
        let body = UnsafeRawBufferPointer(rebasing: input[position + 4..<position + 4 + size])
        port.pass(input[position])
        let source = Endpoint(ip: [10, 0, 0, input[position + 1] & 7], port: 4000 + UInt16(input[position + 1] >> 3))!
        port.receive(input[position + 2], body, from: source)
        port.check()
        position += 4 + size
    }
    return 0
}

/// As a shell joins them.
private struct Port: ~Copyable {
    private var routes: DatagramDemultiplexer
    private var gate: NewcomerGate
    private var server: STUNServer
    private var agents: [UInt32: ICELiteAgent] = [:]
    private var trusted: Set<UInt32> = []
    private var now = Instant(nanoseconds: 1)
    private var lastID: UInt32 = 0
    private var begun = 0
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: STUNLimits.messageSize, alignment: 8)
    private let limits: DemultiplexerLimits
    private let newcomers: NewcomerLimits

    init() {
        var limits = DemultiplexerLimits()
        (limits.associations, limits.strangers, limits.strangersPerPlace, limits.endpointsPerAssociation) = (6, 5, 2, 2)
        var newcomers = NewcomerLimits()
        (newcomers.burst, newcomers.perSecond, newcomers.burstPerPlace, newcomers.perSecondPerPlace, newcomers.places) = (9, 4, 3, 1, 4)
        (self.limits, self.newcomers) = (limits, newcomers)
        routes = DatagramDemultiplexer(limits)
        gate = NewcomerGate(newcomers)
        server = STUNServer()
    }

    deinit { buffer.deallocate() }

    mutating func pass(_ time: UInt8) {
        now = now + .milliseconds(UInt64(time) * UInt64(time))
        while let id = gate.expired(now: now) {
            routes.remove(id)
            agents[id] = nil
        }
    }

    mutating func receive(_ what: UInt8, _ body: UnsafeRawBufferPointer, from source: Endpoint) {
        guard what & 1 == 0 else { return take(body, from: source) }
        var datagram = Self.check([UInt8](copying: body), what)
        if what & 0x40 != 0, !datagram.isEmpty { datagram[Int(what) % datagram.count] ^= what }
        datagram.withUnsafeBytes { take($0, from: source) }
        if what & 0x30 == 0x30, let id = agents.keys.min(), (try? routes.trust(id)) != nil {
            gate.ended(id)
            trusted.insert(id)
        }
    }

    /// A check of a dialler: of version one or two, controlling or not, nominating or not.
    private static func check(_ own: [UInt8], _ what: UInt8) -> [UInt8] {
        let head = [UInt8](utf8: what & 2 == 0 ? "libp2p+webrtc+v1/" : "libp2p+webrtc+v2/")
        let fragment = head + own.prefix(220)
        let dialler = what & 2 == 0 ? fragment : [UInt8](utf8: "abcd")
        return [UInt8](unsafeUninitializedCapacity: STUNLimits.messageSize) { out, count in
            let room = UnsafeMutableRawBufferPointer(out)
            var writer = STUNWriter(.request, TransactionID(high: 1, low: UInt64(what)), into: room)
            writer.append(username: fragment, dialler)
            if what & 4 != 0 { writer.append(.useCandidate) }
            writer.append(what & 8 == 0 ? .iceControlling : .iceControlled, UInt64(1))
            count = writer.finish(password: fragment)
        }
    }

    private mutating func take(_ datagram: UnsafeRawBufferPointer, from source: Endpoint) {
        switch routes.route(datagram, from: source) {
        case .association(let id, let kind):
            precondition(agents[id] != nil, "an association that has ended")
            if kind == .stun { agents[id]!.receive(datagram, over: ICEPath(socket: 0, remote: source), now: now) }
            drain(id)
        case .listener(let request): accept(datagram, request, from: source)
        case .nobody: _ = server.answer(datagram, from: source, isConnected: false, into: buffer, now: now)
        }
    }

    private mutating func accept(_ datagram: UnsafeRawBufferPointer, _ request: BindingRequest, from source: Endpoint) {
        let path = ICEPath(socket: 0, remote: source)
        guard let agent = try? ICELiteAgent(accepting: datagram, over: path, now: now), gate.admits(source, now: now) else { return }
        precondition(agent.local.fragment == request.localFragment, "another fragment than it was routed by")
        lastID += 1
        begun += 1
        do throws(DemultiplexerError) {
            if let victim = try routes.admit(lastID, request, from: source) {
                precondition(!trusted.contains(victim) && agents.removeValue(forKey: victim) != nil, "who is trusted had to go")
                gate.ended(victim)
            }
            try routes.bind(lastID, to: source)
        } catch {
            return routes.remove(lastID)
        }
        agents[lastID] = agent
        gate.began(lastID, now: now)
        drain(lastID)
    }

    private mutating func drain(_ id: UInt32) {
        while let output = agents[id]!.pollOutput(into: buffer, now: now) {
            switch output {
            case .send(let count, let path):
                let answer = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
                precondition((try? STUNMessage(answer)).map { $0.kind != .request } == true, "a lite agent asks nothing")
                try? routes.bind(id, to: path.remote)
            case .failed:
                routes.remove(id)
                gate.ended(id)
                trusted.remove(id)
                agents[id] = nil
                return
            default: break
            }
        }
    }

    func check() {
        precondition(routes.count == agents.count && gate.count == agents.count - trusted.count)
        precondition(routes.strangerCount <= limits.strangers && trusted.count <= limits.associations)
        precondition(routes.endpointCount <= agents.count * limits.endpointsPerAssociation)
        precondition(gate.placeCount <= 2 * newcomers.places + 1)
        let seconds = Int(now.nanoseconds / 1_000_000_000) + 1
        precondition(begun <= newcomers.burst + newcomers.perSecond * seconds, "more began than may")
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzNewcomers_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
