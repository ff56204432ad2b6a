import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How long a certificate still is of use, in words.
struct CertificateAge: CustomStringConvertible {
    private static let day: Int64 = 86400
    /// Whoever renews certificates by a program has done it by then.
    private static let soon = 7 * day

    private let date: String
    /// Seconds from now, negative for the past.
    private let left: Int64

    /// - Parameter now: Unix seconds.
    init(_ certificate: CertificateSummary, now: Int64) {
        left = certificate.expires - now
        var moment = time_t(certificate.expires)
        var parts = tm()
        gmtime_r(&moment, &parts)
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + "\(number)" }
        date = "\(1900 + parts.tm_year)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) \(two(parts.tm_hour)):\(two(parts.tm_min)) UTC"
    }

    var description: String { left > 0 ? "until \(date)" : "expired since \(date)" }

    /// nil: there is nothing to worry about.
    var warning: String? {
        if left <= 0 { return "the certificate has expired (\(date)): browsers and peers refuse it" }
        guard left <= Self.soon else { return nil }
        return "the certificate expires in \(left < Self.day ? "less than a day" : "\(left / Self.day) days") (\(date))"
    }
}
