import Testing

/// A name that an error can carry is made somewhere: a reader who meets it finds where, and nobody handles what cannot happen.
@Test(arguments: ["LimitName", "CloseReason"]) func everyNameInAnErrorIsProduced(_ type: String) throws {
    let declared = "Sources/CausewayConnection/Vocabulary/ConnectionError.swift"
    let words = "Sources/Causeway/Errors/ErrorDescriptions.swift"
    _ = try #require(Checkout.read(words))
    let lines = try #require(Checkout.read(declared)).lines
    let start = try #require(lines.firstIndex { $0.contains("enum \(type)") })
    let names = lines[start...].prefix { $0 != "}" }.flatMap { line -> [String] in
        let code = line.withoutComment.trimmingPrefix(while: { $0 == " " })
        return code.hasPrefix("case ") ? Array(code.dropFirst(5).words) : []
    }
    #expect(names.count > 5)
    let others = Checkout.swift("Sources").filter { $0.path != declared && $0.path != words }
    let code = others.flatMap(\.lines).map(\.withoutComment)
    let unused = try names.filter { name in
        // `limits.dials` is not the name, nor is `.held(…)`, a case of another type.
        let use = try Regex(#"(?:^|[^\w)\]?!])\."# + name + #"\b(?!\()"#)
        return !code.contains { $0.contains(name) && $0.firstMatch(of: use) != nil }
    }
    #expect(unused.isEmpty, "\(type) has names that nothing produces: \(unused.joined(separator: ", "))")
}
