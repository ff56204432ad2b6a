/// Why a command was answered with `ok: false`.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    static func missing(_ argument: String) -> CommandError { CommandError("argument '\(argument)' is missing or of the wrong type") }
}
