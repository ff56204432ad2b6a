import CausewayConnection
import CausewaySimulation

/// What hosts and server say to each other: a kind, who says it, and the rest.
private enum Word {
    /// To the server: own addresses.
    static let greeting: UInt8 = 1
    /// From the server: where to look for the other.
    static let introduction: UInt8 = 2
    /// To the other: the number of the address that it was sent to.
    static let check: UInt8 = 3
    /// Back to where a check came from, with its number.
    static let answer: UInt8 = 4

    static func bytes(of addresses: [SimulatedAddress]) -> [UInt8] {
        addresses.flatMap { [UInt8($0.ip.count)] + $0.ip + [UInt8($0.port >> 8), UInt8($0.port & 255)] }
    }

    static func addresses(in bytes: ArraySlice<UInt8>) -> [SimulatedAddress] {
        var rest = bytes
        var found: [SimulatedAddress] = []
        while let size = rest.first, rest.count >= Int(size) + 3 {
            let ip = Array(rest.dropFirst().prefix(Int(size)))
            let port = Array(rest.dropFirst(1 + Int(size)).prefix(2))
            found.append(SimulatedAddress(ip: ip, port: UInt16(port[0]) << 8 | UInt16(port[1])))
            rest = rest.dropFirst(Int(size) + 3)
        }
        return found
    }
}

/// The server: keeps what hosts say of themselves and where it sees them, and tells one about another.
final class DatagramCoordinator: SimulatedDatagramOwner {
    private var known: [UInt8: [SimulatedAddress]] = [:]
    private var seen: [UInt8: [SimulatedAddress]] = [:]
    private let socket: SimulatedDatagramSocket

    init(_ socket: SimulatedDatagramSocket) {
        self.socket = socket
        socket.owner = self
    }

    func received(_ bytes: UnsafeMutableRawBufferPointer, from remote: SimulatedAddress, on socket: SimulatedDatagramSocket) {
        let bytes = Array(bytes)
        guard bytes[0] == Word.greeting else { return }
        seen[bytes[1], default: []].append(remote)
        known[bytes[1]] = Word.addresses(in: bytes.dropFirst(2))
    }

    func tell(_ one: UInt8, about other: UInt8) {
        guard let way = seen[one]?.first, let own = known[other], let seen = seen[other] else { return }
        try? socket.send([Word.introduction, other] + Word.bytes(of: own + seen), to: way)
    }
}

/// A host that looks for another one as ICE does: asks at each address, answers who asks, and asks back where it was asked from.
final class DatagramPeer: SimulatedDatagramOwner {
    /// Whether an answer came from where a question went.
    private(set) var hasMet = false
    private let number: UInt8
    private let host: SimulatedHost
    private let simulation: Simulation
    private let socket: SimulatedDatagramSocket
    private var asked: [SimulatedAddress] = []

    init(_ number: UInt8, _ host: SimulatedHost, _ simulation: Simulation) throws {
        self.number = number
        self.host = host
        self.simulation = simulation
        socket = try host.bind(port: Meeting.port)
        socket.owner = self
    }

    func greet(_ server: SimulatedAddress) {
        let own = host.addresses.map { SimulatedAddress(ip: $0, port: socket.port) }
        try? socket.send([Word.greeting, number] + Word.bytes(of: own), to: server)
    }

    func received(_ bytes: UnsafeMutableRawBufferPointer, from remote: SimulatedAddress, on socket: SimulatedDatagramSocket) {
        let bytes = Array(bytes)
        // Somebody else in its own network may have the address that the other has in another one.
        guard bytes[1] == 1 - number else { return }
        switch bytes[0] {
        case Word.introduction: for address in Word.addresses(in: bytes.dropFirst(2)) { ask(address) }
        case Word.check:
            try? socket.send([Word.answer, number, bytes[2]], to: remote)
            ask(remote)
        case Word.answer: if asked[Int(bytes[2])] == remote { hasMet = true }
        default: break
        }
    }

    /// Asks there, eight times. Of the addresses of two hosts behind NATs that number ports anew there is no end.
    private func ask(_ remote: SimulatedAddress) {
        guard !asked.contains(remote), asked.count < 16 else { return }
        asked.append(remote)
        check(UInt8(asked.count - 1), times: 8)
    }

    private func check(_ index: UInt8, times: Int) {
        try? socket.send([Word.check, number, index], to: asked[Int(index)])
        guard times > 1 else { return }
        simulation.schedule(after: .milliseconds(300)) { [weak self] in self?.check(index, times: times - 1) }
    }
}
