import Causeway

extension Command {
    private static let standardCount = 5

    static let ping = Command(
        name: "ping", arguments: "<address>", summary: "measure the round-trip time to a peer",
        examples: ["causeway ping /ip4/203.0.113.5/tcp/4001/p2p/12D3KooW… --count 4"],
        options: identity + [Option("count", .value("N"), "how many pings to send", standard: "\(standardCount)")] + trust,
        run: { values, terminal in
            let (address, peer) = try Command.peerAddress(values)
            let count = try values.integer("count", or: standardCount, in: 1...1_000_000)
            try await Running.node(try Command.configuration(values)) { node in
                try await node.connect(to: address)
                var times: [Duration] = []
                for number in 1...count {
                    if number > 1 { try await Task.sleep(for: .milliseconds(200)) }
                    let time = try await node.ping(peer).duration
                    times.append(time)
                    terminal.say("\(number): \(Amount.milliseconds(time))")
                    terminal.tell("pong", ["number": .integer(Int64(number)), "ms": .number(time / .milliseconds(1))])
                }
                times.sort()
                let (least, median, most) = (times[0], times[times.count / 2], times[times.count - 1])
                terminal.say(
                    "min \(Amount.milliseconds(least))  median \(Amount.milliseconds(median))  max \(Amount.milliseconds(most))")
            }
        })
}
