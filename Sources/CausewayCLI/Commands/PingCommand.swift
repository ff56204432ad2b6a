import Causeway

extension Command {
    private static let standardCount = 5
    private static let standardInterval = Duration.milliseconds(200)

    static let ping = Command(
        name: "ping", arguments: "<address>", summary: "measure the round-trip time to a peer",
        examples: ["causeway ping -c 4 /ip4/203.0.113.5/tcp/4001/p2p/12D3KooW…", "causeway ping -q -c 100 -i 0.05 /dns/…/p2p/12D3KooW…"],
        options: identity + [
            Option("count", letter: "c", .value("N"), "how many pings to send", standard: "\(standardCount)"),
            Option("interval", letter: "i", .value("SECONDS"), "how long to wait after each", standard: "0.2"),
            Option("quiet", letter: "q", .flag, "print the summary alone"),
        ] + family + trust,
        run: { values, terminal in
            let (address, peer) = try Command.peerAddress(values)
            let count = try values.integer("count", or: standardCount, in: 1...1_000_000)
            let interval = try values.duration("interval", or: standardInterval, in: 0.01...3600)
            try await Running.node(try Command.configuration(values)) { node in
                try await node.connect(to: address)
                var times: [Duration] = []
                // Also of those that a signal ends.
                defer { summarise(times, terminal) }
                for number in 1...count {
                    if number > 1 { try await Task.sleep(for: interval) }
                    let time = try await node.ping(peer).duration
                    times.append(time)
                    terminal.remark("\(number): \(Amount.milliseconds(time))")
                    if !terminal.isQuiet {
                        terminal.tell("pong", ["number": .integer(Int64(number)), "ms": .number(time / .milliseconds(1))])
                    }
                }
            }
        })

    private static func summarise(_ times: [Duration], _ terminal: Terminal) {
        let times = times.sorted()
        guard let least = times.first, let most = times.last else { return }
        let median = times[times.count / 2]
        terminal.say(
            """
            \(times.count) answered: min \(Amount.milliseconds(least))  median \(Amount.milliseconds(median))  \
            max \(Amount.milliseconds(most))
            """)
        terminal.tell(
            "summary",
            [
                "answered": .integer(Int64(times.count)), "minMs": .number(least / .milliseconds(1)),
                "medianMs": .number(median / .milliseconds(1)), "maxMs": .number(most / .milliseconds(1)),
            ])
    }
}
