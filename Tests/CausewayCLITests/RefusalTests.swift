import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A connection that has said the first byte of a handshake.
private func knock(_ port: String) -> Int32 {
    let file = tcpSocket()
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = (UInt16(port) ?? 0).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    _ = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    var byte: UInt8 = 0x13
    _ = quietSend(file, &byte, 1)
    return file
}

@Test(.timeLimit(.minutes(1))) func aFloodOfRefusalsIsAFewLines() throws {
    let relay = try RunningRelay(["--connections", "1"])
    // One of them stays in its handshake; the others are too many.
    let files = (0..<397).map { _ in knock(relay.port) }
    defer { for file in files { close(file) } }
    Thread.sleep(forTimeInterval: 3)
    let refusals = try relay.end().filter { $0["event"] as? String == "refused" }
    #expect(refusals.count >= 1 && refusals.count <= 40)
    #expect(refusals.reduce(0) { $0 + ($1["count"] as? Int ?? 0) } == 396)
    #expect(refusals.allSatisfy { $0["reason"] as? String == "connections" && $0["limit"] as? Int == 1 })
}

@Test(.timeLimit(.minutes(1))) func aRefusedReservationNamesTheLimit() throws {
    let relay = try RunningRelay(["--reservations", "1"])
    let peers = try (0..<2).map { _ in try RunningRelay(running: ["peer", "--json", "--no-listen", "--no-mdns", "--relay", relay.address]) }
    var told: [String: Any] = [:]
    while told["event"] as? String != "reservation-refused" { told = try relay.nextEvent() }
    #expect(told["reason"] as? String == "reservations" && told["limit"] as? Int == 1 && told["status"] as? Int == 200, "\(told)")
    #expect(told["count"] as? Int ?? 0 >= 1 && peers.count == 2, "\(told)")
}

@Test func descriptorsAreRaisedAndConnectionsFitBelow() throws {
    // Soft and hard: 15 half-open connections, page readers and dials each, 64 for itself.
    let poor = try RunningRelay(ulimit: "-n 120").ready
    #expect(poor["descriptors"] as? Int == 120 && poor["connections"] as? Int == 120 - 3 * 15 - 64)
    let hard = try RunningRelay(ulimit: "-S -n 120").ready
    #expect((hard["descriptors"] as? Int ?? 0) > 120 && (hard["connections"] as? Int ?? 0) > 120)
}

@Test(.timeLimit(.minutes(1))) func whenDescriptorsAreFewThoseWhoAreInGoOn() throws {
    let relay = try RunningRelay(ulimit: "-n 120")
    // Four times as many as there is room for.
    let files = (0..<480).map { _ in knock(relay.port) }
    let during = try CommandRun(["ping", relay.address, "--count", "1"])
    #expect(during.status == 0, "\(during)")
    for file in files { close(file) }
    let after = try CommandRun(["ping", relay.address, "--count", "1"])
    #expect(after.status == 0, "\(after)")
    let events = try relay.end()
    #expect(events.contains { $0["event"] as? String == "refused" && $0["reason"] as? String == "connections" })
}
