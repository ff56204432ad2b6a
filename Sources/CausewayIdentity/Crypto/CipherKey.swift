import CCrypto

/// A ChaCha20-Poly1305 key (RFC 8439) with Noise's nonces: four zero bytes and a 64-bit counter, little-endian.
///
/// It is only a secret of 32 bytes: the contexts, which take time to make, belong to the thread and are re-keyed for each message. The
/// owner of the key owns the counter, and must never use a number twice.
@frozen
public struct CipherKey: Sendable {
    /// How many bytes longer a sealed message is.
    public static let tagLength = 16
    public static let length = 32

    @usableFromInline let key: Secret

    /// Makes a key from exactly 32 bytes.
    public init(_ key: Secret) {
        precondition(key.count == Self.length, "a cipher key has 32 bytes")
        self.key = key
    }

    /// Seals `head` followed by `body` as one message of `head.count + body.count + 16` bytes.
    ///
    /// `output` may be the place of `head` if `body` is empty. Any other overlap is an error.
    public func seal(
        into output: UnsafeMutableRawPointer, counter: UInt64, ad: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) {
        cc_aead_seal(
            output.assumingMemoryBound(to: UInt8.self), key.place, counter, ad.octets, ad.count, head.octets, head.count, body.octets,
            body.count)
    }

    /// Opens `sealed`, including its tag, into `output`, which takes 16 bytes less and may be the same place. Returns false if the message
    /// was forged or is shorter than a tag; then do not use what is in `output`.
    public func open(
        _ sealed: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer, counter: UInt64,
        ad: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> Bool {
        cc_aead_open(
            output.assumingMemoryBound(to: UInt8.self), key.place, counter, ad.octets, ad.count, sealed.octets, sealed.count) == 1
    }

    /// The sealed message, for handshakes and tests.
    public func seal(_ message: [UInt8], counter: UInt64, ad: [UInt8] = []) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: message.count + Self.tagLength) { out, count in
            let place = UnsafeMutableRawPointer(out.baseAddress!)
            message.withUnsafeBytes { head in ad.withUnsafeBytes { seal(into: place, counter: counter, ad: $0, head: head) } }
            count = message.count + Self.tagLength
        }
    }

    /// The opened message. nil: it was forged.
    public func open(_ sealed: [UInt8], counter: UInt64, ad: [UInt8] = []) -> [UInt8]? {
        guard sealed.count >= Self.tagLength else { return nil }
        var message = sealed
        let genuine = message.withUnsafeMutableBytes { place in
            ad.withUnsafeBytes { open(UnsafeRawBufferPointer(place), into: place.baseAddress!, counter: counter, ad: $0) }
        }
        guard genuine else { return nil }
        message.removeLast(Self.tagLength)
        return message
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var octets: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
