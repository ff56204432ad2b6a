/// A transmission sequence number: it numbers the DATA chunks of one direction of an association (RFC 9260, section 1.4).
struct TSN: SerialNumber {
    let raw: UInt32
    init(_ raw: UInt32) { self.raw = raw }
}
