import CausewayIdentity

@testable import CausewayWebRTC

/// A remote that keeps to no rules: its packets are written by the test. `victim` is the association under attack.
final class ScriptedRemote {
    let victim: AssociationEnd
    var now = Instant(nanoseconds: 1_000_000_000)
    /// The victim's tag and first TSN, as its INIT ACK said.
    private(set) var victimTag: UInt32 = 0
    private(set) var victimTSN = TSN(0)
    private(set) var cookie: [UInt8] = []
    static let tag: UInt32 = 0x0102_0304
    /// The TSN of the next chunk of data.
    var tsn = TSN(1000)

    init(_ settings: AssociationSettings = AssociationSettings()) { victim = AssociationEnd(settings, seed: 99) }

    /// An attacker with whom the association stands.
    static func connected(
        _ settings: AssociationSettings = AssociationSettings(), features: AssociationFeatures = .all, window: UInt32 = 1 << 20
    ) -> ScriptedRemote {
        let remote = ScriptedRemote(settings)
        remote.exchangeInitiation(features: features, window: window)
        remote.echoCookie()
        precondition(remote.victim.isConnected && remote.output() == [.cookieAcknowledgement])
        return remote
    }

    func exchangeInitiation(features: AssociationFeatures = .all, window: UInt32 = 1 << 20, extra: [UInt8] = []) {
        var initiation = InitiationChunk(tag: Self.tag, window: window, outboundStreams: .max, inboundStreams: .max, initialTSN: tsn)
        initiation.features = features
        inject(tag: 0) { writer in
            let begin = writer.count
            initiation.write(.initiation, to: &writer)
            writer.pad()
            writer.bytes(extra)
            writer.replace16(at: begin + 2, by: UInt16(writer.count - begin))
        }
        for packet in victim.output(at: now) {
            for chunk in chunks(of: packet) where chunk.type == ChunkType.initiationAcknowledgement.rawValue {
                let answer = chunk.bytes.withUnsafeBytes { InitiationChunk(PacketBytes($0)) }!
                victimTag = answer.tag
                victimTSN = answer.initialTSN
                cookie = answer.cookie!
            }
        }
    }

    func echoCookie(_ other: [UInt8]? = nil) { inject { CookieChunks.write(echo: other ?? self.cookie, to: &$0) } }

    // MARK: In and out

    /// Sends a packet that `write` fills with chunks.
    func inject(tag: UInt32? = nil, capacity: Int = 4096, _ write: (inout PacketWriter) -> Void) {
        victim.receive(packet(tag: tag ?? victimTag, capacity: capacity, write), at: now)
    }

    func packet(tag: UInt32, capacity: Int = 4096, _ write: (inout PacketWriter) -> Void) -> [UInt8] {
        [UInt8](writing: capacity) { writer in
            PacketHeader.write(tag: tag, ports: (PacketHeader.port, PacketHeader.port), to: &writer)
            write(&writer)
            writer.pad()
            PacketHeader.seal(writer)
        }
    }

    /// The kinds of the chunks that the victim sends now.
    @discardableResult
    func output() -> [ChunkType] { outputChunks().map { ChunkType(rawValue: $0.type)! } }

    func outputChunks() -> [(type: UInt8, flags: UInt8, bytes: [UInt8])] { victim.output(at: now).flatMap { chunks(of: $0) } }

    func chunks(of packet: [UInt8]) -> [(type: UInt8, flags: UInt8, bytes: [UInt8])] {
        packet.withUnsafeBytes { place in
            var reader = ChunkReader(PacketBytes(place).dropFirst(PacketHeader.size))
            var found: [(type: UInt8, flags: UInt8, bytes: [UInt8])] = []
            while let chunk = reader.next() { found.append((chunk.type, chunk.flags, chunk.value.array)) }
            precondition(!reader.isMalformed, "a malformed packet of ours")
            return found
        }
    }

