import Foundation
import Testing

/// The built test peer, or another program that writes JSON lines, whose standard output is read only when a test asks for it.
final class PeerProcess {
    enum Kind: CaseIterable { case blocking, nonBlocking }

    static let testPeer = CommandRun.executable.deletingLastPathComponent().appendingPathComponent("causeway-testpeer")

    private let process = Process()
    private let output = Pipe()
    private let input = Pipe()
    private let errors = Pipe()
    private var unread = Data()
    private var asked = 0

    /// - Parameter lines: What standard input has first.
    init(
        _ lines: [String], of program: URL = testPeer, _ arguments: [String] = [], pipe: Kind = .blocking,
        environment: [String: String] = [:]
    ) throws {
        if pipe == .nonBlocking {
            let file = output.fileHandleForWriting.fileDescriptor
            try #require(fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK) == 0)
        }
        process.executableURL = program
        process.arguments = arguments
        process.standardOutput = output
        process.standardInput = input
        process.standardError = errors
        process.environment = CommandRun.environment.merging(environment) { $1 }
        try process.run()
        // A program that hangs fails its test, and does not hold it up.
        DispatchQueue.global().asyncAfter(deadline: .now() + 60) { [process] in Self.kill(process) }
        for line in lines { write(line) }
    }

    deinit {
        Self.kill(process)
        process.waitUntilExit()
    }

    private static func kill(_ process: Process) { if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) } }

    func write(_ line: String) { input.fileHandleForWriting.write(Data((line + "\n").utf8)) }

    /// The next line. nil: there will be none.
    func next() throws -> [String: Any]? {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = unread[unread.startIndex..<end]
                unread.removeSubrange(...end)
                return try JSONSerialization.jsonObject(with: line) as? [String: Any]
            }
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { return nil }
            unread += more
        }
    }

    func event(_ name: String) throws -> [String: Any] {
        while let line = try next() { if line["event"] as? String == name { return line } }
        throw PeerEnded(wanted: name)
    }

    /// Asks the test peer for something, and waits for the answer.
    @discardableResult
    func ask(_ command: String, _ arguments: String = "") throws -> [String: Any] {
        asked += 1
        write("{\"id\":\(asked),\"cmd\":\"\(command)\"\(arguments.isEmpty ? "" : "," + arguments)}")
        while let line = try next() { if line["id"] as? Int == asked { return line } }
        throw PeerEnded(wanted: command)
    }

    func stop() { process.terminate() }

    func hangUp() { Foundation.kill(process.processIdentifier, SIGHUP) }

    /// Its status, -1 if a signal ended it, and what it has written to standard error.
    func end() -> (status: Int32, errors: String) {
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationReason == .exit ? process.terminationStatus : -1, text)
    }
}

struct PeerEnded: Error { let wanted: String }
