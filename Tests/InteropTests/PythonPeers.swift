import Foundation

/// The Python packages that tests talk to, in the virtual environment that Scripts/venv.sh makes.
enum PythonPeers {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path

    static var interpreter: String {
        (ProcessInfo.processInfo.environment["CAUSEWAY_VENV"] ?? root + "/.build/venv") + "/bin/python"
    }

    /// Whether tests of them are to run. Without the environment they are skipped on a developer's machine and fail in CI.
    static let areWanted: Bool = {
        if FileManager.default.isExecutableFile(atPath: interpreter) { return true }
        if ProcessInfo.processInfo.environment["CI"] == "true" { return true }
        FileHandle.standardError.write(Data("SKIPPED: no Python peers at \(interpreter): run Scripts/venv.sh\n".utf8))
        return false
    }()

    /// Starts a script of Tests/Interop with pipes for its input and output.
    static func start(_ script: String, _ arguments: [String]) throws -> (process: Process, input: Pipe, output: Pipe) {
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: interpreter)
        process.arguments = [root + "/Tests/Interop/" + script] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        return (process, input, output)
    }

    /// Runs a script to its end.
    static func run(_ script: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let (process, input, output) = try start(script, arguments)
        try input.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
