import Causeway

/// The arguments of one command, by name and type.
struct Arguments: Sendable {
    let json: JSON

    func text(_ name: String) throws(CommandError) -> String {
        guard let value = json[name]?.text else { throw .missing(name) }
        return value
    }

    func integer(_ name: String) throws(CommandError) -> Int {
        guard let value = json[name]?.integer else { throw .missing(name) }
        return Int(value)
    }

    func integer(_ name: String, or standard: Int) -> Int { json[name]?.integer.map { Int($0) } ?? standard }

    func flag(_ name: String, or standard: Bool = false) -> Bool { json[name]?.bool ?? standard }

    func peer() throws(CommandError) -> PeerID {
        let text = try text("peerId")
        do { return try PeerID(text: text) } catch { throw CommandError("'\(text)' is no peer id: \(error)") }
    }

    func address(_ name: String = "addr") throws(CommandError) -> Multiaddr {
        let text = try text(name)
        do { return try Multiaddr(text) } catch { throw CommandError("'\(text)' is no multiaddr: \(error)") }
    }
}
