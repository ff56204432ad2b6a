package import CausewayIdentity

/// Finds out what this machine's network lets through, by sockets of its own beside those of a node. Can be called from any thread.
///
/// `@unchecked Sendable`: the probes are used on the shell's first loop only.
package final class NetworkProbes: @unchecked Sendable {
    private let shell: NativeShell
    /// nil: not begun, or over.
    private var ipv4: MappingProbe?
    private var ipv6: MappingProbe?

    package init(_ shell: NativeShell) { self.shell = shell }

    /// Asks one more STUN server.
    package func ask(_ server: Endpoint) { onLoop { $0.probe(isIPv4: server.isIPv4)?.ask(server) } }

    /// What the servers of one address family have answered, at the latest after this time. Ends the asking of that family.
    package func findings(ofIPv4 isIPv4: Bool, within time: Interval) async -> MappingProbe.Findings {
        await withUnsafeContinuation { continuation in
            onLoop {
                guard $0.isUsable, let probe = isIPv4 ? $0.ipv4 : $0.ipv6 else {
                    return continuation.resume(returning: MappingProbe.Findings())
                }
                if isIPv4 { $0.ipv4 = nil } else { $0.ipv6 = nil }
                probe.conclude(within: time) { continuation.resume(returning: $0) }
            }
        }
    }

    /// How long it took until a TCP connection stood. nil: nobody accepted it within `time`.
    package func connect(to remote: Endpoint, within time: Interval) async -> Interval? {
        await withUnsafeContinuation { continuation in
            onLoop {
                guard $0.isUsable, $0.shell.configuration.dialledFamily != (remote.isIPv4 ? .ipv6 : .ipv4) else {
                    return continuation.resume(returning: nil)
                }
                TCPProbe.connect(to: remote, on: $0.shell.loop, within: time) { continuation.resume(returning: $0) }
            }
        }
    }

    private var isUsable: Bool { !shell.isStopped && !shell.loop.isOver }

    private func probe(isIPv4: Bool) -> MappingProbe? {
        guard isUsable, shell.configuration.dialledFamily != (isIPv4 ? .ipv6 : .ipv4) else { return nil }
        if isIPv4 {
            ipv4 = ipv4 ?? MappingProbe(on: shell.loop, isIPv4: true)
            return ipv4
        }
        ipv6 = ipv6 ?? MappingProbe(on: shell.loop, isIPv4: false)
        return ipv6
    }

    private func onLoop(_ work: @escaping @Sendable (NetworkProbes) -> Void) { shell.loop.run { work(self) } }
}
