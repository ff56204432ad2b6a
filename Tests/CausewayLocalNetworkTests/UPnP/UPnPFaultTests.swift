import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayLocalNetwork

private let limits = UPnPLimits()

/// A gateway that answers by UPnP, but badly: what is reported within five minutes, and the router.
private func outcome(_ change: (SimulatedIGD) -> Void) -> (states: [PortMappingChange.State], igd: SimulatedIGD, run: MappingRun) {
    var run = MappingRun()
    let igd = SimulatedIGD()
    change(igd)
    run.gateway.speaks = []
    run.gateway.igd = igd
    run.map([MappingRun.tcp])
    run.unreachable()
    run.pass(.seconds(300))
    return (run.take(), igd, run)
}

private func text(_ pieces: String..., closes: Bool = true) -> SimulatedIGD.Answer {
    SimulatedIGD.Answer(pieces: pieces.map { Array($0.utf8) }, closes: closes)
}

@Suite("A gateway's bad UPnP") struct UPnPFaultTests {
    /// The description, and then each action.
    @Test(arguments: ["GET", "GetExternalIPAddress", "AddPortMapping"]) func nothingIsReadWithoutABound(of part: String) {
        let size = part == "GET" ? limits.descriptionSize : limits.answerSize
        let piece = [UInt8](repeating: UInt8(ascii: "<"), count: 8192)
        let head = Array("HTTP/1.1 200 OK\r\n\r\n".utf8)
        let chunks = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        let endless: [(pieces: [[UInt8]], limit: Int)] = [
            ([head] + [[UInt8]](repeating: piece, count: 100), size),
            ([chunks] + [[UInt8]](repeating: Array("2000\r\n".utf8) + piece + [13, 10], count: 100), size),
            ([Array("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n".utf8)], size),
            ([Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n".utf8)], size),
            ([Array("HTTP/1.1 200 OK\r\nX: ".utf8)] + [[UInt8]](repeating: piece, count: 100), limits.headSize),
            ([chunks] + [[UInt8]](repeating: piece, count: 100), limits.headSize),
        ]
        for one in endless {
            let (states, igd, _) = outcome {
                $0.replaces = { $0.hasPrefix(part) ? SimulatedIGD.Answer(pieces: one.pieces, closes: false) : nil }
            }
            #expect(states == [.refused(.faulty(.tooLong(limit: one.limit)))])
            #expect(igd.requests.count <= 8)
        }
    }

    @Test(arguments: ["GET", "GetExternalIPAddress", "AddPortMapping"]) func nothingIsWaitedForWithoutABound(of part: String) {
        for answer in [
            text(closes: false), text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslow", closes: false), text("H", closes: false),
        ] {
            let (states, _, _) = outcome { $0.replaces = { $0.hasPrefix(part) ? answer : nil } }
            #expect(states == [.refused(.faulty(.slow(limit: limits.exchangeTime)))])
        }
    }

    /// A byte a second: the time is for the whole of it.
    @Test func aTrickleIsSlow() {
        var client = UPnPClient(from: MappingRun.client, to: MappingRun.address)
        var now = Instant(nanoseconds: 1)
        client.search(now: now)
        let found = SimulatedIGD.found("http://192.168.1.1:5000/")
        client.found(found.bytes, from: found.from, now: now)
        var waited = 0
        while client.takeWishes().allSatisfy({ $0 != .disconnect }), waited < 100 {
            now = now + .milliseconds(100)
            waited += 1
            client.receive([UInt8(ascii: "H")], now: now)
            client.pass(to: now)
        }
        #expect(waited == 30)
    }

    @Test(arguments: [301, 302, 404, 503]) func aRedirectIsNotFollowed(status: Int) {
        for part in ["GET", "AddPortMapping"] {
            let (states, igd, _) = outcome {
                $0.replaces = {
                    $0.hasPrefix(part) ? text("HTTP/1.1 \(status) Found\r\nLocation: http://192.168.1.1:80/admin\r\n\r\n") : nil
                }
            }
            #expect(states == [.refused(.faulty(.status(status)))])
            #expect(!igd.requests.contains { $0.contains("admin") })
        }
    }

    @Test(arguments: ["", "HTTP", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhalf"])
    func anEndTooEarlyIsNoAnswer(bytes: String) {
        let (states, _, _) = outcome { $0.replaces = { $0.hasPrefix("GET") ? text(bytes) : nil } }
        #expect([.unreachable, .malformed].map { [.refused(.faulty($0))] }.contains(states))
    }

    @Test(arguments: [
        "", "<", "<<<<>>>>", "<!--", "<![CDATA[", "<a b='", "<service>", "</service></service>", "\u{0}\u{1}\u{2}",
        "<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType></service>",
        "<service><controlURL>/x</controlURL></service>", "<!DOCTYPE a [<!ENTITY b \"&c;&c;\"><!ENTITY c \"&b;&b;\">]><a>&b;</a>",
    ])
    func nonsenseIsNoDescription(xml: String) {
        let (states, igd, _) = outcome { $0.replaces = { $0.hasPrefix("GET") ? SimulatedIGD.answer("200 OK", xml) : nil } }
        #expect(states == [.refused(.faulty(.noService))] && igd.requests.count == 1)
    }

    @Test(arguments: ["GetExternalIPAddress", "AddPortMapping"]) func nonsenseIsNoAnswerToAnAction(action: String) {
        for body in ["", "<html>login</html>", "<u:OtherResponse/>", "<NewExternalIPAddress>5.1.2.3</NewExternalIPAddress>"] {
            let (states, igd, _) = outcome { $0.replaces = { $0 == action ? SimulatedIGD.answer("200 OK", body) : nil } }
            #expect(states == [.refused(.faulty(.malformed))])
            // Once more after another search, since the service may lie elsewhere.
            #expect(igd.requests.filter { $0 == action }.count <= 2)
        }
    }

    @Test(arguments: ["1.2.3", "5.1.2.3.4", "five", "2001:db8::1"]) func anAddressThatIsNoneIsNonsense(ip: String) {
        #expect(outcome { $0.external = ip }.states == [.refused(.faulty(.malformed))])
    }

    // MARK: Other hosts

    @Test(arguments: [
        "http://6.6.6.6/", "http://192.168.1.2:5000/x", "http://127.0.0.1:5000/x", "http://router.example/x",
        "http://192.168.1.1@6.6.6.6/x", "http://3232235777/x",
    ])
    func anotherHostIsNotAsked(location: String) {
        let (states, igd, _) = outcome { $0.location = location }
        #expect(states == [.refused(.faulty(.elsewhere))] && igd.requests.isEmpty)
        for wrong in [
            { $0.control = location },
            { (igd: SimulatedIGD) in
                let description = "<URLBase>\(location)</URLBase>"
                igd.replaces = { $0.hasPrefix("GET") ? SimulatedIGD.answer("200 OK", description) : nil }
            },
        ] as [(SimulatedIGD) -> Void] {
            let (states, igd, _) = outcome(wrong)
            #expect(states == [.refused(.faulty(.elsewhere))] && igd.requests.count == 1)
        }
    }

    @Test(arguments: [
        "http://[::1]/x", "https://192.168.1.1/", "ftp://192.168.1.1/", "192.168.1.1", "http://192.168.1.1:0/", "http://192.168.1.1:65536/",
        "http://192.168.1.1:80 /", "http://192.168.1.1/a b", "http://192.168.1.1/\u{e9}",
    ])
    func anAddressThatMakesNoSenseIsNotAsked(location: String) {
        let (states, igd, _) = outcome { $0.location = location }
        #expect(states == [.refused(.faulty(.malformed))] && igd.requests.isEmpty)
    }

    @Test func aLongAddressIsNotAsked() {
        let (states, igd, _) = outcome { $0.location = "http://192.168.1.1/" + String(repeating: "x", count: limits.addressSize) }
        #expect(states == [.refused(.faulty(.tooLong(limit: limits.addressSize)))] && igd.requests.isEmpty)
    }

    // MARK: Many answers

    /// From others, for other devices, and for descriptions without end.
    @Test func aFloodOfAnswersCostsFewConnections() {
        let others = (0..<5000).map { SimulatedIGD.found("http://192.168.1.1:\(5001 + $0)/", from: [192, 168, 1, 66]) }
        let (fine, igd, _) = outcome { $0.strangers = others }
        #expect(
            fine.first.map { if case .mapped = $0 { true } else { false } } == true && igd.requests.first == "GET /rootDesc.xml HTTP/1.1")
        let (states, flooded, run) = outcome {
            $0.strangers = (0..<5000).map { SimulatedIGD.found("http://192.168.1.1:\(5001 + $0)/") }
        }
        #expect(states == [.refused(.faulty(.unreachable))])
        #expect(flooded.requests.count == limits.locations && run.mapping.nextDeadline > run.now)
    }

    /// Whoever is faster than the gateway and writes its address keeps it away no longer than until the next description.
    @Test func theGatewaysAnswerCountsBehindAStrangers() {
        let wrong = ["http://192.168.1.1:9/", "http://6.6.6.6/"].map { SimulatedIGD.found($0) }
        let (states, _, _) = outcome { $0.strangers = wrong }
        #expect(states.first.map { if case .mapped = $0 { true } else { false } } == true)
    }

    @Test func answersForOtherDevicesAreNotFollowed() {
        let media = String(decoding: SimulatedIGD.found("http://192.168.1.1:5000/").bytes, as: UTF8.self)
            .split(separator: "InternetGatewayDevice").joined(separator: "MediaServer")
        let (states, igd, _) = outcome {
            $0.location = ""
            $0.strangers = [(Array(media.utf8), Endpoint(ip: MappingRun.address, port: 1900)!)]
        }
        #expect(states == [.refused(.silent)] && igd.requests.isEmpty && igd.searches == limits.searches)
    }

    // MARK: Mappings that are none

    @Test func aMappingToAnotherMachineIsNone() {
        for values in [
            "<NewInternalPort>4001</NewInternalPort><NewInternalClient>192.168.1.9</NewInternalClient>",
            "<NewInternalPort>4002</NewInternalPort><NewInternalClient>192.168.1.7</NewInternalClient>",
        ] {
            let (states, igd, _) = outcome {
                $0.replaces = { $0 == "GetSpecificPortMappingEntry" ? SimulatedIGD.done($0, values) : nil }
            }
            #expect(states == [.refused(.faulty(.otherMapping))])
            #expect(igd.requests.filter { $0 == "AddPortMapping" }.count == PortMappingLimits().externalPorts)
        }
    }

    @Test func aMappingThatIsNotThereIsNone() {
        let (states, _, _) = outcome { $0.errors["GetSpecificPortMappingEntry"] = 714 }
        #expect(states == [.refused(.faulty(.otherMapping))])
    }

    @Test func whoCannotSayWhatItForwardsIsBelieved() {
        let (states, _, _) = outcome { $0.errors["GetSpecificPortMappingEntry"] = 401 }
        #expect(states.first.map { if case .mapped = $0 { true } else { false } } == true)
    }

    @Test func portZeroIsNonsense() {
        let (states, _, _) = outcome {
            $0.types = ["urn:schemas-upnp-org:service:WANIPConnection:2"]
            $0.replaces = { $0 == "AddAnyPortMapping" ? SimulatedIGD.done($0, "<NewReservedPort>0</NewReservedPort>") : nil }
        }
        #expect(states == [.refused(.faulty(.malformed))])
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func bentAnswersDoNoHarm(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let router = SimulatedIGD()
        let (_, igd, last) = outcome { igd in
            igd.replaces = { line in
                // Its own answer, bent.
                guard random.below(3) == 0 else { return nil }
                var bytes = router.sample(line)
                for _ in 0..<1 + random.below(4) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
                if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count)) }
                return SimulatedIGD.Answer(pieces: [bytes], closes: random.below(2) == 0)
            }
        }
        var run = last
        run.pass(.seconds(7200))
        // Two hours' renewals, and searches again every half minute at most.
        #expect(igd.requests.count < 2000)
        run.release()
        run.pass(.seconds(2))
        #expect(run.isReleased)
    }
}
