import COpenSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An error of TLS, and whose fault it was. Reasons are OpenSSL's texts.
public enum TLSError: Error, Equatable, Sendable {
    /// A file of certificates, or the key, is missing, unreadable or not PEM.
    case file(path: String, reason: String)
    /// The private key does not belong to the first certificate.
    case keyMismatch(certificates: String, key: String)
    /// Misuse: a name or address that cannot be verified.
    case badHost(String)
    /// The remote's certificate does not prove the name: it is expired, for another host, or from an unknown authority (`X509_V_ERR_...`).
    case untrusted(code: Int32, reason: String)
    /// The remote refused with a TLS alert (RFC 8446 section 6), for instance because it does not trust our certificate.
    case alert(UInt8, reason: String)
    /// The remote violated TLS, or speaks another protocol.
    case broken(reason: String)
    /// OpenSSL ran out of memory, or its configuration leaves no protocol.
    case unavailable(reason: String)

    /// For `ConnectionError.peerFault(.tls, code:)`: an alert's number, 1,000 + the verification error, 1 for violations of TLS, 0 for
    /// anything that is not the remote's fault.
    public var code: UInt16 {
        switch self {
        case .alert(let number, _): UInt16(number)
        case .untrusted(let code, _): 1000 + UInt16(clamping: min(code, 60_000))
        case .broken: 1
        case .file, .keyMismatch, .badHost, .unavailable: 0
        }
    }
}

extension TLSError {
    /// Whether a `code` says that the remote's certificate is not valid yet, or not any more, by this machine's clock.
    public static func isAboutTime(_ code: UInt16) -> Bool {
        [X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED].contains(Int32(code) - 1000)
    }

    /// The text for a `code`.
    public static func explanation(of code: UInt16) -> String {
        switch code {
        case 0: "TLS cannot be used here"
        case 1: "the remote violated TLS, or speaks another protocol"
        case 1000...:
            "the remote's certificate is not trusted: " + String(cString: X509_verify_cert_error_string(Int(code) - 1000))
        default: "the remote refused TLS: \(String(cString: SSL_alert_desc_string_long(Int32(code)))) (alert \(code))"
        }
    }
}

extension TLSError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let path, let reason): "\(path): \(reason)"
        case .keyMismatch(let certificates, let key): "the key in \(key) does not belong to the certificate in \(certificates)"
        case .badHost(let host): "'\(host)' is not a host name that a certificate can prove"
        case .untrusted(_, let reason): "the remote's certificate is not trusted: \(reason)"
        case .alert(let number, let reason): "the remote refused TLS: \(reason) (alert \(number))"
        case .broken(let reason): "the remote violated TLS: \(reason)"
        case .unavailable(let reason): "OpenSSL: \(reason)"
        }
    }
}

/// OpenSSL keeps each thread's errors in a queue.
enum ErrorQueue {
    /// Returns the oldest error, which is the cause of the others, and empties the queue. nil: there is none.
    static func take() -> (code: UInt, reason: String)? {
        let code = ERR_get_error()
        guard code != 0 else { return nil }
        ERR_clear_error()
        if let text = ERR_reason_error_string(code) { return (code, String(cString: text)) }
        return (code, String(cString: strerror(Int32(truncatingIfNeeded: code & 0x7fff_ffff))))
    }

    static func reason() -> String { take()?.reason ?? "unknown reason" }
}
