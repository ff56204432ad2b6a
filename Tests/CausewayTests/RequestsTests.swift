import CausewayNode
import Testing

@testable import Causeway

@Test func aWaitingRequestKeepsItsNumberForItself() async {
    // Behind the last number comes 0 again, which still waits.
    let requests = PendingRequests(last: .max)
    let answer = await withUnsafeContinuation { continuation in
        #expect(requests.wait(0, continuation))
        #expect(requests.next() == 1)
        requests.answer(0, .cancelled)
    }
    #expect(answer == .cancelled)
}