    /// What the victim says has arrived.
    func acknowledged() -> (cumulative: TSN, window: UInt32, gaps: Int, duplicates: Int)? {
        for chunk in outputChunks().reversed() where chunk.type == ChunkType.selectiveAcknowledgement.rawValue {
            let sack = chunk.bytes.withUnsafeBytes { SelectiveAcknowledgementChunk(PacketBytes($0)) }!
            return (sack.cumulative, sack.window, sack.gaps, sack.duplicates)
        }
        return nil
    }

    func pass(_ time: Interval) {
        let end = now + time
        while victim.association.nextDeadline <= end {
            now = max(now, victim.association.nextDeadline)
            victim.association.advance(to: now)
            victim.pollEvents()
            if victim.association.nextDeadline <= now { output() }
        }
        now = end
    }

    // MARK: Chunks

    /// A DATA chunk. Without `tsn`, the next one.
    func data(
        _ bytes: [UInt8], on stream: UInt16 = 0, sequence: UInt16 = 0, _ flags: DataChunk.Flags = .whole, tsn chosen: TSN? = nil,
        payloadProtocol: PayloadProtocol = .binary
    ) {
        inject { self.write(bytes, on: stream, sequence: sequence, flags, tsn: chosen, payloadProtocol: payloadProtocol, to: &$0) }
    }

    func write(
        _ bytes: [UInt8], on stream: UInt16 = 0, sequence: UInt16 = 0, _ flags: DataChunk.Flags = .whole, tsn chosen: TSN? = nil,
        payloadProtocol: PayloadProtocol = .binary, to writer: inout PacketWriter
    ) {
        bytes.withUnsafeBytes { place in
            DataChunk(
                flags: flags, tsn: chosen ?? tsn, stream: StreamID(stream), sequence: StreamSequenceNumber(sequence),
                payloadProtocol: payloadProtocol, payload: PacketBytes(place)
            ).write(to: &writer)
        }
        if chosen == nil { tsn = tsn.next }
    }

    func acknowledge(_ cumulative: TSN, window: UInt32 = 1 << 20, gaps: [(UInt16, UInt16)] = [], duplicates: [UInt32] = []) {
        inject { writer in
            writer.block(UInt16(ChunkType.selectiveAcknowledgement.rawValue) << 8) { writer in
                writer.number32(cumulative.raw)
                writer.number32(window)
                writer.number16(UInt16(gaps.count))
                writer.number16(UInt16(duplicates.count))
                for gap in gaps {
                    writer.number16(gap.0)
                    writer.number16(gap.1)
                }
                for duplicate in duplicates { writer.number32(duplicate) }
            }
        }
    }

    func forward(to cumulative: TSN, _ streams: [(UInt16, UInt16)] = []) {
        inject { writer in
            writer.block(UInt16(ChunkType.forwardTSN.rawValue) << 8) { writer in
                writer.number32(cumulative.raw)
                for stream in streams {
                    writer.number16(stream.0)
                    writer.number16(stream.1)
                }
            }
        }
    }

    func requestReset(_ streams: [UInt16], number: UInt32, last: TSN) {
        inject {
            ReconfigurationChunk.writeReset(
                streams.map { StreamID($0) }, number: RequestNumber(number), answered: RequestNumber(0), last: last, to: &$0)
        }
    }

    func respond(_ result: ReconfigurationResult, to number: RequestNumber) {
        inject { ReconfigurationChunk.write(result, to: number, to: &$0) }
    }

    /// The response that the victim sends now.
    func response() -> ReconfigurationResult? {
        for chunk in outputChunks() where chunk.type == ChunkType.reconfiguration.rawValue {
            let result: ReconfigurationResult? = chunk.bytes.withUnsafeBytes { place in
                var reader = ParameterReader(PacketBytes(place))
                guard let parameter = reader.next(), case .response(_, let result) = ReconfigurationChunk.item(parameter) else {
                    return nil
                }
                return result
            }
            if let result { return result }
        }
        return nil
    }
}

extension [UInt8] {
    /// Whether `part` stands anywhere in it.
    func contains(_ part: [UInt8]) -> Bool { indices.contains { self[$0...].starts(with: part) } }
}
