import CausewayIdentity

enum Yamux {
    static let protocolID = [UInt8](utf8: "/yamux/1.0.0")
    static let headerSize = 12
    /// Every stream starts with this window in both directions; the specification fixes it.
    static let initialWindow: UInt32 = 256 << 10

    enum GoAway { static let normal: UInt32 = 0, protocolError: UInt32 = 1, internalError: UInt32 = 2 }
}

/// The 12 bytes before every frame: version, type, flags (2), stream (4), length (4), big-endian.
struct YamuxHeader: Equatable {
    enum Kind: UInt8 { case data = 0, windowUpdate = 1, ping = 2, goAway = 3 }
    struct Flags: OptionSet {
        let rawValue: UInt16
        static let syn = Flags(rawValue: 1), ack = Flags(rawValue: 2), fin = Flags(rawValue: 4), rst = Flags(rawValue: 8)
    }

    var kind: Kind
    var flags: Flags
    var stream: UInt32
    /// The number of data bytes; a window's increase (or a reset's error code); a ping's value; a go-away's code.
    var length: UInt32

    init(kind: Kind, flags: Flags, stream: UInt32, length: UInt32) {
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.length = length
    }

    /// Reads the 12 bytes at this address.
    init(at: UnsafeRawPointer) throws(YamuxFault) {
        guard at.load(as: UInt8.self) == 0 else { throw .unknownVersion }
        guard let kind = Kind(rawValue: at.load(fromByteOffset: 1, as: UInt8.self)) else { throw .unknownType }
        self.kind = kind
        flags = Flags(rawValue: UInt16(bigEndian: at.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        guard flags.rawValue <= 0xf else { throw .unknownFlags }
        stream = UInt32(bigEndian: at.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        length = UInt32(bigEndian: at.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        let isStreams = kind == .data || kind == .windowUpdate
        guard isStreams == (stream != 0) else { throw .badStreamID }
    }

    func write(to at: UnsafeMutableRawPointer) {
        at.storeBytes(of: 0, as: UInt8.self)
        at.storeBytes(of: kind.rawValue, toByteOffset: 1, as: UInt8.self)
        at.storeBytes(of: flags.rawValue.bigEndian, toByteOffset: 2, as: UInt16.self)
        at.storeBytes(of: stream.bigEndian, toByteOffset: 4, as: UInt32.self)
        at.storeBytes(of: length.bigEndian, toByteOffset: 8, as: UInt32.self)
    }
}
