#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// This machine's ways to the Internet.
enum DefaultRoute {
    private static let path = "/proc/net/route"
    /// Bound: how much of the routing table is read, some thousand routes.
    static let tableSize = 1 << 18

    /// The address of the gateway, 4 bytes. nil: there is none, or the system does not say so in `/proc`.
    static var gateway: [UInt8]? { gateway(in: read(path)) }

    /// The gateway with the lowest metric in a table such as `/proc/net/route`: each line has interface, destination, gateway, flags, two
    /// more, metric and mask, the addresses as hexadecimal numbers in the machine's order.
    static func gateway(in table: [UInt8]) -> [UInt8]? {
        var best: (ip: [UInt8], metric: UInt32)?
        for line in table.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(whereSeparator: { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") })
            guard words.count >= 8, number(words[1], radix: 16) == 0, number(words[7], radix: 16) == 0,
                let gateway = number(words[2], radix: 16), gateway != 0, let flags = number(words[3], radix: 16),
                flags & UInt32(isUp | hasGateway) == UInt32(isUp | hasGateway), let metric = number(words[6], radix: 10),
                metric < best?.metric ?? .max
            else { continue }
            best = (withUnsafeBytes(of: gateway) { Array($0) }, metric)
        }
        return best?.ip
    }

    /// The same by IPv6: 16 bytes, and the name of the interface, which most of them need.
    static var gateway6: (ip: [UInt8], interface: String)? { gateway6(in: read("/proc/net/ipv6_route")) }

    /// Each line has destination, its length, source, its length, gateway, metric, two more, flags and interface, the numbers hexadecimal.
    static func gateway6(in table: [UInt8]) -> (ip: [UInt8], interface: String)? {
        var best: (ip: [UInt8], interface: String, metric: UInt32)?
        for line in table.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "))
            guard words.count >= 10, words[0].allSatisfy({ $0 == UInt8(ascii: "0") }), number(words[1], radix: 16) == 0,
                let gateway = address(words[4]), gateway.contains(where: { $0 != 0 }), let flags = number(words[8], radix: 16),
                flags & UInt32(isUp | hasGateway) == UInt32(isUp | hasGateway), let metric = number(words[5], radix: 16),
                metric < best?.metric ?? .max
            else { continue }
            best = (gateway, String(decoding: words[9], as: UTF8.self), metric)
        }
        return best.map { ($0.ip, $0.interface) }
    }

    /// 16 bytes, as 32 digits.
    private static func address(_ word: ArraySlice<UInt8>) -> [UInt8]? {
        guard word.count == 32 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: word.startIndex, to: word.endIndex, by: 2) {
            guard let byte = number(word[index..<index + 2], radix: 16) else { return nil }
            bytes.append(UInt8(byte))
        }
        return bytes
    }

    /// RTF_UP and RTF_GATEWAY of Linux.
    private static let isUp = 1
    private static let hasGateway = 2

    private static func number(_ word: ArraySlice<UInt8>, radix: Int) -> UInt32? {
        UInt32(String(decoding: word, as: UTF8.self), radix: radix)
    }

    /// Most machines have a handful of routes, and this is read again and again, so a large buffer is for those alone that need it.
    static func read(_ path: String) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var table: [UInt8] = []
        while table.count < tableSize {
            let piece = [UInt8](unsafeUninitializedCapacity: 4096) { room, count in
                count = max(0, systemRead(file, room.baseAddress!, room.count))
            }
            guard !piece.isEmpty else { break }
            table += piece
        }
        return table
    }
}

/// `read` of the C library, whose name `DefaultRoute` uses itself.
private func systemRead(_ file: Int32, _ to: UnsafeMutableRawPointer, _ count: Int) -> Int { read(file, to, count) }
