import CausewayIdentity
import Testing

@Suite struct MultiformatsVectorTests {
    @Test(arguments: ["basic", "case_insensitivity", "leading_zero", "two_leading_zeros"]) func multibase(_ name: String) throws {
        guard let text = try Vectors.text("multibase/\(name).csv") else { return }
        let lines = text.split(separator: "\n").map { $0.split(separator: ",", maxSplits: 1).map { $0.trimmingQuotes } }
        let plain = lines[0][1].replacing("\\x00", with: "\0")
        var seen = 0
        for line in lines.dropFirst() {
            guard let base = Multibase(rawValue: bytes(line[1])[0]) else {
                #expect(Multibase.decode(bytes(line[1])) == nil)
                continue
            }
            seen += 1
            #expect(Multibase.decode(bytes(line[1])) == bytes(plain), "\(line[0])")
            if name != "case_insensitivity" { #expect(string(base.encode(bytes(plain))) == line[1], "\(line[0])") }
        }
        #expect(seen >= (name == "case_insensitivity" ? 7 : 13))
    }

    @Test func everyProtocolIsKnown() throws {
        guard let text = try Vectors.text("multiaddr/protocols.csv") else { return }
        let values: [String: String] = [
            "ip4": "1.2.3.4", "ip6": "::1", "ipcidr": "24", "p2p": "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC", "memory": "7",
            "ipfs": "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC", "onion": "timaq4ygg2iegci7:1234",
            "onion3": "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1234",
            "garlic64": String(repeating: "A", count: 516), "garlic32": "566niximlxdzpanmn4qouucvua3k7neniwss47li5r6ugoertzuq",
            "certhash": "uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ",
        ]
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingQuotes }
            let (code, size, name) = (UInt32(fields[0])!, fields[1], fields[2])
            let written = size == "0" ? "/\(name)" : "/\(name)/\(values[name] ?? (size == "16" ? "80" : "x"))"
            let address = try Multiaddr(written)
            #expect(address.components[0].code == code)
            #expect(address.description == written.replacing("/ipfs/", with: "/p2p/"))
            #expect(try Multiaddr(bytes: address.bytes) == address)
        }
    }

    @Test func addresses() throws {
        guard let file = try Vectors.json("multiaddr/addresses.json") else { return }
        for vector in file["valid"]?.array ?? [] {
            let text = vector["text"]?.text ?? ""
            let address = try Multiaddr(text)
            let binary = hex(vector["hex"]?.text ?? "")
            // py-multiaddr keeps a peer id as the CID that was written; we, like go, as its multihash, whatever was written.
            if !text.contains("/p2p/k") && !text.contains("/p2p/baf") { #expect(address.bytes == binary, "\(text)") }
            #expect(try Multiaddr(bytes: binary) == address, "\(text)")
            #expect(address.description == vector["canonical"]?.text, "\(text)")
        }
        for vector in file["valid_without_bytes"]?.array ?? [] {
            let address = try Multiaddr(vector.text ?? "")
            #expect(try Multiaddr(text: address.text) == address)
            #expect(!address.description.contains("/ipfs/"))
        }
        for vector in file["invalid"]?.array ?? [] {
            #expect(throws: MultiaddrError.self, "\(vector.text ?? "")") { try Multiaddr(vector.text ?? "") }
        }
    }
}

extension Substring {
    fileprivate var trimmingQuotes: String {
        func isAround(_ character: Character) -> Bool { character.isWhitespace || character == "\"" }
        return String(drop(while: isAround).reversed().drop(while: isAround).reversed())
    }
}
