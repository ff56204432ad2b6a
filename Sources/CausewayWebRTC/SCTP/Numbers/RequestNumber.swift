/// It numbers the re-configuration requests of one side (RFC 6525, section 4.1).
struct RequestNumber: SerialNumber {
    let raw: UInt32
    init(_ raw: UInt32) { self.raw = raw }
}
