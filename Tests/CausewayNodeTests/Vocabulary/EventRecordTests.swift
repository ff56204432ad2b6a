import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite struct EventRecordTests {
    private static let record = EventRecord(
        "tried", .dial, .warning,
        [
            "peerId": .peer(peer(7)), "addr": .address(address("/ip4/192.0.2.1/tcp/1")), "relay": nil, "agent": .text("a \"b\" c"),
            "topic": .text(""), "protocols": .texts(["/a", "/b"]), "limited": .flag(true), "count": .number(.max),
            "reason": .described(7),
        ])

    @Test func aLineQuotesWhatHasSpaces() {
        #expect(
            Self.record.text { _ in "alice" }
                == "tried peerId=alice addr=/ip4/192.0.2.1/tcp/1 agent=\"a \\\"b\\\" c\" topic=\"\" protocols=\"/a /b\" limited=true "
                + "count=18446744073709551615 reason=7")
    }

    @Test func anObjectHasTheSameFields() {
        let json = JSON.object(Self.record.members)
        #expect(Self.record.members.map { String(decoding: $0.name, as: UTF8.self) } == Self.record.fields.map(\.name))
        #expect(json["peerId"]?.text == peer(7).description && json["addr"]?.text == "/ip4/192.0.2.1/tcp/1")
        #expect(json["protocols"]?.array == ["/a", "/b"] && json["limited"]?.bool == true && json["count"]?.integer == .max)
    }

    /// Programs know events by their names, and a line of the log is found by its area.
    @Test func eventsHaveNamesAreasAndLevels() {
        let outcome = DialOutcome(peer: nil, address: address("/ip4/192.0.2.1/tcp/1"), result: .cancelled, took: .milliseconds(5))
        let change = ReservationChange(relay: peer(8), state: .failed(.timedOut), reservation: nil)
        let refusal = RelayEvent.circuitRefused(source: peer(1), target: nil, status: 201, limit: ReachedLimit(.circuits, 4))
        let own = OwnAddressState(OwnAddress(address("/ip4/192.0.2.1/tcp/1"), .observed(by: 4)), isAdvertised: true, isReplaced: false)
        let records = [
            Event.dialAttempt(outcome), .reservation(change), .relay(refusal), .addressesChanged([]), .peerConnected(peer(1)),
            .ownAddress(own),
        ].map(\.record)
        #expect(records.map(\.name) == ["dial", "reservation", "circuit-refused", "addresses", "peer-connected", "own-address"])
        #expect(records.map(\.area) == [.dial, .reservation, .circuit, .address, .connection, .address])
        #expect(records.map(\.level) == [.debug, .warning, .warning, .info, .debug, .info])
        #expect(records[1].fields.map(\.name) == ["state", "relay", "error"])
        #expect(records[2].fields.map(\.name) == ["source", "status", "reason", "limit"])
        #expect(
            records[5].text().hasSuffix("source=observed verdict=unknown advertised=true reason=\"peers in 4 networks see the node there\"")
        )
    }
}
