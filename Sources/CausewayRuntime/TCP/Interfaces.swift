import CAres
import CUV
import CausewayIdentity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// This machine's addresses.
package enum Interfaces {
    /// The addresses for which an unspecified address (0.0.0.0, ::) stands at this moment: the interfaces' addresses of the same family.
    /// Link-local ones are left out, because they mean nothing without an interface. A machine may have none of a family.
    /// - Parameter addresses: the machine's.
    static func expand(_ address: SocketAddress, among addresses: [[UInt8]]) -> [SocketAddress] {
        guard address.isUnspecified else { return [address] }
        return addresses.filter { ($0.count == 16) == address.isIPv6 }.compactMap { SocketAddress(ip: $0, port: address.port) }
    }

    /// Those at which another machine may reach this one: loopback only if there is nothing else. The families take turns, so that whoever
    /// takes only some has both.
    package static var ofHost: [[UInt8]] {
        let all = addresses
        let others = all.filter { !isLoopback($0) }
        let usable = others.isEmpty ? all : others
        let (six, four) = (usable.filter { $0.count == 16 }, usable.filter { $0.count == 4 })
        var found: [[UInt8]] = []
        for index in 0..<max(six.count, four.count) {
            if index < six.count { found.append(six[index]) }
            if index < four.count { found.append(four[index]) }
        }
        return found
    }

    /// The system's number of an interface. 0: there is none of this name.
    static func number(of name: String) -> UInt32 { if_nametoindex(name) }

    /// All but link-local ones, each once.
    static var addresses: [[UInt8]] {
        var found: [[UInt8]] = []
        for entry in entries where !isLinkLocal(entry.ip) && !found.contains(entry.ip) { found.append(entry.ip) }
        return found
    }

    /// Bound: networks in which peers are looked for. Machines with many containers have more.
    static let mostNetworks = 8

    static var privateNetworks: [PrivateNetwork] { privateNetworks(among: entries, number: number) }

    /// - Parameters:
    ///   - entries: the addresses of the interfaces, of all families.
    ///   - number: the system's number of an interface; 0: there is none of this name.
    static func privateNetworks(among entries: [Entry], number: (String) -> UInt32) -> [PrivateNetwork] {
        var found: [PrivateNetwork] = []
        var names: [String] = []
        for entry in entries where !names.contains(entry.name) { names.append(entry.name) }
        for name in names where found.count < mostNetworks {
            let own = entries.filter { $0.name == name }
            let fours = own.filter { $0.ip.count == 4 }
            let four = fours.first {
                [.privateNetwork, .linkLocal].contains(Multiaddr.udp(ip: $0.ip, port: 1).reach) && $0.mask.count == 4
                    && $0.mask != [255, 255, 255, 255]
            }
            let sixes = own.map(\.ip).filter { $0.count == 16 && !isLinkLocal($0) && !isLoopback($0) }
            let hasLinkLocal = own.contains { $0.ip.count == 16 && isLinkLocal($0.ip) }
            // Unique local addresses (RFC 4193) say that it is private if there is no IPv4 that would say so.
            let isPrivateByIPv6 = fours.isEmpty && hasLinkLocal && sixes.contains { $0[0] & 0xfe == 0xfc }
            let interface = number(name)
            guard interface != 0, four != nil || isPrivateByIPv6 else { continue }
            found.append(
                PrivateNetwork(
                    interface: interface, ip: four?.ip ?? [], mask: four?.mask ?? [], sixes: sixes, hasLinkLocal: hasLinkLocal))
        }
        return found
    }

    /// An address of an interface.
    struct Entry {
        let name: String
        let ip: [UInt8]
        /// Empty: there is none.
        let mask: [UInt8]
    }

    private static var entries: [Entry] {
        var list: UnsafeMutablePointer<uv_interface_address_t>?
        var count: Int32 = 0
        guard uv_interface_addresses(&list, &count) == 0, let list else { return [] }
        defer { uv_free_interface_addresses(list, count) }
        var found: [Entry] = []
        for index in 0..<Int(count) {
            guard let ip = address(&list[index].address)?.ip else { continue }
            found.append(Entry(name: String(cString: list[index].name), ip: ip, mask: address(&list[index].netmask)?.ip ?? []))
        }
        return found
    }

    /// From a union of both families' forms.
    private static func address<Form>(_ form: UnsafePointer<Form>) -> SocketAddress? {
        form.withMemoryRebound(to: sockaddr.self, capacity: 1) { SocketAddress($0) }
    }

    static func isLinkLocal(_ ip: [UInt8]) -> Bool {
        ip.count == 4 ? ip[0] == 169 && ip[1] == 254 : ip[0] == 0xfe && ip[1] & 0xc0 == 0x80
    }

    private static func isLoopback(_ ip: [UInt8]) -> Bool { ip.count == 4 ? ip[0] == 127 : ip == [UInt8](repeating: 0, count: 15) + [1] }
}
