import CausewayIdentity
import Testing

@testable import CausewayWebRTC

private let dtls: [UInt8] = [22, 0xfe, 0xfd, 0]
private func at(_ host: UInt8, _ port: UInt16 = 1) -> Endpoint { Endpoint(ip: [192, 0, 2, host], port: port)! }
private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
private func asked(_ username: String) -> BindingRequest { request(username).withUnsafeBytes { BindingRequest($0)! } }

extension DatagramDemultiplexer {
    fileprivate func route(_ datagram: [UInt8], from remote: Endpoint) -> DatagramRoute {
        datagram.withUnsafeBytes { route($0, from: remote) }
    }
}

@Suite("Whose a datagram is") struct DatagramDemultiplexerTests {
    @Test func byEndpointThenByFragmentThenForTheListener() throws {
        var demultiplexer = DatagramDemultiplexer()
        try demultiplexer.expect(1, fragment: bytes("aaaa"))
        #expect(demultiplexer.route(request("bbbb:x"), from: at(1)) == .listener(asked("bbbb:x")))
        #expect(demultiplexer.route(request("aaaa:x"), from: at(1)) == .association(1, .stun))
        // Nothing is learned of that.
        #expect(demultiplexer.route(dtls, from: at(1)) == .nobody(.unknownRemote))
        try demultiplexer.bind(1, to: at(1))
        #expect(demultiplexer.route(dtls, from: at(1)) == .association(1, .dtls))
        #expect(demultiplexer.route(stun(type: 0x0101, []), from: at(1)) == .association(1, .stun))
        #expect(demultiplexer.route(dtls, from: at(1, 2)) == .nobody(.unknownRemote))
        // Behind a known endpoint somebody else begins.
        #expect(demultiplexer.route(request("bbbb:x"), from: at(1)) == .listener(asked("bbbb:x")))
        demultiplexer.remove(1)
        #expect(demultiplexer.route(dtls, from: at(1)) == .nobody(.unknownRemote))
        #expect(demultiplexer.count == 0 && demultiplexer.endpointCount == 0)
    }

    /// RFC 7983, section 7.
    @Test func theFirstByteSaysWhatItIs() throws {
        var demultiplexer = DatagramDemultiplexer()
        try demultiplexer.expect(1, fragment: bytes("aaaa"))
        try demultiplexer.bind(1, to: at(1))
        for first in 0...255 as ClosedRange<UInt8> {
            let expected: DatagramRoute =
                switch first {
                case 0...3: .association(1, .stun)
                case 20...63: .association(1, .dtls)
                default: .nobody(.unknownKind)
                }
            #expect(demultiplexer.route([first], from: at(1)) == expected)
        }
        #expect(demultiplexer.route([], from: at(1)) == .nobody(.unknownKind))
    }

    @Test func ipv4AndIPv6AreKnownByTheirAddress() throws {
        var demultiplexer = DatagramDemultiplexer()
        try demultiplexer.expect(1, fragment: bytes("aaaa"))
        let six = [UInt8](0..<16)
        try demultiplexer.bind(1, to: Endpoint(ip: six, port: 5)!)
        #expect(demultiplexer.route(dtls, from: Endpoint(ip: six, port: 5)!) == .association(1, .dtls))
        #expect(demultiplexer.route(dtls, from: Endpoint(ip: six, port: 6)!) == .nobody(.unknownRemote))
        #expect(demultiplexer.route(dtls, from: Endpoint(ip: six, port: 5, scope: 2)!) == .nobody(.unknownRemote))
    }

    @Test func misuseIsTold() throws {
        var demultiplexer = DatagramDemultiplexer()
        try demultiplexer.expect(1, fragment: bytes("aaaa"))
        #expect(throws: DemultiplexerError.associationInUse) { try demultiplexer.expect(1, fragment: bytes("bbbb")) }
        #expect(throws: DemultiplexerError.fragmentInUse) { try demultiplexer.expect(2, fragment: bytes("aaaa")) }
        #expect(throws: DemultiplexerError.badFragment) { try demultiplexer.expect(2, fragment: bytes("aaa")) }
        #expect(throws: DemultiplexerError.unknownAssociation) { try demultiplexer.bind(2, to: at(1)) }
        #expect(throws: DemultiplexerError.unknownAssociation) { try demultiplexer.trust(2) }
        #expect(demultiplexer.count == 1)
    }
}

