import Foundation

/// The checkout that this test was built from, and its files.
enum Checkout {
    /// The folder with Package.swift.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// One file of ours.
    struct File {
        let path: String
        let lines: [Substring]

        var name: String { String(path.split(separator: "/").last ?? "") }
        /// The target that it belongs to.
        var target: String { String(path.split(separator: "/").dropFirst().first ?? "") }

        /// `path:line: what`, for each line that `fault` says something of.
        func faults(_ fault: (Substring) -> String?) -> [String] {
            lines.enumerated().compactMap { index, line in fault(line).map { "\(path):\(index + 1): \($0)" } }
        }
    }

    /// Swift files below some folders of the checkout.
    static func swift(_ folders: String...) -> [File] { files(folders, endings: ["swift"]) }

    /// Files with some endings below folders, or the files themselves, in the order of their names. What is built or installed is not ours.
    static func files(_ folders: [String], endings: Set<String>) -> [File] {
        var found: [File] = []
        for folder in folders {
            let url = root.appendingPathComponent(folder)
            if endings.contains(url.pathExtension), let file = read(folder) { found.append(file) }
            guard let below = FileManager.default.enumerator(atPath: url.path) else { continue }
            for case let path as String in below {
                let parts = Set(path.split(separator: "/").map(String.init))
                guard parts.isDisjoint(with: ["node_modules", "dist", ".build", "System"]) else { continue }
                guard endings.contains((path as NSString).pathExtension), let file = read(folder + "/" + path) else { continue }
                found.append(file)
            }
        }
        return found.sorted { $0.path < $1.path }
    }

    /// One file by its path in the checkout; nil for folders and what is no text.
    static func read(_ path: String) -> File? {
        guard let data = try? Data(contentsOf: root.appendingPathComponent(path)) else { return nil }
        guard let text = String(data: data, encoding: .utf8) else { return nil }
        return File(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }

    /// Targets that keep to the Embedded subset.
    static let core: Set<String> = ["CausewayIdentity", "CausewayConnection", "CausewayNode", "CausewayWebRTC"]
}

extension Substring {
    /// The line up to its comment; what a string literal says does not count either.
    var withoutComment: Substring {
        let code = firstRange(of: "//").map { self[..<$0.lowerBound] } ?? self
        return code.contains("\"") ? Substring(code.replacing(#/"[^"]*"/#, with: "")) : code
    }

    /// Its names and keywords.
    var words: [String] {
        let isPart: (UInt8) -> Bool = { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_")
        }
        return utf8.split { !isPart($0) }.map { String(Substring($0)) }
    }
}
