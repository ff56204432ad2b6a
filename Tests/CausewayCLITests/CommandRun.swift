import Foundation

/// One run of the built `causeway` command.
struct CommandRun {
    let status: Int32
    let output: String
    let errors: String

    /// The executable lies beside the test bundle, whose path is among the runner's arguments.
    static let executable: URL = {
        for argument in CommandLine.arguments where argument.contains("/") {
            var folder = URL(fileURLWithPath: argument)
            for _ in 0..<5 {
                folder.deleteLastPathComponent()
                let candidate = folder.appendingPathComponent("causeway")
                if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            }
        }
        return URL(fileURLWithPath: "causeway")
    }()

    /// That of the tests, but for the folder of state, which is each program's own: no relay of a test keeps its key where users have
    /// theirs, or where another one has it.
    static var environment: [String: String] {
        let folder = states + "/" + UUID().uuidString
        return ProcessInfo.processInfo.environment.merging(["XDG_STATE_HOME": folder]) { $1 }
    }

    /// Gone when the tests end.
    private static let states: String = {
        atexit { try? FileManager.default.removeItem(atPath: CommandRun.states) }
        return NSTemporaryDirectory() + "causeway-states-\(ProcessInfo.processInfo.processIdentifier)"
    }()

    /// Runs to the end; a run of over 20 s is ended and fails by its status.
    init(
        _ arguments: [String], of executable: URL = Self.executable, environment: [String: String] = [:], input: String = ""
    ) throws {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = Self.environment.merging(environment) { $1 }
        let output = Pipe()
        let errors = Pipe()
        let standardInput = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = standardInput
        try process.run()
        standardInput.fileHandleForWriting.write(Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let watchdog = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 20, execute: watchdog)
        self.output = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.errors = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        watchdog.cancel()
        status = process.terminationReason == .exit ? process.terminationStatus : -1
    }

    /// What a user should see of a failure: one line that begins with the command's name.
    var isOneClearLine: Bool {
        errors.hasPrefix("causeway: ") && errors.hasSuffix("\n") && errors.dropLast().contains("\n") == false
    }
}

/// A `causeway relay`, or another node of the command, that runs beside a test, and ends with it.
final class RunningRelay {
    private let process = Process()
    private let output = Pipe()
    /// The first line: that it is ready.
    let ready: [String: Any]

    /// `ulimit`: what the shell's `ulimit` is told before.
    convenience init(_ arguments: [String] = [], ulimit: String? = nil) throws {
        let listening = arguments.contains("--listen") ? [] : ["--listen", "/ip4/127.0.0.1/tcp/0"]
        try self.init(running: ["relay", "--json", "--loops", "1"] + listening + arguments, ulimit: ulimit)
    }

    /// `words` have `--json` among them.
    init(running words: [String], ulimit: String? = nil) throws {
        process.executableURL = ulimit == nil ? CommandRun.executable : URL(fileURLWithPath: "/bin/sh")
        process.arguments =
            ulimit.map { ["-c", "ulimit \($0); exec \"$0\" \"$@\"", CommandRun.executable.path] + words } ?? words
        process.environment = CommandRun.environment
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        ready = try Self.event(from: output)
    }

    private static func event(from output: Pipe) throws -> [String: Any] {
        var line = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), byte != Data("\n".utf8) { line.append(byte) }
        return try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
    }

    /// Waits for the next line.
    func nextEvent() throws -> [String: Any] { try Self.event(from: output) }

    var addresses: [String] { ready["addrs"] as? [String] ?? [] }
    var address: String { addresses.first ?? "" }

    /// Ends it, and gives the events that it told of since it was ready.
    func end() throws -> [[String: Any]] {
        process.terminate()
        let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(separator: "\n")
        return try lines.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:] }
    }

    var port: String { address.split(separator: "/").map(String.init)[3] }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }
}

/// A folder of its own, gone with the test.
final class ScratchFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "causeway-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
