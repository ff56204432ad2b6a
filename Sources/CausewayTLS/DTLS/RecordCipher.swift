import COpenSSL
import CausewayIdentity

/// One direction of an association: AES-128-GCM (RFC 5288). The content of a protected record is
///
///     nonce (8)   ciphertext   tag (16)
struct RecordCipher: ~Copyable {
    static let nonceSize = 8
    static let tagSize = 16
    static let keySize = 16
    static let saltSize = 4
    private static let additionalDataSize = 13

    private let context: OpaquePointer
    /// The salt with the record's nonce, and behind it the additional data.
    private let scratch: UnsafeMutableRawBufferPointer

    init(key: [UInt8], salt: [UInt8], seals: Bool) {
        // This fails for want of memory alone, where Swift's own allocations trap.
        guard let context = EVP_CIPHER_CTX_new(), EVP_CipherInit_ex(context, EVP_aes_128_gcm(), nil, key, nil, seals ? 1 : 0) == 1 else {
            preconditionFailure("no memory for a cipher")
        }
        self.context = context
        scratch = .allocate(byteCount: Self.saltSize + Self.nonceSize + Self.additionalDataSize, alignment: 8)
        scratch.copyBytes(from: salt)
    }

    deinit {
        EVP_CIPHER_CTX_free(context)
        scratch.deallocate()
    }

    /// Begins a record whose header, but for the length, and nonce are in place in `record`.
    private func begin(_ record: UnsafeRawPointer, _ contentSize: Int) -> Bool {
        let nonce = scratch.baseAddress! + Self.saltSize
        nonce.copyMemory(from: record + DTLSRecord.headerSize, byteCount: Self.nonceSize)
        // Epoch and sequence number, kind, version, length: not in the order of the header.
        let additional = nonce + Self.nonceSize
        additional.copyMemory(from: record + 3, byteCount: 8)
        (additional + 8).copyMemory(from: record, byteCount: 3)
        additional.storeBytes(of: UInt16(contentSize).bigEndian, toByteOffset: 11, as: UInt16.self)
        var ignored: Int32 = 0
        return EVP_CipherInit_ex(context, nil, nil, nil, scratch.baseAddress, -1) == 1
            && EVP_CipherUpdate(context, nil, &ignored, additional, Int32(Self.additionalDataSize)) == 1
    }

    /// Seals `content` behind the header and the nonce that `record` begins with. It may lie there already.
    func seal(_ content: UnsafeRawBufferPointer, in record: UnsafeMutableRawPointer) -> Bool {
        let place = record + DTLSRecord.headerSize + Self.nonceSize
        var size: Int32 = 0
        var rest: Int32 = 0
        return begin(record, content.count)
            && EVP_CipherUpdate(context, place, &size, content.baseAddress, Int32(content.count)) == 1
            && EVP_CipherFinal_ex(context, place + Int(size), &rest) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagSize), place + content.count) == 1
    }

    /// Opens the record in place. nil: it is forged or too short, and its content is lost.
    func open(_ record: DTLSRecord, in datagram: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer? {
        let size = record.content.count - Self.nonceSize - Self.tagSize
        guard size >= 0 else { return nil }
        let base = datagram.baseAddress! + record.content.lowerBound
        let place = base + Self.nonceSize
        var done: Int32 = 0
        var rest: Int32 = 0
        guard begin(base - DTLSRecord.headerSize, size), EVP_CipherUpdate(context, place, &done, place, Int32(size)) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagSize), place + size) == 1,
            EVP_CipherFinal_ex(context, place + Int(done), &rest) == 1
        else { return nil }
        return UnsafeRawBufferPointer(start: place, count: size)
    }
}
