import Foundation
import Testing

@Suite("The command's log") struct CommandLogTests {
    @Test func environmentAndOptionSayWhatIsTold() throws {
        let relay = try RunningRelay()
        let quiet = try CommandRun(["dial", relay.address])
        #expect(quiet.status == 0 && quiet.errors.isEmpty, "\(quiet)")
        let told = try CommandRun(["dial", relay.address], environment: ["CAUSEWAY_LOG": "debug"])
        #expect(told.status == 0 && told.output.contains("connected to"), "\(told)")
        for part in [" debug dial ", " info connection ", " agent=causeway/", "/libp2p/circuit/relay/0.2.0/hop"] {
            #expect(told.errors.contains(part), "\(part) is missing in \(told.errors)")
        }
        // The command line goes before the environment.
        let dials = try CommandRun(["dial", relay.address, "--log", "dial=debug"], environment: ["CAUSEWAY_LOG": "debug"])
        #expect(dials.errors.split(separator: "\n").allSatisfy { $0.contains(" dial ") } && !dials.errors.isEmpty, "\(dials)")
    }

    @Test func aWrongLevelIsOneClearLine() throws {
        for run in [
            try CommandRun(["peer", "--log", "loud"]), try CommandRun(["peer"], environment: ["CAUSEWAY_LOG": "dail=debug"]),
        ] {
            #expect(run.status == 2 && run.isOneClearLine && run.errors.contains("is none of"), "\(run)")
        }
    }

    /// With everything on: neither the private key, in any of its forms, nor what is typed into the chat.
    @Test func secretsAndMessagesAreNotTold() throws {
        let folder = try ScratchFolder()
        let key = folder.path + "/key"
        #expect(try CommandRun(["keygen", key]).status == 0)
        let relay = try RunningRelay(["--topic", "room"])
        let told = try log(
            of: ["peer", "--key", key, "--relay", relay.address, "--topic", "room", "--log", "debug"], typing: "swordfish\n",
            until: [" info reservation ", " came into the mesh of room"])
        #expect(!told.contains("swordfish"))
        // The seed lies behind the four bytes that say what key it is.
        let seed = try Data(contentsOf: URL(fileURLWithPath: key))[4..<36]
        for form in [seed.base64EncodedString(), seed.map { String(format: "%02x", $0) }.joined()] {
            let digits = Array(form)
            for start in 0...digits.count - 12 { #expect(!told.contains(String(digits[start..<start + 12]))) }
        }
    }

    /// What a command writes to standard error until all of that has come, and then until it has ended.
    private func log(of arguments: [String], typing input: String, until wanted: [String]) throws -> String {
        let process = Process()
        let (errors, standardInput) = (Pipe(), Pipe())
        process.executableURL = CommandRun.executable
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        process.standardInput = standardInput
        try process.run()
        let watchdog = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 20, execute: watchdog)
        standardInput.fileHandleForWriting.write(Data(input.utf8))
        var text = Data()
        while !wanted.allSatisfy(String(decoding: text, as: UTF8.self).contains) {
            let more = errors.fileHandleForReading.availableData
            try #require(!more.isEmpty, "it ended before it said \(wanted): \(String(decoding: text, as: UTF8.self))")
            text += more
        }
        process.terminate()
        text += errors.fileHandleForReading.readDataToEndOfFile()
        watchdog.cancel()
        return String(decoding: text, as: UTF8.self)
    }
}
