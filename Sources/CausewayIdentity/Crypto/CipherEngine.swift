#if !hasFeature(Embedded)
    import CCrypto

    /// A library that seals and opens for `CipherKey`. A native process takes the faster one, as it measures at its first message.
    package enum CipherEngine: String, CaseIterable, Sendable {
        case openSSL = "OpenSSL"
        case libgcrypt

        /// What the calling thread uses: the measured one, unless it is within `use`.
        package static var current: CipherEngine {
            CipherEngine(rawValue: String(cString: cc_aead_engine()))!
        }

        /// Runs `body` with this engine on the calling thread, for tests. nil: it is not installed.
        package func use<Result>(_ body: () throws -> Result) rethrows -> Result? {
            guard cc_aead_use(rawValue) == 1 else { return nil }
            defer { cc_aead_use(nil) }
            return try body()
        }
    }
#endif
