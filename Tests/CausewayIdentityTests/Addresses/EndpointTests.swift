import Testing

@testable import CausewayIdentity

@Suite struct EndpointTests {
    @Test func bothFamiliesComeBackAsTheyWent() {
        let six: [UInt8] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]
        #expect(Endpoint(ip: six, port: 65535, scope: 3)?.ip == six)
        #expect(Endpoint(ip: [192, 0, 2, 1], port: 1)?.ip == [192, 0, 2, 1])
        #expect(Endpoint(ip: mapped, port: 1) == Endpoint(ip: [192, 0, 2, 1], port: 1))
        #expect(Endpoint(ip: [1, 2, 3], port: 1) == nil && Endpoint(ip: [], port: 1) == nil)
        #expect(Endpoint(ip: six, port: 1)?.isIPv4 == false)
    }

    @Test func aTableByEndpointHoldsWhatADictionaryHolds() {
        var table = EndpointTable<Int>()
        var model: [[UInt8]: Int] = [:]
        var random = SystemRandomNumberGenerator()
        for step in 0..<5000 {
            let (host, port) = (UInt8.random(in: 0..<8, using: &random), UInt16.random(in: 0..<16, using: &random))
            let endpoint = Endpoint(ip: [10, 0, 0, host], port: port)!
            if Bool.random(using: &random) {
                table[endpoint] = step
                model[[host, UInt8(port)]] = step
            } else {
                #expect(table[endpoint] == model[[host, UInt8(port)]])
                table[endpoint] = nil
                model[[host, UInt8(port)]] = nil
            }
            #expect(table.count == model.count)
        }
    }
}
