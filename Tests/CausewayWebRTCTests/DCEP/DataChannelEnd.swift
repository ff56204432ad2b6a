import CausewayIdentity

@testable import CausewayWebRTC

/// One end of a test of channels.
final class DataChannelEnd {
    struct Message: Equatable {
        let channel: UInt16
        let isText: Bool
        let bytes: [UInt8]
    }

    let channels: DataChannelSet
    private(set) var log: [String] = []
    private(set) var messages: [Message] = []
    private(set) var isConnected = false
    private var unfinished: [UInt16: [UInt8]] = [:]

    init(
        _ role: DataChannelSet.Role, seed: UInt64, settings: AssociationSettings = AssociationSettings(),
        limits: DataChannelLimits = .init()
    ) {
        var random = Dice(seed: seed)
        channels = DataChannelSet(Association(settings, entropy: random.bytes(32)), role: role, limits: limits)
    }

    func pollEvents() {
        while let event = channels.pollEvent() {
            switch event {
            case .connected: isConnected = true
            case .opened(let id, let description):
                log.append(
                    "opened \(id.raw) \(String(decoding: description.label, as: UTF8.self))\(description.isOrdered ? "" : " unordered")")
            case .part(let part):
                channels.consumed(part.bytes.count, on: part.channel)
                unfinished[part.channel.raw, default: []] += part.bytes
                guard part.isLast else { continue }
                messages.append(
                    Message(
                        channel: part.channel.raw, isText: part.isText, bytes: unfinished.removeValue(forKey: part.channel.raw)!))
            case .messageAbandoned(let id):
                unfinished[id.raw] = nil
                log.append("abandoned \(id.raw)")
            case .closing(let id): log.append("closing \(id.raw)")
            case .failed(let id, let fault): log.append("failed \(id.raw) \(fault)")
            case .closed(let id): log.append("closed \(id.raw)")
            case .bufferedAmountLow(let id): log.append("low \(id.raw)")
            case .roomToSend: log.append("room")
            case .associationClosed: log.append("over")
            }
        }
    }

    func send(_ bytes: [UInt8], isText: Bool = false, on id: StreamID) throws(DataChannelError) {
        try channels.send(bytes, isText: isText, on: id)
    }

    /// Packets that leave now go to `other`, and its go here, until neither has more.
    static func exchange(_ one: DataChannelEnd, _ other: DataChannelEnd, at now: Instant) {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for (from, to) in [(one, other), (other, one)] {
                var buffer = [UInt8](repeating: 0, count: Association.packetSize)
                while let size = buffer.withUnsafeMutableBytes({ from.channels.association.pollOutput(into: $0, at: now) }) {
                    isQuiet = false
                    buffer[..<size].withUnsafeBytes {
                        to.channels.association.receive($0, at: now)
                        to.pollEvents()
                    }
                }
                from.pollEvents()
            }
        }
    }
}
