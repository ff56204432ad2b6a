import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite struct WishQueueTests {
    private func links(_ queue: inout WishQueue) -> [UInt32] {
        var links: [UInt32] = []
        while let wish = queue.next() {
            switch wish {
            case .pathFailed(let link, _), .identified(let link): links.append(link)
            case .addressesChanged: links.append(0)
            case .connect(let request), .connected(let request): links.append(request.number)
            case .upgradeEnded, .upgradeFailed, .ownAddressesChanged, .servedChanged: links.append(.max)
            }
        }
        return links
    }

    private func request(_ number: UInt32) -> DialRequest {
        DialRequest(
            .protocol, number, peer(7), DialPolicy([], origin: .named, path: .direct), deadline: Instant(nanoseconds: 0))
    }

    @Test func wishesAreTakenInTheOrderOfAsking() {
        var queue = WishQueue()
        queue.append(.identified(link: 1))
        queue.append(.connected(request(2)))
        queue.append(.pathFailed(link: 3, .cancelled))
        queue.append(.upgradeFailed(peer(7), .cancelled, nil))
        queue.append(.connect(request(4)))
        queue.append(.identified(link: 5))
        #expect(links(&queue) == [1, 2, 3, .max, 4, 5])
        #expect(queue.isEmpty)
    }

    @Test func whatIsAskedMeanwhileFollowsWhatWaits() {
        var queue = WishQueue()
        queue.append(.identified(link: 1))
        queue.append(.identified(link: 2))
        guard case .identified(1)? = queue.next() else { return #expect(Bool(false)) }
        queue.append(.identified(link: 3))
        #expect(links(&queue) == [2, 3])
    }

    @Test func aChangeOfAddressesWaitsOnce() {
        var queue = WishQueue()
        for link in UInt32(1)...3 {
            queue.append(.addressesChanged)
            queue.append(.identified(link: link))
        }
        #expect(links(&queue) == [0, 1, 2, 3])
        queue.append(.addressesChanged)
        #expect(links(&queue) == [0], "a later change is another one")
    }
}
