#if !hasFeature(Embedded)
    /// Takes the frames of a resumable stream apart. It keeps the beginning of a control frame, at most 12 bytes.
    struct ResumptionReader: Sendable {
        enum Frame: Equatable {
            case data(ArraySlice<UInt8>)
            case confirmed(UInt64)
            case end
            case reset(UInt32)
        }

        /// A header, and what has come of a control frame's content.
        private var begun: [UInt8] = []
        /// What is missing of a data frame.
        private var missing = 0

        /// The next frame, or part of a data frame, which it takes from the front of `chunk`. nil: the rest has yet to arrive.
        mutating func next(_ chunk: inout ArraySlice<UInt8>) throws(ResumptionFault) -> Frame? {
            while !chunk.isEmpty {
                if missing > 0 {
                    let part = chunk.prefix(missing)
                    missing -= part.count
                    chunk = chunk[part.endIndex...]
                    return .data(part)
                }
                let wanted = begun.count < ResumptionFrame.header ? ResumptionFrame.header : ResumptionFrame.header + length
                let part = chunk.prefix(wanted - begun.count)
                begun += part
                chunk = chunk[part.endIndex...]
                if let frame = try complete() { return frame }
            }
            return nil
        }

        private var length: Int { Int(begun[1]) << 16 | Int(begun[2]) << 8 | Int(begun[3]) }

        /// The control frame whose bytes are all there. The header of a data frame is taken in.
        private mutating func complete() throws(ResumptionFault) -> Frame? {
            guard begun.count >= ResumptionFrame.header else { return nil }
            guard let kind = ResumptionFrame.Kind(rawValue: begun[0]) else { throw .malformed }
            switch kind {
            case .data:
                guard length > 0, length <= ResumptionFrame.dataSize else { throw .malformed }
                missing = length
                begun = []
                return nil
            case .confirmed: return try content(8).map { .confirmed(ResumptionFrame.number($0)) }
            case .end: return try content(0).map { _ in .end }
            case .reset: return try content(4).map { .reset(UInt32(ResumptionFrame.number($0))) }
            }
        }

        private mutating func content(_ size: Int) throws(ResumptionFault) -> ArraySlice<UInt8>? {
            guard length == size else { throw .malformed }
            guard begun.count == ResumptionFrame.header + size else { return nil }
            defer { begun = [] }
            return begun[ResumptionFrame.header...]
        }
    }
#endif
