import CausewayIdentity
import CausewayNode
import FuzzDriver

@testable import CausewayLocalNetwork

/// A message is read within its bounds, and what a peer says in it comes out as it was written.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    let limits = MulticastDiscoveryLimits()
    if let message = try? DNSMessage(input, limits: limits) {
        precondition(message.questions.count + message.pointers.count + message.texts.count <= limits.records)
        for name in message.questions.map(\.name) + message.pointers.map(\.instance) { precondition(name.count < DNSName.longest) }
        for text in message.texts { check(text) }
    }
    listen(input, limits)
    return 0
}

private func check(_ text: DNSMessage.Text) {
    precondition(DNSName.isChild(text.owner, of: DNSName.service) && text.strings.allSatisfy { $0.count <= 255 })
    // Again, as we would write it.
    var writer = DNSWriter(isAnswer: true)
    let data = text.strings.flatMap { [UInt8($0.count)] + $0 }
    writer.add(text.owner, type: DNSMessage.RecordType.text, lifetime: text.lifetime, isOurs: true, data)
    precondition((try? DNSMessage(writer.bytes, limits: MulticastDiscoveryLimits()))?.texts == [text])
}

private func listen(_ input: [UInt8], _ limits: MulticastDiscoveryLimits) {
    let own = PeerID(ofKey: [1])
    var now = Instant(nanoseconds: 1)
    let machine = MulticastDiscovery(own, seed: 1, now: now)
    machine.setAddresses([Multiaddr.tcp(ip: [192, 168, 1, 2], port: 1)], ips: [[192, 168, 1, 2]], now: now)
    var answers = 0
    for _ in 0..<4 {
        machine.received(input, from: Endpoint(ip: [192, 168, 1, 3], port: MulticastDiscovery.port)!, now: now)
        now = now + .milliseconds(100)
        machine.advance(to: now)
        while let output = machine.pollOutput() {
            switch output {
            case .send(let bytes): answers += bytes[2] & 0x80 == 0 ? 0 : 1
            case .found(let peer, let addresses):
                precondition(peer != own && (1...limits.addresses).contains(addresses.count))
                precondition(addresses.allSatisfy { $0.reach != .loopback && $0.reach != .none })
            }
        }
    }
    precondition(answers <= 1, "more than one answer in a second")
    precondition(machine.found.count <= limits.records && machine.senders.count == 1)
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzMulticastDNS_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
