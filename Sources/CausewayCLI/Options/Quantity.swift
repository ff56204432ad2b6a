/// Sizes and times as an option's value has them: `Values` reads what this writes.
enum Quantity {
    /// `128KiB`; nil: `unlimited`.
    static func size(_ bytes: UInt64?) -> String {
        guard let bytes else { return "unlimited" }
        for (unit, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] as [(String, UInt64)]
        where bytes > 0 && bytes % factor == 0 {
            return "\(bytes / factor)\(unit)"
        }
        return "\(bytes)B"
    }

    /// `2m`; nil: `unlimited`.
    static func time(_ seconds: UInt64?) -> String {
        guard let seconds else { return "unlimited" }
        for (unit, factor) in [("d", 86400), ("h", 3600), ("m", 60)] as [(String, UInt64)] where seconds > 0 && seconds % factor == 0 {
            return "\(seconds / factor)\(unit)"
        }
        return "\(seconds)s"
    }
}
