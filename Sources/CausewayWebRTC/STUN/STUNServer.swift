public import CausewayIdentity

/// Answers plain binding requests: tells everybody under which address it sees them (RFC 8489, section 6.3.1).
///
/// Whoever holds a connection here has answers for free. Others share an allowance, and each place (IPv4 address, IPv6 /56) has one of its
/// own. An answer is at most 2.2 times as long as its request, so a forged sender gains nothing by it.
public struct STUNServer: ~Copyable {
    private var all: Allowance
    private var places: PlaceAllowances

    public init(_ limits: STUNLimits = STUNLimits()) {
        all = Allowance(atOnce: limits.burst, perSecond: limits.perSecond)
        let place = Allowance(atOnce: limits.burstPerPlace, perSecond: limits.perSecondPerPlace)
        places = PlaceAllowances(place, places: limits.places)
    }

    /// Places that are remembered.
    public var placeCount: Int { places.count }

    /// Writes the answer to a datagram, and returns its size. nil: it gets none, because it is no plain binding request, or too many came.
    /// - Parameters:
    ///   - isConnected: Whether the sender's IP address holds a connection here.
    ///   - buffer: Has `STUNLimits.messageSize` bytes.
    public mutating func answer(
        _ datagram: UnsafeRawBufferPointer, from remote: Endpoint, isConnected: Bool, into buffer: UnsafeMutableRawBufferPointer,
        now: Instant
    ) -> Int? {
        guard let request = try? STUNMessage(datagram), request.kind == .request, !request.has(.username), !request.hasIntegrity else {
            return nil
        }
        // Who is over its own allowance takes nothing from that of all.
        guard isConnected || places.take(of: remote, at: now) && all.take(at: now) else { return nil }
        let unknown = request.unknownAttributes
        var writer = STUNWriter(unknown.isEmpty ? .success : .failure, request.transaction, into: buffer)
        if unknown.isEmpty {
            writer.append(mappedAddress: remote)
        } else {
            writer.append(.unknownAttribute)
            writer.append(unknownAttributes: unknown)
        }
        return writer.finish(fingerprint: request.hasFingerprint)
    }
}
