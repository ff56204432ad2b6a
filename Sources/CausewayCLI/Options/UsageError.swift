/// The command line, the environment or the JSON file is wrong. One line names the wrong part. The exit status is 2.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The command ran and failed. One line names the reason. The exit status is 1.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The command has said everything, and ends with this exit status.
struct ExitStatus: Error { let code: Int32 }
