import Causeway
import Foundation
import Testing

@testable import CausewayCLI

/// What others send must not steer the terminal of whoever reads it.
@Suite("Words of others on a terminal") struct HostileWordsTests {
    /// ESC, BEL, line breaks, NUL, DEL, an escape of C1, a line separator, and what turns the direction of writing around.
    private static let hostile = "a\u{1b}]0;owned\u{7}b\nc\rd\0e\u{7f}f\u{9b}g\u{2028}h\u{202e}i\u{2066}j\u{200f}k"
    private static let harmless =
        "a\u{fffd}]0;owned\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f\u{fffd}g\u{fffd}h\u{fffd}i\u{fffd}j\u{fffd}k"

    @Test func whatIsPutIntoALineIsMadePrintable() {
        let line: TerminalLine = "peer \(Self.hostile)\nsays \(Self.hostile, .red)"
        #expect(line.text(isColoured: false) == "peer \(Self.harmless)\nsays \(Self.harmless)")
        #expect(line.text(isColoured: true) == "peer \(Self.harmless)\nsays \u{1b}[31m\(Self.harmless)\u{1b}[0m")
        // Words of any language, and signs that are joined, stay.
        let words = "naïve שלום 你好 👩‍👩‍👧"
        #expect((("\(words)" as TerminalLine).text(isColoured: true)) == words)
    }

    @Test func whatIsWrongWithAnOptionIsOneLine() throws {
        for word in ["\u{1b}]0;owned\u{7}", "a\nb", "a\rb", "\u{202e}", "\u{9b}2J"] {
            for arguments in [["dial", word], ["relay", "--listen", word], ["relay", "--circuit-data", word], [word]] {
                let run = try CommandRun(arguments)
                #expect(run.status == 2 && run.isOneClearLine, "\(run)")
                let bad = run.errors.dropLast().unicodeScalars.contains { $0.properties.generalCategory == .control || $0 == "\u{202e}" }
                #expect(!bad, "\(run.errors.debugDescription)")
            }
        }
    }

    @Test func thePeersAgentIsMadePrintable() async throws {
        var configuration = Configuration()
        configuration.agent = String(Self.hostile)
        configuration.listen = [try Multiaddr("/ip4/127.0.0.1/tcp/0")]
        let node = try Node(configuration)
        let running = Task { try await node.run() }
        try await node.waitUntilReady()
        let address = try #require(await node.addresses.first)
        let run = try await Task.detached { try CommandRun(["dial", address.description]) }.value
        #expect(run.status == 0 && run.output.contains("agent \(Self.harmless)\n"), "\(run.output.debugDescription)")
        running.cancel()
        _ = try? await running.value
    }
}
