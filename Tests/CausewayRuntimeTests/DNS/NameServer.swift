#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A name server on loopback that knows some TXT records, and some IPv4 addresses, for whose names it answers no other question. Its thread
/// lives as long as the process.
final class NameServer: Sendable {
    let address: String
    private let descriptor: Int32

    init(records: [String: [String]] = [:], hosts: [String: [UInt8]] = [:], isSilent: Bool = false) throws {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_DGRAM, 0)
        #endif
        var bound = sockaddr_in()
        bound.sin_family = sa_family_t(AF_INET)
        bound.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &bound) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, size)
                _ = getsockname(descriptor, $0, &size)
            }
        }
        self.descriptor = descriptor
        address = "127.0.0.1:\(UInt16(bigEndian: bound.sin_port))"
        guard !isSilent else { return }
        let server = Unmanaged.passRetained(Server(descriptor: descriptor, records: records, hosts: hosts))
        var thread = pthread_t.none
        pthread_create(
            &thread, nil,
            { argument in
                #if canImport(Darwin)
                    Unmanaged<Server>.fromOpaque(argument).takeRetainedValue().run()
                #else
                    Unmanaged<Server>.fromOpaque(argument!).takeRetainedValue().run()
                #endif
                return nil
            }, server.toOpaque())
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

extension pthread_t {
    #if canImport(Darwin)
        fileprivate static var none: pthread_t? { nil }
    #else
        fileprivate static var none: pthread_t { 0 }
    #endif
}

private final class Server {
    let descriptor: Int32
    let records: [String: [String]]
    let hosts: [String: [UInt8]]

    init(descriptor: Int32, records: [String: [String]], hosts: [String: [UInt8]]) {
        self.descriptor = descriptor
        self.records = records
        self.hosts = hosts
    }

    func run() {
        var query = [UInt8](repeating: 0, count: 512)
        while true {
            var from = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &from) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(descriptor, &query, query.count, 0, $0, &size) }
            }
            guard count > 12 else { break }
            guard let answer = answer(to: Array(query.prefix(count))) else { continue }
            withUnsafePointer(to: &from) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = sendto(descriptor, answer, answer.count, 0, $0, size) }
            }
        }
        close(descriptor)
    }

    /// RFC 1035: the question again, then the records, each name a pointer to it.
    private func answer(to query: [UInt8]) -> [UInt8]? {
        var labels: [String] = []
        var index = 12
        while index < query.count, query[index] > 0 {
            let end = index + 1 + Int(query[index])
            labels.append(String(decoding: query[(index + 1)..<end], as: UTF8.self))
            index = end
        }
        let name = labels.joined(separator: ".").lowercased()
        let isIPv4 = query[index + 2] == 1
        if hosts[name] != nil, !isIPv4 { return nil }
        let texts = records[name] ?? []
        let count = hosts[name] == nil ? texts.count : 1
        let flags: [UInt8] = [0x81, count == 0 ? 0x83 : 0x80]
        let counts: [UInt8] = [0, 1, 0, UInt8(count), 0, 0, 0, 0]
        var out = [UInt8](query.prefix(2))
        out += flags
        out += counts
        out += query[12..<(index + 5)]
        if let address = hosts[name] { out += [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4] + address }
        for text in texts {
            var data: [UInt8] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                data.append(UInt8(min(255, rest.count)))
                data += rest.prefix(255)
                rest = rest.dropFirst(255)
            }
            let head: [UInt8] = [0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]
            out += head
            out.append(UInt8(data.count >> 8))
            out.append(UInt8(data.count & 255))
            out += data
        }
        return out
    }
}
