import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The key of a relay of which nobody has said where it is kept: a restart finds it where the system keeps the state of programs.
enum RelayKey {
    /// There is no key that a restart finds.
    struct Unkept: Error { let reason: String }

    /// The file of the key, which this process holds from now on: a second relay gets none, because two with one identity cannot be told
    /// apart.
    /// - Throws: `Unkept`; or `NodeError.file`, if there is a file that is no key of this user's alone.
    static func hold() throws -> String {
        let folder = try folder()
        do { try make(folder) } catch { throw Unkept(reason: "\(folder): \(error.reason)") }
        let path = folder + "/relay.key"
        // One that starts at the same moment waits until the key is written.
        let place = open(folder, O_RDONLY | O_CLOEXEC)
        if place >= 0 { _ = flock(place, LOCK_EX) }
        defer { close(place) }
        let isThere = access(path, F_OK) == 0
        do throws(NodeError) {
            _ = try KeyFile.readOrMake(path)
        } catch {
            if isThere { throw error }
            throw Unkept(reason: "\(error)")
        }
        // Open until the process ends.
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0, flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            throw Unkept(reason: "\(path): \(isTaken ? "another relay that runs has this key" : String(cString: strerror(errno)))")
        }
        return path
    }

    /// What systemd has made for the service, or else the user's folder of state (XDG Base Directory Specification).
    static func folder() throws(Unkept) -> String {
        // A list, of which one is enough.
        if let path = absolute("STATE_DIRECTORY")?.split(separator: ":").first { return String(path) }
        if let path = absolute("XDG_STATE_HOME") { return path + "/causeway" }
        if let path = absolute("HOME") { return path + "/.local/state/causeway" }
        throw Unkept(reason: "neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME names a folder")
    }

    private static func absolute(_ name: String) -> String? {
        guard let value = getenv(name).map({ String(cString: $0) }), value.hasPrefix("/") else { return nil }
        return value
    }

    /// Makes the folder, for this user alone, and those above it that are missing.
    private static func make(_ folder: String) throws(Unkept) {
        var path = ""
        for part in folder.split(separator: "/") {
            path += "/" + part
            guard mkdir(path, 0o700) != 0, errno != EEXIST, access(path, F_OK) != 0 else { continue }
            throw Unkept(reason: String(cString: strerror(errno)))
        }
    }
}
