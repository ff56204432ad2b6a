import CausewayIdentity

/// One side of multistream-select, for a link's upgrade or for one stream. It is freed when both sides agree.
///
/// The dialler sends its header and first proposal at once, and may send data behind them. The listener speaks second: js-libp2p in Node
/// loses what a WebSocket server sends right behind its handshake.
final class Negotiation {
    enum Step: Equatable {
        /// All given bytes were taken, and more are needed.
        case needMore
        /// A message was taken that needs no answer.
        case progress
        /// The remote proposes this protocol. Answer by `accept` or `refuse`.
        case proposed([UInt8])
        /// Our proposal was accepted.
        case settled([UInt8])
        /// None of our proposals was accepted.
        case refused
    }

    private var reader: MultistreamReader
    private let proposals: [[UInt8]]
    private var index = 0
    private var hasHeader = false
    private var roundsLeft: Int
    private var reply: [UInt8] = []

    /// Makes a dialler, which sends something at once, or a listener, which proposes nothing.
    init(proposing proposals: [[UInt8]] = [], limits: ConnectionLimits) {
        reader = MultistreamReader(limit: limits.multistreamMessage)
        self.proposals = proposals
        roundsLeft = limits.multistreamRounds
        guard let first = proposals.first else { return }
        Multistream.append(Multistream.header, to: &reply)
        Multistream.append(first, to: &reply)
    }

    var isDialler: Bool { !proposals.isEmpty }
    /// Whether data may follow before the answer. With a single proposal, the remote cannot take it for anything else.
    var isOptimistic: Bool { proposals.count == 1 }

    /// The bytes to send now. Empty afterwards.
    func takeReply() -> [UInt8] {
        let taken = reply
        reply = []
        return taken
    }

    /// Takes bytes up to the end of the next message.
    func receive(_ bytes: UnsafeRawBufferPointer) throws(MultistreamFault) -> (taken: Int, step: Step) {
        let (taken, message) = try reader.next(bytes)
        guard let message else { return (taken, .needMore) }
        roundsLeft -= 1
        if roundsLeft < 0 { throw .tooManyRounds }
        guard hasHeader else {
            if message != Multistream.header { throw .unexpectedHeader }
            hasHeader = true
            if !isDialler { Multistream.append(Multistream.header, to: &reply) }
            return (taken, .progress)
        }
        guard isDialler else { return (taken, .proposed(message)) }
        if message == proposals[index] { return (taken, .settled(message)) }
        if message != Multistream.notAvailable { throw .unexpectedAnswer }
        index += 1
        if index == proposals.count { return (taken, .refused) }
        Multistream.append(proposals[index], to: &reply)
        return (taken, .progress)
    }

    func accept(_ proposal: [UInt8]) { Multistream.append(proposal, to: &reply) }
    func refuse() { Multistream.append(Multistream.notAvailable, to: &reply) }
}
