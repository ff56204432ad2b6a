import Foundation
import Testing

private let core = Checkout.swift("Sources").filter { Checkout.core.contains($0.target) }

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
