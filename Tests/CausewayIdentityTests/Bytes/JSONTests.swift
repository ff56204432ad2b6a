import CausewayIdentity
import Testing

@Suite struct JSONTests {
    static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        try JSON(parsing: [UInt8](text.utf8), limits: limits)
    }

    @Test func valuesComeBackAsWritten() throws {
        let texts = [
            "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "1.5", "-0.25", "0.1", "123456.789",
            "\"\"", "\"a\\\"b\\\\c\\n\"", "[]", "[1,2,[3]]", "{}", "{\"b\":1,\"a\":{\"c\":[]}}", "\"grüße 😀\"",
        ]
        for text in texts { #expect(String(decoding: try Self.parse(text).bytes, as: UTF8.self) == text) }
    }

    @Test func membersAreFoundAndKeepTheirOrder() throws {
        let json = try Self.parse(" { \"peerId\" : \"12D3\", \"addrs\" : [ \"/ip4/1.2.3.4\" ] , \"n\": 2e3 } ")
        #expect(json["peerId"]?.text == "12D3")
        #expect(json["addrs"]?.array?.first?.string == [UInt8]("/ip4/1.2.3.4".utf8))
        #expect(json["n"]?.number == 2000)
        #expect(json["missing"] == nil)
        #expect(json.object?.count == 3)
        let written: JSON = ["z": 1, "a": [true, 1.5, "x"]]
        #expect(written.bytes == [UInt8]("{\"z\":1,\"a\":[true,1.5,\"x\"]}".utf8))
        #expect(JSON.object(["a": .integer(1), "b": nil]).bytes == [UInt8]("{\"a\":1}".utf8))
    }

    @Test func escapesAndSurrogates() throws {
        #expect(try Self.parse("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\/\\b\\f\\r\\t\"").text == "Aé€😀/\u{8}\u{c}\r\t")
        for text in ["\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\x\"", "\"\\u00g0\"", "\"a\u{1}\""] {
            #expect(throws: JSONError.self) { try Self.parse(text) }
        }
        #expect(JSON.string([0x61, 0xff, 0x01]).bytes == [UInt8]("\"a\u{fffd}\\u0001\"".utf8))
    }

    @Test func badUTF8IsRefused() {
        for bytes: [UInt8] in [[0xff], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]] {
            #expect(throws: JSONError.self) { try JSON(parsing: [0x22] + bytes + [0x22]) }
        }
    }

    @Test func whatIsNoJSONIsRefused() {
        for text in [
            "", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "'a'", "01", "-", "+1", "1.",
            ".5", "1e",
            "1e+", "nul", "nulll", "tru", "1 2", "[1]]", "\"abc", "\"\\", "\"\\u12", "NaN", "Infinity", "1e999", "// x\n1",
            "{\"a\":1,\"a\":2}",
        ] {
            #expect(throws: JSONError.self, "\(text)") { try Self.parse(text) }
        }
    }

    @Test func numbersOfEverySize() throws {
        #expect(try Self.parse("18446744073709551616").number == 18_446_744_073_709_551_616)
        #expect(try Self.parse("1e-400").number == 0)
        #expect(try Self.parse("0." + String(repeating: "0", count: 500) + "1").number == 0)
        #expect(try Self.parse("1e308").number != nil)
        #expect(throws: JSONError.self) { try Self.parse("1e99999999999999999999") }
    }

    @Test func limitsHold() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError(reason: .tooDeep(limit: 32), offset: 32)) { try Self.parse(deep) }
        let wide = "[" + String(repeating: "1,", count: 1000) + "1]"
        #expect(throws: JSONError.self) { try Self.parse(wide, limits: JSONLimits(values: 1000)) }
        #expect(throws: JSONError(reason: .tooLong(limit: 10), offset: 10)) { try Self.parse(wide, limits: JSONLimits(bytes: 10)) }
    }

    @Test func tokensComeOneByOne() throws {
        var reader = try JSONReader([UInt8](" {\"a\\u0062\": [-1.5e2, {}, \"x\"], \"c\": true}\n".utf8))
        let expected: [(JSONReader.Token, depth: Int, text: String)] = [
            (.object, 1, ""), (.name, 1, "ab"), (.array, 2, "ab"), (.number, 2, "ab"), (.object, 3, "ab"), (.end, 2, "ab"),
            (.string, 2, "x"), (.end, 1, "x"), (.name, 1, "c"), (.true, 1, "c"), (.end, 0, "c"),
        ]
        for (token, depth, text) in expected {
            #expect(try reader.next() == token)
            #expect(reader.depth == depth && reader.text == [UInt8](text.utf8))
            if token == .number { #expect(reader.isInArray && reader.written == [UInt8]("-1.5e2".utf8)[...]) }
        }
        #expect(try reader.next() == nil)
        #expect(try reader.next() == nil)
    }
}
