import CausewayIdentity
import CausewayWebRTC
import FuzzDriver

/// The input is steps against a demultiplexer: each has a byte for what is done, one for whose, and one for how many bytes of a datagram
/// follow. A plain model says what must come of it; and nothing grows beyond its limit.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let run = Run()
    var position = 0
    while input.count - position >= 3 {
        let size = min(Int(input[position + 2]), input.count - position - 3)
        let datagram = UnsafeRawBufferPointer(rebasing: input[position + 3..<position + 3 + size])
        run.step(input[position], id: UInt32(input[position + 1] % 16), datagram)
        position += 3 + size
    }
    return 0
}

private final class Run {
    private struct Known {
        let fragment: [UInt8]
        var isTrusted: Bool
        var endpoints: [Endpoint] = []
    }
    private var demultiplexer = DatagramDemultiplexer(Run.limits)
    private var known: [UInt32: Known] = [:]
    private static let limits: DemultiplexerLimits = {
        var limits = DemultiplexerLimits()
        (limits.associations, limits.strangers, limits.strangersPerPlace, limits.endpointsPerAssociation) = (5, 4, 2, 2)
        return limits
    }()

    func step(_ action: UInt8, id: UInt32, _ datagram: UnsafeRawBufferPointer) {
        let remote = Endpoint(ip: [10, 0, 0, action >> 3 & 7], port: 4000 + UInt16(action >> 6))!
        switch action & 7 {
        case 0:
            let fragment = [UInt8](repeating: UInt8(ascii: "a") + UInt8(id), count: 4 + datagram.count % 3)
            if (try? demultiplexer.expect(id, fragment: fragment)) != nil { known[id] = Known(fragment: fragment, isTrusted: true) }
        case 1:
            guard let request = BindingRequest(datagram) else { break }
            do throws(DemultiplexerError) {
                if let victim = try demultiplexer.admit(id, request, from: remote) {
                    precondition(known.removeValue(forKey: victim)?.isTrusted == false, "a trusted association had to go")
                }
                precondition(known[id] == nil)
                known[id] = Known(fragment: request.localFragment, isTrusted: false)
            } catch {
                precondition(known[id] != nil || known.values.contains { $0.fragment == request.localFragment })
            }
        case 2: if (try? demultiplexer.trust(id)) != nil { known[id]!.isTrusted = true }
        case 3, 4: bind(id, remote)
        case 5:
            demultiplexer.remove(id)
            known[id] = nil
        default: precondition(demultiplexer.route(datagram, from: remote) == route(datagram, remote))
        }
        precondition(demultiplexer.count == known.count && demultiplexer.strangerCount == known.values.count { !$0.isTrusted })
        precondition(demultiplexer.endpointCount == known.values.reduce(0) { $0 + $1.endpoints.count })
        precondition(demultiplexer.strangerCount <= 4 && known.count - demultiplexer.strangerCount <= 5)
    }

    private func bind(_ id: UInt32, _ remote: Endpoint) {
        let holder = known.first { $0.value.endpoints.contains(remote) }?.key
        guard (try? demultiplexer.bind(id, to: remote)) != nil else {
            return precondition(known[id] == nil || holder != nil && !known[id]!.isTrusted, "it was refused without a reason")
        }
        guard holder != id else { return }
        precondition(holder == nil || known[id]!.isTrusted, "a stranger took an endpoint")
        if let holder { known[holder]!.endpoints.removeAll { $0 == remote } }
        if known[id]!.endpoints.count == 2 { known[id]!.endpoints.removeFirst() }
        known[id]!.endpoints.append(remote)
    }

    private func route(_ datagram: UnsafeRawBufferPointer, _ remote: Endpoint) -> DatagramRoute {
        guard let first = datagram.first, let kind = DatagramKind(firstByte: first) else { return .nobody(.unknownKind) }
        let bound = known.first { $0.value.endpoints.contains(remote) }
        guard let request = BindingRequest(datagram) else {
            return bound.map { .association($0.key, kind) } ?? .nobody(.unknownRemote)
        }
        let named = known.first { $0.value.fragment == request.localFragment }
        return named.map { .association($0.key, .stun) } ?? .listener(request)
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzDemultiplexer_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
