import CausewayConnection
import CausewayIdentity
import CausewayWebRTC

/// What all UDP ports of simulated nodes have in common.
protocol SimulatedAssociationPort: AssociationPort {
    var shell: SimulatedShell { get }
    var socket: SimulatedDatagramSocket { get }
    var endpoint: any DTLSEndpoint { get }
    /// The process is gone, and nothing of it is told.
    func forget()
}

extension SimulatedAssociationPort {
    var now: Instant { shell.now }
    var links: LinkSet { shell.links }

    func makeTimer(for carrier: AssociationCarrier) -> any AssociationTimer {
        SimulatedTimer(shell.owner.host) { [weak carrier, weak self] in self?.shell.turn { _ in carrier?.timePassed() } }
    }

    /// What is too much for the line is lost on it.
    func hasRoom(for carrier: AssociationCarrier) -> Bool { true }

    func send(_ count: Int, over path: ICEPath) { try? socket.send([UInt8](buffer[..<count]), to: path.remote.simulatedAddress) }

    func close() {
        socket.close()
        shell.ports.removeAll { $0 === self }
    }
}
