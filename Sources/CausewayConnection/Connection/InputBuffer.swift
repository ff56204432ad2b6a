/// Received bytes that have not been processed yet. They lie in a buffer that the shell lends for one turn. A partial frame at its end
/// moves to a stash of exactly its size, and is put in front of the next bytes.
///
/// Under WebSocket, payload pieces are unmasked in place and moved together, so that the frames inside them are contiguous: `[…
/// payloadStart, payloadEnd) … [rawStart, rawEnd)`. A piece behind an empty payload region stays where it is; this is the common case of
/// one message per Noise frame. Without WebSocket, everything is payload.
public struct InputBuffer: ~Copyable {
    private(set) var base: UnsafeMutableRawPointer?
    private(set) var payloadStart = 0
    private(set) var payloadEnd = 0
    private var rawStart = 0
    private var rawEnd = 0
    private var isOwned = false

    private var stash: UnsafeMutableRawPointer?
    private var stashCount = 0
    private var stashPayload = 0
    /// How many of the bytes that `prepare` put down are already payload.
    private var preparedPayload = 0

    init() {}

    deinit {
        stash?.deallocate()
        if isOwned { base?.deallocate() }
    }

    /// How many bytes wait for more.
    var stashed: Int { stashCount }

    /// Moves the stash to the front of the buffer for the next read. Returns 0 if it does not fit.
    mutating func prepare(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let stash, let base = buffer.baseAddress, buffer.count > stashCount else { return 0 }
        base.copyMemory(from: stash, byteCount: stashCount)
        preparedPayload = stashPayload
        return releaseStash()
    }

    /// Takes the next bytes: those of a prepared buffer with what `prepare` put there, or only new ones.
    mutating func take(_ bytes: UnsafeMutableRawBufferPointer, isFramed: Bool) {
        settle()
        guard let lent = bytes.baseAddress, bytes.count > 0 else { return }
        base = lent
        rawEnd = bytes.count
        var payload = preparedPayload
        preparedPayload = 0
        if let stash {
            let joined = UnsafeMutableRawPointer.allocate(byteCount: stashCount + bytes.count, alignment: 16)
            joined.copyMemory(from: stash, byteCount: stashCount)
            (joined + stashCount).copyMemory(from: lent, byteCount: bytes.count)
            base = joined
            isOwned = true
            rawEnd += stashCount
            payload = stashPayload
            releaseStash()
        }
        payloadStart = 0
        payloadEnd = isFramed ? payload : rawEnd
        rawStart = payloadEnd
    }

    /// The contiguous payload that has not been taken yet.
    var payload: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base.map { $0 + payloadStart }, count: payloadEnd - payloadStart)
    }

    mutating func dropPayload(_ count: Int) { payloadStart += count }

    /// The bytes below WebSocket frames that have not been decoded yet.
    var raw: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base.map { $0 + rawStart }, count: rawEnd - rawStart)
    }

    mutating func dropRaw(_ count: Int) {
        rawStart += count
        if payloadStart == payloadEnd {
            payloadStart = rawStart
            payloadEnd = rawStart
        }
    }

    /// Takes `consumed` raw bytes. Of these, `range` is payload.
    mutating func addPayload(_ range: Range<Int>, consumed: Int) {
        let start = rawStart + range.lowerBound
        rawStart += consumed
        if payloadStart == payloadEnd {
            payloadStart = start
            payloadEnd = start + range.count
        } else if let base {
            // The regions may overlap: copyMemory is memmove.
            (base + payloadEnd).copyMemory(from: base + start, byteCount: range.count)
            payloadEnd += range.count
        }
    }

    /// Keeps the remaining bytes and returns the lent buffer.
    mutating func settle() {
        let payloadCount = payloadEnd - payloadStart
        let rawCount = rawEnd - rawStart
        if let base, payloadCount + rawCount > 0 {
            let kept = UnsafeMutableRawPointer.allocate(byteCount: payloadCount + rawCount, alignment: 16)
            kept.copyMemory(from: base + payloadStart, byteCount: payloadCount)
            (kept + payloadCount).copyMemory(from: base + rawStart, byteCount: rawCount)
            releaseStash()
            stash = kept
            stashCount = payloadCount + rawCount
            stashPayload = payloadCount
        }
        letGo()
    }

    /// Forgets everything.
    mutating func discard() {
        releaseStash()
        letGo()
    }

    private mutating func letGo() {
        if isOwned { base?.deallocate() }
        isOwned = false
        base = nil
        (payloadStart, payloadEnd, rawStart, rawEnd) = (0, 0, 0, 0)
    }

    @discardableResult
    private mutating func releaseStash() -> Int {
        stash?.deallocate()
        stash = nil
        defer { stashCount = 0 }
        return stashCount
    }
}
