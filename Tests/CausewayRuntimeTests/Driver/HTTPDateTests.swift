import CausewayRuntime
import Testing

@Suite("Dates of HTTP") struct HTTPDateTests {
    @Test(arguments: [
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_827_696, "Tue, 29 Feb 2000 12:34:56 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ]) func writesAndReads(_ unixSeconds: Int64, _ text: String) {
        #expect(HTTPDate(unixSeconds: unixSeconds).description == text)
        #expect(HTTPDate(text)?.unixSeconds == unixSeconds)
    }

    @Test func everyEleventhDayIsItself() {
        for day in stride(from: Int64(0), to: 300_000, by: 11) {
            let date = HTTPDate(unixSeconds: day * 86_400 + 86_399)
            guard HTTPDate(date.description) != date else { continue }
            Issue.record("\(date.unixSeconds) is written as \(date)")
            return
        }
    }

    @Test(arguments: [
        "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Now 1994 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
    ]) func refusesOthers(_ text: String) { #expect(HTTPDate(text) == nil) }
}
