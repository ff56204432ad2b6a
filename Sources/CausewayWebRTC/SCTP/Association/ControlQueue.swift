/// Chunks other than DATA and SACK that wait to be sent.
struct ControlQueue {
    struct Waiting {
        let chunk: [UInt8]
        let tag: UInt32
        /// It must be the only chunk of its packet (RFC 9260, section 3).
        var isAlone = false
        /// It answers a question of the remote, so a flood of questions must not fill the queue.
        var isAnswer = false
        /// The packet must have a checksum, whatever the remote accepts (RFC 9653, section 5.2).
        var hasChecksum = false
    }

    private var waiting = Ring<Waiting>()
    private var answers = 0
    private let mostAnswers: Int

    init(limits: SCTPLimits) { mostAnswers = limits.waitingAnswers }

    var first: Waiting? { waiting.first }

    mutating func append(_ chunk: Waiting) {
        if chunk.isAnswer {
            guard answers < mostAnswers else { return }
            answers += 1
        }
        waiting.append(chunk)
    }

    mutating func removeFirst() {
        guard let chunk = waiting.popFirst() else { return }
        if chunk.isAnswer { answers -= 1 }
    }

    mutating func removeAll() {
        waiting.removeAll()
        answers = 0
    }
}
