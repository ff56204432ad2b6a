#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that the node serves to browsers.
struct PageFile: Sendable {
    let bytes: [UInt8]
    let type: String
    /// With its quotes, as in the `ETag` header.
    let tag: String
    /// Whether it belongs to the browser package, which the pages of all sites may load.
    let isOfPackage: Bool

    /// The largest size of all files together.
    static let sizeLimit = 16 << 20

    init(_ bytes: [UInt8], type: String, isOfPackage: Bool) {
        self.bytes = bytes
        self.isOfPackage = isOfPackage
        self.type = type
        let digits = Array("0123456789abcdef".utf8)
        let hash = SHA256.hash(bytes).prefix(16).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        tag = "\"" + String(decoding: hash, as: UTF8.self) + "\""
    }

    /// The file's content type. nil: the file is not served, because it is of another kind, or its name has unusual characters.
    static func type(of name: String) -> String? {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
            default: false
            }
        }
        guard isPlain, !name.hasPrefix(".") else { return nil }
        return types.first { name.hasSuffix($0.ending) }?.type
    }

    private static let types: [(ending: String, type: String)] = [
        (".html", "text/html; charset=utf-8"), (".css", "text/css; charset=utf-8"), (".js", "text/javascript; charset=utf-8"),
        (".wasm", "application/wasm"), (".svg", "image/svg+xml"), (".d.ts", "text/plain; charset=utf-8"),
        (".map", "application/json"),
    ]

    /// The files in a directory, by name. Subdirectories are ignored.
    static func all(in directory: String) throws(NodeError) -> [String: PageFile] {
        guard let stream = opendir(directory) else { throw .file(path: directory, reason: systemReason(errno)) }
        defer { closedir(stream) }
        var files: [String: PageFile] = [:]
        var room = sizeLimit
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) { String(cString: $0) }
            }
            guard let type = type(of: name) else { continue }
            let path = directory + "/" + name
            guard let bytes = try read(path, atMost: room) else { continue }
            room -= bytes.count
            files[name] = PageFile(bytes, type: type, isOfPackage: name.hasPrefix("causeway."))
        }
        if files.isEmpty { throw .file(path: directory, reason: "it contains no pages") }
        return files
    }

    /// The file's contents. nil: it is not a regular file.
    private static func read(_ path: String, atMost room: Int) throws(NodeError) -> [UInt8]? {
        var about = stat()
        guard stat(path, &about) == 0 else { throw .file(path: path, reason: systemReason(errno)) }
        guard about.st_mode & S_IFMT == S_IFREG else { return nil }
        guard let file = fopen(path, "rb") else { throw .file(path: path, reason: systemReason(errno)) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes += buffer[..<count]
            if bytes.count > room { throw .file(path: path, reason: "the pages are larger than \(sizeLimit >> 20) MiB in total") }
        }
        if ferror(file) != 0 { throw .file(path: path, reason: systemReason(errno)) }
        return bytes
    }
}
