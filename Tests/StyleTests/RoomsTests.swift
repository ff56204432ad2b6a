import Foundation
import Testing

/// The rules of `Scripts/rooms.json` hold: imports, layers of rooms, lengths.
@Test func theRoomsKeepTheirRules() throws {
    let (status, output) = try checkRooms(in: Checkout.root)
    #expect(status == 0, "\(output)")
}

/// The checker on small packages made for it: what breaks a rule is named, and nothing else is.
@Suite struct RoomCheckerTests {
    /// Two files in rooms of a target with the layers Low, then Left and Right, then High.
    private static let cases: [(files: [String: String], says: String?)] = [
        (["Low/A.swift": "struct A {}", "High/B.swift": "struct B { let a: A }"], nil),
        (
            ["Low/A.swift": "struct A { let b: B }", "High/B.swift": "struct B {}"],
            "Low may not know High, but names B in Sources/Core/Low/A.swift"
        ),
        (["Left/A.swift": "struct A { let b: B }", "Right/B.swift": "struct B {}"], "Left may not know Right, but names B"),
        // By what a name may hide behind.
        (["Low/A.swift": "extension B { func a() {} }", "High/B.swift": "struct B {}"], "Low may not know High"),
        (["Low/A.swift": "func a() { let c = B.C() }", "High/B.swift": "struct B {}\nextension B { struct C {} }"], "names B.C"),
        (["Low/A.swift": "let a = b()", "High/B.swift": "func b() -> Int { 1 }"], "names b()"),
        (["Low/A.swift": "let a = \"\\(B.c)\"", "High/B.swift": "enum B { static let c = 1 }"], "names B in"),
        (["Low/A.swift": "let a = \"}\"; struct A { let b: B }", "High/B.swift": "struct B {}"], "names B in"),
        (["Low/A.swift": "/* /* */ } */ struct A { let b: B }", "High/B.swift": "struct B {}"], "names B in"),
        // What only looks like a name of another room's.
        (["Low/A.swift": "// B\nlet a = \"B\" /* B */", "High/B.swift": "struct B {}"], nil),
        (["Low/A.swift": "struct A { enum B {}; let b: B }", "High/B.swift": "struct B {}"], nil),
        (["Low/A.swift": "struct A {}\nextension A { private enum B {}; var b: B? { nil } }", "High/B.swift": "struct B {}"], nil),
        (["Low/A.swift": "let a = C.B()\nenum C { struct B {} }", "High/B.swift": "struct B {}"], nil),
        (["Low/A.swift": "struct A { func b() {}; func c() { b() } }", "High/B.swift": "func b() {}"], nil),
        (["Low/A.swift": "private struct B {}\nlet a = B()", "High/B.swift": "struct B {}"], nil),
        // Imports, places and lengths.
        (["Low/A.swift": "import Other"], nil),
        (["Low/A.swift": "import Foundation"], "Sources/Core/Low/A.swift:1: Core may not import Foundation"),
        (["Low/A.swift": "@_exported public import struct Far.Away"], "Core may not import Far"),
        (["New/A.swift": "struct A {}"], "Sources/Core/New: Scripts/rooms.json does not say in which layer this room is"),
        (["Low/A.swift": String(repeating: "\n", count: 21)], "Sources/Core/Low/A.swift: 21 lines, at most 20"),
        (["Low/A.swift": "struct A {\n    func a() {\n\n\n\n    }\n}"], "Sources/Core/Low/A.swift:2: A.a has 5 lines, at most 4"),
        (["Low/A.swift": "struct A {\n    var a: Int {\n\n\n\n        1 }\n}"], "A.a has 5 lines, at most 4"),
        (["Low/A.swift": "struct A {\n    init(a: () -> Void = {}) {\n\n\n\n    }\n}"], "A.init has 5 lines, at most 4"),
    ]

    @Test(arguments: cases.indices) func namesWhatBreaksARule(_ index: Int) throws {
        let (files, says) = Self.cases[index]
        let (status, output) = try checkRooms(of: files, exceptions: "")
        #expect(status == (says == nil ? 0 : 1), "\(output)")
        if let says { #expect(output.contains(says), "\(output)") }
    }

    @Test func anExceptionHoldsAsLongAsItIsNeeded() throws {
        let exception = #"{"target": "Core", "from": "Low", "to": "High", "because": "of a test"}"#
        let upward = ["Low/A.swift": "struct A { let b: B }", "High/B.swift": "struct B {}"]
        #expect(try checkRooms(of: upward, exceptions: exception).status == 0)
        let (status, output) = try checkRooms(of: ["Low/A.swift": "struct A {}"], exceptions: exception)
        #expect(status == 1 && output.contains("Core/Low no longer knows High; the exception can go"), "\(output)")
    }

    @Test func aTargetWithoutRulesIsNamed() throws {
        let (status, output) = try checkRooms(of: ["../Stray/A.swift": "struct A {}"], exceptions: "")
        #expect(status == 1 && output.contains("does not say what Stray may import"), "\(output)")
    }
}

/// Writes a package whose one target with rules is Core, and checks it.
private func checkRooms(of files: [String: String], exceptions: String) throws -> (status: Int32, output: String) {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("rooms-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    var all = files.reduce(into: [String: String]()) { $0["Sources/Core/" + $1.key] = $1.value }
    all["Sources/Other/Other.swift"] = "public struct Other {}"
    all["Scripts/rooms.json"] = """
        {"limits": {"fileLines": 20, "functionLines": 4}, "exceptions": [\(exceptions)], "targets": {
            "Core": {"imports": ["Other"], "layers": [["Low"], ["Left", "Right"], ["High"]]}, "Other": {"imports": []}}}
        """
    for (path, text) in all {
        let file = root.appendingPathComponent(path).standardized
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }
    return try checkRooms(in: root)
}

private func checkRooms(in root: URL) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", Checkout.root.appendingPathComponent("Scripts/rooms.py").path, "--root", root.path]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(data: output.fileHandleForReading.readDataToEndOfFile(), encoding: .utf8) ?? ""
    process.waitUntilExit()
    return (process.terminationStatus, text)
}
