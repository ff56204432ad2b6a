import CausewayIdentity
import Foundation
import Testing

/// Published vectors beside the checkout: `CAUSEWAY_VECTORS`, then `../shared/vectors`.
enum Vectors {
    static let folder: String? = {
        let environment = ProcessInfo.processInfo.environment
        let root = URL(fileURLWithPath: #filePath).appending(path: "../../../..").standardized
        let places = [environment["CAUSEWAY_VECTORS"], root.appending(path: "../shared/vectors").standardized.path].compactMap { $0 }
        if let found = places.first(where: { FileManager.default.fileExists(atPath: $0 + "/wycheproof") }) { return found }
        print("SKIPPED published vectors (Wycheproof, multibase, multiaddr): none in \(places.joined(separator: " or "))")
        return nil
    }()

    /// The content of a file; nil (and in CI a failure) where there are no vectors.
    static func text(_ name: String) throws -> String? {
        guard let folder else {
            if ProcessInfo.processInfo.environment["CI"] == "true" { Issue.record("no vectors in CI") }
            return nil
        }
        return try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
    }

    static func json(_ name: String) throws -> JSON? {
        guard let text = try text(name) else { return nil }
        return try JSON(parsing: [UInt8](text.utf8), limits: JSONLimits(bytes: 16 << 20, values: 1 << 20))
    }

    struct Wycheproof {
        let group: JSON
        let test: JSON
        /// valid, invalid or acceptable.
        let result: String
        let flags: [String]

        func bytes(_ name: String) -> [UInt8] { hex(test[name]?.text ?? "") }
        var id: Int64 { test["tcId"]?.integer ?? -1 }
    }

    static func wycheproof(_ name: String) throws -> [Wycheproof] {
        guard let file = try json("wycheproof/\(name).json") else { return [] }
        return (file["testGroups"]?.array ?? []).flatMap { group in
            (group["tests"]?.array ?? []).map { test in
                Wycheproof(
                    group: group, test: test, result: test["result"]?.text ?? "", flags: (test["flags"]?.array ?? []).compactMap(\.text))
            }
        }
    }
}

func hex(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)! }
}

func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
