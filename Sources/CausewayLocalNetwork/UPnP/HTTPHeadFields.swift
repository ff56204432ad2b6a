/// The head of an answer by HTTP/1.1, which SSDP has, too: a status and fields.
struct HTTPHeadFields {
    static let end: [UInt8] = [13, 10, 13, 10]

    let status: Int
    /// Their names are in small letters.
    private var fields: [(name: String, value: String)] = []

    /// nil: it is no such head.
    init?(_ bytes: ArraySlice<UInt8>) {
        let lines = bytes.split { $0 == 13 || $0 == 10 }
        guard let first = lines.first else { return nil }
        let words = first.split(separator: UInt8(ascii: " "))
        guard words.count >= 2, words[0].starts(with: Array("HTTP/1.".utf8)), words[1].count == 3,
            let status = Int(String(decoding: words[1], as: UTF8.self)), (100...999).contains(status)
        else { return nil }
        self.status = status
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            fields.append((Self.text(line[..<colon]).lowercased(), Self.text(line[colon...].dropFirst())))
        }
    }

    /// The first field of this name, which is in small letters.
    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: XMLElements.trimmed(Array(bytes)), as: UTF8.self)
    }
}
