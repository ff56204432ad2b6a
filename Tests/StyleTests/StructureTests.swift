import Foundation
import Testing

private let core = Checkout.swift("Sources").filter { Checkout.core.contains($0.target) }
private var importStatement: Regex<(Substring, Substring)> {
    #/^\s*(?:@\w+\s+)*(?:\w+\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|typealias)\s+)?(\w+)/#
}

@Test func theCoreImportsOnlyItself() {
    let allowed: [String: Set<String>] = [
        "CausewayIdentity": ["CCrypto"],
        "CausewayConnection": ["CCrypto", "CausewayIdentity"],
        "CausewayNode": ["CausewayConnection", "CausewayIdentity"],
        "CausewayWebRTC": ["CausewayIdentity"],
    ]
    let found = core.flatMap { file in
        file.faults { line in
            guard line.contains("import "), let module = line.firstMatch(of: importStatement)?.1 else { return nil }
            return allowed[file.target]?.contains(String(module)) == true ? nil : "\(file.target) may not import \(module)"
        }
    }
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}

/// What has no place in Embedded Swift, or would make a run depend on more than its inputs.
@Test func theCoreKeepsToTheEmbeddedSubset() {
    let banned: Set<String> = [
        "fatalError", "Task", "async", "await", "weak", "unowned", "Codable", "KeyPath", "ContinuousClock", "SuspendingClock",
        "SystemRandomNumberGenerator", "Date", "Mutex",
    ]
    let found = core.flatMap { file in
        file.faults { line in
            let code = line.withoutComment
            if code.contains("try!") || code.contains("as!") { return "not in the core: a forced try or cast" }
            return code.words.first { banned.contains($0) }.map { "not in the core: \($0)" }
        }
    }
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}

/// Each C library has one room that knows it.
@Test func librariesStayInTheirRooms() {
    let rooms: [String: Set<String>] = [
        "CUV": ["CausewayRuntime"], "CAres": ["CausewayRuntime"], "CDatagrams": ["CausewayRuntime"], "CSodium": [],
        "COpenSSL": ["CausewayTLS"],
        "CCrypto": ["CausewayIdentity", "CausewayConnection", "CausewayWebSelfTest"],
    ]
    let found = Checkout.swift("Sources").flatMap { file in
        file.faults { line in
            guard line.contains("import "), let module = line.firstMatch(of: importStatement)?.1, let homes = rooms[String(module)] else {
                return nil
            }
            return homes.contains(file.target) ? nil : "\(module) is known to [\(homes.sorted().joined(separator: ", "))] only"
        }
    }
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}

/// The C library has another name on each system. Whoever names it says under which condition.
@Test func theCLibraryIsNamedUnderAConditionOnly() {
    let found = Checkout.swift("Sources", "Tests", "Examples", "Benchmarks", "Fuzz").flatMap { file in
        zip(file.lines.indices, file.lines).compactMap { index, line -> String? in
            guard line.withoutComment.words.contains("Glibc"), !line.contains("canImport(Glibc)") else { return nil }
            let above = file.lines[..<index].last { !$0.allSatisfy(\.isWhitespace) } ?? ""
            let isGuarded = above.contains("#if canImport(Glibc)") || above.contains("#if os(Linux)")
            return isGuarded ? nil : "\(file.path):\(index + 1): Glibc without `#if canImport(Glibc)` above it"
        }
    }
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}

/// Protocol folders of one target do not name one another's declarations. The rules and their checker lie beside the checkout.
@Test func roomsDoNotReachIntoOneAnother() throws {
    let named = ProcessInfo.processInfo.environment["CAUSEWAY_SHARED"].map { URL(fileURLWithPath: $0) }
    let shared = named ?? Checkout.root.deletingLastPathComponent().appendingPathComponent("shared")
    let tool = shared.appendingPathComponent("tools/rooms.py")
    guard FileManager.default.fileExists(atPath: tool.path) else {
        print("SKIPPED: rooms are not checked, for there is no \(tool.path); CAUSEWAY_SHARED names another place")
        return
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", tool.path, "--check", shared.appendingPathComponent("tools/rooms.json").path, Checkout.root.path]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(data: output.fileHandleForReading.readDataToEndOfFile(), encoding: .utf8) ?? ""
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
}
