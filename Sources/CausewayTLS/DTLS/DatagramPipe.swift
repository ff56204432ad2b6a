import COpenSSL

/// The BIO between OpenSSL and a session: each write is a datagram, and so is each read. It has no buffer of its own.
enum DatagramPipe {
    nonisolated(unsafe) static let method: OpaquePointer? = {
        let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "causeway datagrams")
        BIO_meth_set_create(method) { bio in
            BIO_set_init(bio, 1)
            return 1
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let bytes, count > 0 else { return 0 }
            session(bio).send(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return count
        }
        BIO_meth_set_read(method) { bio, out, capacity in
            cw_bio_clear_retry(bio)
            guard let out, capacity > 0 else { return 0 }
            let count = session(bio).take(into: UnsafeMutableRawBufferPointer(start: out, count: Int(capacity)))
            if count > 0 { return Int32(count) }
            cw_bio_set_retry_read(bio)
            return -1
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()

    private static func session(_ bio: OpaquePointer?) -> DTLSSession {
        Unmanaged<DTLSSession>.fromOpaque(BIO_get_data(bio)).takeUnretainedValue()
    }
}
