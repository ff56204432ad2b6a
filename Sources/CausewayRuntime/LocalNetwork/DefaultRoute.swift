#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// This machine's way to the IPv4 Internet.
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
