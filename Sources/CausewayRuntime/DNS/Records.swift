import CAres

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads c-ares' answers.
enum Records {
    /// Further records of a name are ignored: an answer over TCP has room for thousands.
    private static let most = 128

    static func addresses(_ status: Int32, _ found: UnsafeMutablePointer<ares_addrinfo>?) -> Lookup.Answer {
        guard status == ARES_SUCCESS else { return .failure(DNSError(code: status)) }
        var addresses: [[UInt8]] = []
        var entry = found?.pointee.nodes
        while let current = entry, addresses.count < most {
            if let address = current.pointee.ai_addr.flatMap({ SocketAddress($0) }), !addresses.contains(address.ip) {
                addresses.append(address.ip)
            }
            entry = current.pointee.ai_next
        }
        return addresses.isEmpty ? .failure(.noData) : .success(addresses)
    }

    static func texts(_ status: Int32, _ answer: UnsafeMutablePointer<UInt8>?, _ size: Int32) -> Lookup.Answer {
        guard status == ARES_SUCCESS else { return .failure(DNSError(code: status)) }
        var list: UnsafeMutablePointer<ares_txt_ext>?
        let code = ares_parse_txt_reply_ext(answer, size, &list)
        guard code == ARES_SUCCESS else { return .failure(DNSError(code: code)) }
        defer { ares_free_data(list) }
        var records: [[UInt8]] = []
        var entry = list
        // A record longer than 255 bytes comes in several pieces.
        while let current = entry {
            let piece = UnsafeBufferPointer(start: current.pointee.txt, count: current.pointee.length)
            if current.pointee.record_start != 0 || records.isEmpty {
                guard records.count < most else { break }
                records.append(Array(piece))
            } else {
                records[records.count - 1].append(contentsOf: piece)
            }
            entry = current.pointee.next
        }
        return records.isEmpty ? .failure(.noData) : .success(records)
    }
}
