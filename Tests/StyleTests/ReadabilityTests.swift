import Foundation
import Testing

private let sources = Checkout.swift("Sources")
private let everything = Checkout.swift("Sources", "Tests", "Examples", "Benchmarks", "Fuzz")

@Test func thereAreSourcesToLookAt() {
    #expect(sources.count > 50)
}

@Test func filesCanBeReadAtOnce() {
    let long = everything.filter { $0.lines.count > 401 }.map { "\($0.path): \($0.lines.count - 1) lines, 400 at most" }
    #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
}

@Test func linesFitTheWindow() {
    let long = everything.flatMap { file in
        file.faults { line in
            // A key or hash in a literal is one word, which nobody reads.
            guard line.utf8.count > 140, line.count > 140, line.drop(while: { $0 == " " }).contains(" ") else { return nil }
            return "\(line.count) characters, 140 at most"
        }
    }
    #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
}

@Test func nothingIsLeftForLater() {
    // Put together, so that this file does not find itself.
    let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
    let found = everything.flatMap { file in
        file.faults { line in words.first { line.contains($0) } }
    }
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}

@Test func typesAreNamedForWhatTheyAre() {
    let kinds: Set<String> = ["class", "struct", "enum", "protocol", "actor", "typealias"]
    let empty = ["Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Impl"]
    let found = everything.filter { $0.target != "StyleTests" }.flatMap { file in
        file.faults { line in
            let words = line.withoutComment.words
            let declared = zip(words, words.dropFirst()).filter { kinds.contains($0.0) }.map(\.1)
            return declared.first { name in empty.contains { name.hasSuffix($0) } }.map { "a name that says nothing: \($0)" }
        }
    }
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}

/// Programs have no callers who read comments.
private let applications: Set<String> = ["CausewayCLI", "CausewayTestPeer", "CausewayWeb", "CausewayWebSelfTest"]

@Test func publicTypesAreDocumented() {
    let declaration = #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*public\s+(?:final\s+|indirect\s+)*(?:class|struct|enum|protocol|actor)\s+(\w+)/#
    let found = sources.filter { !applications.contains($0.target) }.flatMap { $0.undocumented(declaration) }
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}

/// What only tests use is `package` or less: an application must not find it.
@Test func nothingPublicIsForTests() {
    let declaration = #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*public\s/#
    let found = sources.filter { !applications.contains($0.target) && $0.target != "CausewaySimulation" }.flatMap { file in
        file.lines.indices.compactMap { index -> String? in
            guard file.lines[index].contains("public "), file.lines[index].firstMatch(of: declaration) != nil else { return nil }
            let comment = file.lines[..<index].reversed().prefix { $0.drop { $0 == " " }.hasPrefix("///") }
            guard comment.contains(where: { $0.contains(#/\b[Ff]or (?:a )?tests?\b/#) }) else { return nil }
            return "\(file.path):\(index + 1): \(file.lines[index].drop { $0 == " " })"
        }
    }
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}

/// What a protocol asks for is documented there, and neighbours may share a comment; so functions are counted only.
@Test func publicFunctionsAreMostlyDocumented() {
    let declaration = #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*public\s+(?:static\s+|mutating\s+|final\s+)*func\s+(\w+)/#
    let library = sources.filter { ["Causeway", "CausewaySimulation"].contains($0.target) }
    let all = library.flatMap { $0.lines }.count { $0.contains("public ") && $0.firstMatch(of: declaration) != nil }
    let found = library.flatMap { $0.undocumented(declaration) }
    if !found.isEmpty { print("of \(all) public functions \(found.count) have no comment:\n\(found.joined(separator: "\n"))") }
    #expect(found.count * 4 <= all)
}

extension Checkout.File {
    /// Declarations without a comment above them, beyond attributes.
    fileprivate func undocumented(_ declaration: Regex<(Substring, Substring)>) -> [String] {
        var found: [String] = []
        for (index, line) in lines.enumerated() {
            guard line.contains("public "), let match = line.firstMatch(of: declaration) else { continue }
            var above = index - 1
            while above >= 0, lines[above].trimmingPrefix(while: { $0 == " " }).hasPrefix("@") { above -= 1 }
            if above >= 0, lines[above].trimmingPrefix(while: { $0 == " " }).hasPrefix("///") { continue }
            found.append("\(path):\(index + 1): \(match.1) has no comment")
        }
        return found
    }
}

@Test func everyLimitHasItsReason() {
    let limit = #/^\s*public\s+(?:var|let|static let)\s+(\w+)/#
    var found: [String] = []
    for file in sources where file.name.hasSuffix("Limits.swift") {
        var isCovered = false
        for (index, line) in file.lines.enumerated() {
            let text = line.trimmingPrefix(while: { $0 == " " })
            if text.hasPrefix("///") {
                isCovered = true
            } else if let match = line.firstMatch(of: limit) {
                // Neighbours share one comment; a blank line ends its reach.
                if !isCovered { found.append("\(file.path):\(index + 1): why this value of \(match.1)?") }
            } else if !line.contains("struct") {
                isCovered = false
            }
        }
    }
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}

/// A bound that is no limit of a `…Limits` type is a constant whose comment begins with `Bound:`. A test names it, and reaches it.
@Test func everyBoundIsAttacked() {
    let constant = #/^\s*(?:(?:public|package|private)\s+)?static let (\w+)/#
    let type = #/^(?:@\w+\s+)*(?:(?:public|package|final)\s+)*(?:class|struct|enum|extension)\s+(\w+)/#
    let attacks = Checkout.swift("Tests", "Fuzz").filter { $0.target != "StyleTests" }.flatMap(\.lines)
    var bounds = 0
    var found: [String] = []
    for file in sources {
        var owner = ""
        for (index, line) in file.lines.enumerated() {
            if let match = line.firstMatch(of: type) { owner = String(match.1) }
            let comment = file.lines[..<index].reversed().prefix { $0.drop { $0 == " " }.hasPrefix("///") }
            guard comment.last?.contains("/// Bound: ") == true, let name = line.firstMatch(of: constant)?.1 else { continue }
            bounds += 1
            if !attacks.contains(where: { $0.contains("\(owner).\(name)") }) {
                found.append("\(file.path):\(index + 1): no test reaches \(owner).\(name)")
            }
        }
    }
    #expect(bounds >= 10)
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}

@Test func theChangelogHasAnEntry() throws {
    let file = try #require(Checkout.read("CHANGELOG.md"), "CHANGELOG.md is missing")
    let start = try #require(file.lines.firstIndex { $0.hasPrefix("## ") && $0.contains("Unreleased") }, "no heading `## Unreleased`")
    let entries = file.lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }.filter { $0.hasPrefix("- ") }
    #expect(!entries.isEmpty, "nothing stands below `## Unreleased`")
}

@Test func noFileKnowsOneMachine() {
    let files = Checkout.files(
        ["Sources", "Tests", "Examples", "Benchmarks", "Fuzz", "Scripts", "Deploy", "Web", "Package.swift", "Makefile"]
            + ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"],
        endings: ["swift", "c", "h", "md", "json", "sh", "py", "js", "mjs", "ts", "html", "yml", "yaml", ""])
    let place = #/(?:^|[\s"'`=(:])(\/(?:work|home\/\w+|root|Users\/\w+)\/[^\s"'`)]*)/#
    let found = files.flatMap { file in
        file.faults { line in line.contains("/") ? line.firstMatch(of: place).map { "a path of one machine: \($0.1)" } : nil }
    }
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}
