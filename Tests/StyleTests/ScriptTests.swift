import Foundation
import Testing

// The JavaScript of the page: what the other rules ask of Swift.

private let scripts = Checkout.files(["Web"], endings: ["js"])

@Test func scriptsCanBeReadAtOnce() {
    #expect(scripts.count > 30)
    let long = scripts.filter { $0.lines.count > 401 }.map { "\($0.path): \($0.lines.count - 1) lines, 400 at most" }
    #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
}

@Test func linesOfScriptsFitTheWindow() {
    let long = scripts.flatMap { file in
        file.faults { $0.count > 140 ? "\($0.count) characters, 140 at most" : nil }
    }
    #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
}

@Test func functionsOfScriptsFitAScreen() {
    let long = scripts.flatMap { file in file.longBlocks(over: 64) }
    #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
}

@Test func scriptsImportOneAnotherInNoCircle() {
    let circles = Imports(of: scripts).circles
    #expect(circles.isEmpty, "\(circles.joined(separator: "\n"))")
}

/// The rules themselves: on a tree that lies as the layout here says a function does.
@Test func theRulesForScriptsFindWhatBreaksThem() {
    let long = Checkout.File(
        path: "Web/long.js",
        lines: (["class Long {", "  act() {"] + Array(repeating: "    step()", count: 63) + ["  }", "}"]).map { Substring($0) })
    #expect(long.longBlocks(over: 64) == ["Web/long.js:2: 65 lines, 64 at most: act() {"])
    #expect(long.longBlocks(over: 65) == [])
    let files = [("a", "./b/b.js"), ("b/b", "../c.js"), ("c", "./a.js"), ("d", "./a.js")].map { name, imported in
        Checkout.File(path: "Web/\(name).js", lines: ["import { x } from '\(imported)'"])
    }
    #expect(Imports(of: files).circles == ["Web/a.js -> Web/b/b.js -> Web/c.js -> Web/a.js"])
    #expect(Imports(of: Array(files.dropFirst())).circles == [])
}

/// Numbers that cross the boundary are written down in Swift alone.
@Test func theBoundaryIsMadeOfItsSwift() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", Checkout.root.appendingPathComponent("Scripts/boundary.py").path, "--check"]
    let output = Pipe()
    process.standardError = output
    try process.run()
    let text = String(data: output.fileHandleForReading.readDataToEndOfFile(), encoding: .utf8) ?? ""
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
}

/// Every code that an error of the package can have, and no other, is one of the type's.
@Test func codesOfErrorsAreThoseOfTheTypes() throws {
    let types = try #require(Checkout.read("Web/causeway.d.ts"))
    let declared = Set(types.lines.compactMap { $0.firstMatch(of: #/^  \| '(\w+)'/#).map { String($0.1) } })
    let kinds = try #require(Checkout.read("Web/causeway/boundary/error-kind.js"))
    var made: Set<String> = []
    for word in kinds.lines.filter({ !$0.hasPrefix("//") }).joined(separator: " ").matches(of: #/\b[A-Z][A-Z_]+\b/#) {
        made.insert("ERR_\(word.0)")
    }
    #expect(made.count > 20)
    made.subtract(["ERR_NAMES", "ERR_NONE", "ERR_ABORTED"])
    for file in scripts where file.path.hasPrefix("Web/causeway/") {
        for line in file.lines {
            for code in line.matches(of: #/'(ERR_\w+|ABORT_ERR)'/#) { made.insert(String(code.1)) }
        }
    }
    #expect(declared == made, "\(declared.symmetricDifference(made).sorted())")
}

extension Checkout.File {
    /// Blocks of more lines, but for classes and for objects that are only data: what a line opens at its end, another at its depth closes.
    fileprivate func longBlocks(over limit: Int) -> [String] {
        var found: [String] = []
        for (index, line) in lines.enumerated() where line.hasSuffix("{") {
            let isFunction = line.contains("=>") || line.firstMatch(of: #/\bclass\b|[=:,\[(]\s*\{$|\breturn \{$/#) == nil
            guard isFunction else { continue }
            let end = lines[(index + 1)...].firstIndex { !$0.isEmpty && $0.depth <= line.depth } ?? lines.count - 1
            let count = end - index + 1
            if count > limit { found.append("\(path):\(index + 1): \(count) lines, \(limit) at most: \(line.drop { $0 == " " })") }
        }
        return found
    }
}

extension Substring {
    /// How many spaces it begins with.
    fileprivate var depth: Int { prefix { $0 == " " }.count }
}

/// Which files import which, by their paths.
private struct Imports {
    private var byPath: [String: [String]] = [:]

    init(of files: [Checkout.File]) {
        let statement = #/(?:^|\s)(?:from|import)\s+'(\.[^']+)'/#
        for file in files {
            let folder = URL(fileURLWithPath: "/" + file.path).deletingLastPathComponent()
            byPath[file.path] = file.lines.compactMap { line in
                guard let name = line.firstMatch(of: statement)?.1 else { return nil }
                return String(folder.appendingPathComponent(String(name)).standardized.path.dropFirst())
            }
        }
    }

    /// Each circle once, from its first path on.
    var circles: [String] {
        byPath.keys.sorted().compactMap { start in
            var seen: Set<String> = []
            return circle([start], &seen)?.joined(separator: " -> ")
        }
    }

    /// A way from the first of the paths back to it by paths that come behind it and were not `seen` to lead nowhere.
    private func circle(_ way: [String], _ seen: inout Set<String>) -> [String]? {
        for next in byPath[way.last!] ?? [] {
            if next == way[0] { return way + [next] }
            if next > way[0], seen.insert(next).inserted, let found = circle(way + [next], &seen) { return found }
        }
        return nil
    }
}
