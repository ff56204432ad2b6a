import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayLocalNetwork

@Suite("Messages of UPnP") struct UPnPCodecTests {
    private func read(_ text: String, by size: Int) throws -> (status: Int, body: String)? {
        var answer = HTTPAnswer(head: 100, body: 100)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            if let whole = try answer.receive(Array(bytes[start..<min(start + size, bytes.count)])) {
                return (whole.status, String(decoding: whole.body, as: UTF8.self))
            }
        }
        return answer.ended().map { ($0.status, String(decoding: $0.body, as: UTF8.self)) }
    }

    @Test(arguments: [1, 2, 3, 1000]) func anAnswerComesInPieces(size: Int) throws {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more", "HTTP/1.0 200 OK\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTRANSFER-ENCODING:  Chunked \r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        ] {
            let answer = try #require(try read(text, by: size))
            #expect(answer.status == 200 && answer.body == "hello")
        }
        #expect(try read("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", by: size)?.status == 500)
        #expect(try read("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", by: size) == nil)
        for bad in [
            "SIP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        ] {
            #expect(throws: UPnPFault.malformed) { try read(bad, by: size) }
        }
    }

    private func elements(_ xml: String) -> [String] {
        XMLElements(Array(xml.utf8)).map { "\($0.name)=\($0.text.map { String(decoding: $0, as: UTF8.self) } ?? "…")" }
    }

    @Test func elementsComeInTheOrderOfTheirEnds() {
        #expect(elements("<?xml version='1.0'?><a><b:c x='>' y=\"/>\"> d\n</b:c><e/><f g='h' /></a>") == ["c=d", "e=", "f=", "a=…"])
        #expect(elements("<a><!-- <b>c</b> -->1<![CDATA[<2&amp;>]]>&lt;&amp;lt;&nbsp;</a >") == ["a=1<2&amp;><&lt;&nbsp;"])
        #expect(elements("text</a><b>1</c></b>") == ["a=…", "c=…", "b=…"])
        #expect(elements("<a") == [] && elements("<a b='>") == [] && elements("<a><!-- </a>") == [] && elements("") == [])
    }

    private func url(_ text: String) throws -> GatewayURL { try GatewayURL(Array(text.utf8), at: MappingRun.address, longest: 512) }

    @Test func anAddressIsResolvedAtTheGateway() throws {
        let base = try url("HTTP://192.168.1.1:5000/a/b/c.xml?d=/e#f")
        #expect(base.port == 5000 && base.path == "/a/b/c.xml?d=/e" && base.authority == "192.168.1.1:5000")
        func resolved(_ text: String) throws -> String {
            let found = try base.resolving(Array(text.utf8), longest: 512)
            return "\(found.port)\(found.path)"
        }
        #expect(try resolved("/x") == "5000/x" && resolved("x?y") == "5000/a/b/x?y" && resolved("http://192.168.1.1/z") == "80/z")
        #expect(try url("http://192.168.1.1").path == "/" && url("http://192.168.1.1?a").path == "/?a")
        // The host stays, whatever the rest looks like.
        #expect(try base.resolving(Array("//6.6.6.6/x".utf8), longest: 512).host == MappingRun.address)
        #expect(throws: UPnPFault.malformed) { try base.resolving(Array("/x\r\nHost: y".utf8), longest: 512) }
    }
}
