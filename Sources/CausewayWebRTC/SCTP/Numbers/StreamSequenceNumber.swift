/// It numbers the ordered messages of a stream (RFC 9260, section 6.5). All fragments of a message have the same.
struct StreamSequenceNumber: SerialNumber {
    let raw: UInt16
    init(_ raw: UInt16) { self.raw = raw }
}
