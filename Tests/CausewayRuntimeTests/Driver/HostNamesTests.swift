import CausewayIdentity
import Testing

@testable import CausewayRuntime

@Test func theOldestHostNamesAreForgotten() {
    var names = HostNames()
    let addresses = (0..<HostNames.capacity + 10).map { Multiaddr.tcp(ip: [10, 0, UInt8($0 >> 8), UInt8($0 & 255)], port: 1) }
    for (number, address) in addresses.enumerated() {
        names[address] = [UInt8(truncatingIfNeeded: number)]
        // Again, which does not count twice.
        names[address] = [UInt8(truncatingIfNeeded: number)]
    }
    let known = addresses.filter { names[$0] != nil }
    #expect(known == Array(addresses.suffix(HostNames.capacity)))
    #expect(names[addresses[10]] == [10])
}