@Suite("Strangers at a port") struct DemultiplexerAttackTests {
    /// Two thousand made up fragments from one host push out that host's own, and nobody else's.
    @Test func aFloodPaysForItsOwnPlace() throws {
        var demultiplexer = DatagramDemultiplexer()
        let limits = DemultiplexerLimits()
        try demultiplexer.expect(1, fragment: bytes("ours"))
        try demultiplexer.bind(1, to: at(200))
        #expect(try demultiplexer.admit(2, asked("honest:x"), from: at(2)) == nil)
        for number in 10..<2_000 as Range<UInt32> {
            let victim = try demultiplexer.admit(number, asked("flood\(number):x"), from: at(66, UInt16(number % 60_000)))
            #expect(victim == (number < 10 + 16 ? nil : number - 16))
            // They prove nothing, and take nothing from those who did.
            #expect(throws: DemultiplexerError.endpointInUse) { try demultiplexer.bind(number, to: at(200)) }
            for port in 0..<20 as Range<UInt16> { try demultiplexer.bind(number, to: at(66, port &+ UInt16(number % 3000) * 20)) }
        }
        #expect(demultiplexer.strangerCount == 1 + limits.strangersPerPlace)
        #expect(demultiplexer.endpointCount <= 1 + limits.strangersPerPlace * limits.endpointsPerAssociation)
        #expect(demultiplexer.route(request("honest:x"), from: at(2)) == .association(2, .stun))
        #expect(demultiplexer.route(dtls, from: at(200)) == .association(1, .dtls))
    }

    /// The same from many places: of those that have one each the oldest goes, and the whole stays bounded.
    @Test func aFloodFromEverywhereIsBounded() throws {
        var demultiplexer = DatagramDemultiplexer()
        let limits = DemultiplexerLimits()
        for number in 0..<5000 as Range<UInt32> {
            let ip = [0x20, 1, 0x0d, 0xb8, UInt8(number >> 8 & 255), UInt8(number & 255), 0, 0, 0, 0, 0, 0, 0, 0, 0, 1].map { UInt8($0) }
            _ = try demultiplexer.admit(number, asked("flood\(number):x"), from: Endpoint(ip: ip, port: 1)!)
        }
        #expect(demultiplexer.strangerCount == limits.strangers && demultiplexer.count == limits.strangers)
        #expect(demultiplexer.route(request("flood4999:x"), from: at(1)) == .association(4999, .stun))
        #expect(demultiplexer.route(request("flood0:x"), from: at(1)) == .listener(asked("flood0:x")))
        // Expected ones have room of their own.
        try demultiplexer.expect(9999, fragment: bytes("ours"))
    }

    @Test func trustedAssociationsHaveABoundAndTakeEndpointsFromStrangers() throws {
        var limits = DemultiplexerLimits()
        limits.associations = 2
        var demultiplexer = DatagramDemultiplexer(limits)
        for id in 1...3 as ClosedRange<UInt32> {
            #expect(try demultiplexer.admit(id, asked("frag\(id):x"), from: at(UInt8(id))) == nil)
        }
        try demultiplexer.bind(1, to: at(7))
        #expect(throws: DemultiplexerError.endpointInUse) { try demultiplexer.bind(2, to: at(7)) }
        try demultiplexer.trust(2)
        try demultiplexer.bind(2, to: at(7))
        #expect(demultiplexer.route(dtls, from: at(7)) == .association(2, .dtls))
        try demultiplexer.trust(1)
        #expect(throws: DemultiplexerError.tooManyAssociations(limit: 2)) { try demultiplexer.trust(3) }
        #expect(throws: DemultiplexerError.tooManyAssociations(limit: 2)) { try demultiplexer.expect(4, fragment: bytes("more")) }
        #expect(demultiplexer.strangerCount == 1)
    }

    @Test func aRemoteThatMovesOnKeepsItsLastEndpoints() throws {
        var demultiplexer = DatagramDemultiplexer()
        try demultiplexer.expect(1, fragment: bytes("aaaa"))
        for port in 1...100 as ClosedRange<UInt16> { try demultiplexer.bind(1, to: at(1, port)) }
        #expect(demultiplexer.endpointCount == DemultiplexerLimits().endpointsPerAssociation)
        #expect(demultiplexer.route(dtls, from: at(1, 92)) == .nobody(.unknownRemote))
        #expect(demultiplexer.route(dtls, from: at(1, 93)) == .association(1, .dtls))
    }
}
