import COpenSSL
import CausewayIdentity
import CausewayWebRTC

/// Seals and opens the records of an association once its handshake is done, with the keys that OpenSSL has agreed on. OpenSSL's own
/// records cost more than twice as much time, and fifty kilobytes for each association.
final class RecordProtection {
    /// OpenSSL has used numbers far below for its last flight, and may use some more if it has to send that flight again.
    private static let firstSequence: UInt64 = 1 << 16
    private static let epoch: UInt64 = 1 << 48

    private let sealing: RecordCipher
    private let opening: RecordCipher
    private var sequence = RecordProtection.firstSequence
    /// Added to a sequence number, it is the record's nonce.
    private let nonceBase: UInt64
    private var window = ReplayWindow()

    /// - Parameter usedNonce: a nonce of OpenSSL's, which counts its own from a random start. Half of the range of all numbers lies between
    ///   it and ours, so no nonce is used twice.
    init(_ session: OpaquePointer, _ role: DTLSRole, usedNonce: UInt64) {
        var keys = Self.keyBlock(session)
        let (key, salt) = (RecordCipher.keySize, RecordCipher.saltSize)
        let (ours, theirs) = role == .client ? (0, 1) : (1, 0)
        func part(_ start: Int, _ size: Int) -> [UInt8] { [UInt8](keys[start..<start + size]) }
        sealing = RecordCipher(key: part(ours * key, key), salt: part(2 * key + ours * salt, salt), seals: true)
        opening = RecordCipher(key: part(theirs * key, key), salt: part(2 * key + theirs * salt, salt), seals: false)
        nonceBase = usedNonce ^ 1 << 63
        keys.wipe()
    }

    /// Both keys, then both salts, the client's first (RFC 5246, section 6.3): P_SHA256 of the master secret.
    private static func keyBlock(_ session: OpaquePointer) -> [UInt8] {
        var secret = [UInt8](repeating: 0, count: 48)
        _ = SSL_SESSION_get_master_key(SSL_get_session(session), &secret, secret.count)
        var seed = [UInt8](utf8: "key expansion") + [UInt8](repeating: 0, count: 64)
        seed.withUnsafeMutableBufferPointer { bytes in
            let randoms = bytes.baseAddress! + bytes.count - 64
            _ = SSL_get_server_random(session, randoms, 32)
            _ = SSL_get_client_random(session, randoms + 32, 32)
        }
        var block: [UInt8] = []
        var step = seed
        while block.count < 2 * (RecordCipher.keySize + RecordCipher.saltSize) {
            step = hmac(secret, step)
            block += hmac(secret, step + seed)
        }
        secret.wipe()
        return block
    }

    private static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { out, count in
            var size: UInt32 = 0
            HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, out.baseAddress, &size)
            count = Int(size)
        }
    }

    /// Writes a record into room for `DTLSLimits.overhead` bytes more than the content.
    /// - Returns: its size.
    func seal(_ kind: UInt8, _ content: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int? {
        guard sequence < Self.epoch, let record = room.baseAddress else { return nil }
        record.storeBytes(of: kind, as: UInt8.self)
        record.storeBytes(of: DTLSRecord.version.0, toByteOffset: 1, as: UInt8.self)
        record.storeBytes(of: DTLSRecord.version.1, toByteOffset: 2, as: UInt8.self)
        record.storeBytes(of: (Self.epoch | sequence).bigEndian, toByteOffset: 3, as: UInt64.self)
        let size = content.count + DTLSLimits.overhead
        record.storeBytes(of: UInt16(size - DTLSRecord.headerSize).bigEndian, toByteOffset: 11, as: UInt16.self)
        record.storeBytes(of: (nonceBase &+ sequence).bigEndian, toByteOffset: DTLSRecord.headerSize, as: UInt64.self)
        sequence += 1
        return sealing.seal(content, in: record) ? size : nil
    }

    /// Opens a record in place. nil: it is forged, came before, or belongs to the handshake.
    func open(_ record: DTLSRecord, in datagram: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard record.epoch == 1, window.isFresh(record.sequence), let content = opening.open(record, in: datagram) else { return nil }
        window.insert(record.sequence)
        return content
    }
}
