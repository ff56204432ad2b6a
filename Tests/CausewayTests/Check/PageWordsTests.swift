import Foundation
import Testing

@testable import Causeway

/// The chat page's check says what the command says.
@Suite("Words of the page's check") struct PageWordsTests {
    @Test func areThoseOfTheCommand() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let script = try String(contentsOf: root.appending(path: "Web/pages/chat-check-words.js"), encoding: .utf8)
        let start = try #require(script.range(of: "export const findings = {\n")).upperBound
        let end = try #require(script.range(of: "\n}\n", range: start..<script.endIndex)).lowerBound
        // Of each finding its name, its colour, and its sentence in either kind of quotation marks.
        let entry = #/\ {2}(\w+):\ \['(\w+)',\s+(?:'([^'\n]+)'|"([^"\n]+)")\]/#
        let entries = script[start..<end].matches(of: entry)
        #expect(entries.count > 15)
        #expect(entries.count == script[start..<end].split(separator: "\n").count { $0.contains(#/^ {2}\w+:/#) })
        var facts = CheckFacts()
        facts.ipv4.source = [5, 101, 0, 2]
        for entry in entries {
            let finding = try #require(CheckFinding(rawValue: String(entry.1)), "the command has no \(entry.1)")
            #expect(finding.summary.rawValue == entry.2)
            let sentence = (entry.3 ?? entry.4 ?? "").replacing("$", with: " in time")
            let words = CheckWords(finding, nil, facts).sentence
            #expect(words.trimmingCharacters(in: .whitespaces) == sentence)
        }
    }
}
