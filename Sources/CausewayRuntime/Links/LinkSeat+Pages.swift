import CausewayConnection
import CausewayIdentity
import CausewayTLS

// A seat whose remote may want a page. It counts among those that have not said what they are, and has their time limit, until it
// becomes a link; an answer has that much time again whenever some of it was taken.
extension LinkSeat {
    func read(_ bytes: UnsafeRawBufferPointer, _ page: PageExchange, now: Instant) {
        guard let tls else {
            page.receive(bytes)
            return proceed(page, now: now)
        }
        tls.receive(bytes)
        let buffer = home.plainBuffer
        do throws(TLSError) {
            while true {
                let count = try tls.read(into: buffer)
                if count == 0 { break }
                page.receive(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
            }
        } catch {
            return home.drop(self)
        }
        proceed(page, now: now)
    }

    private func proceed(_ page: PageExchange, now: Instant) {
        switch page.step() {
        case .incomplete: flush(page)
        case .refused(let fault): respond(home.pages?.refuse(fault))
        case .request(let request):
            if request.isUpgrade { return becomeLink(page, now: now) }
            home.pages?.answer(request) { [home, id] response in home.loop.run { home[id]?.respond(response) } }
        }
    }

    private func becomeLink(_ page: PageExchange, now: Instant) {
        self.page = nil
        guard home.welcome(self, as: page.kind, now: now), let link else { return home.drop(self) }
        var bytes = page.received
        bytes.withUnsafeMutableBytes { link.connection.receive($0, now: now) }
        link.turn(now: now)
        home.enqueue(self)
    }

    private func respond(_ response: HTTPResponse?) {
        guard let page, let response else { return }
        page.respond(response)
        flush(page)
    }

    func flush(_ page: PageExchange) {
        guard let socket else { return }
        var moved = 0
        while !socket.isBlocked {
            let taken = page.send { bytes in
                guard let tls else { return socket.send(bytes) }
                return tls.wire.isEmpty ? (try? tls.write(bytes)) ?? 0 : 0
            }
            moved += taken
            if let tls, !tls.wire.isEmpty { tls.wire.drop(socket.send(tls.wire.bytes)) } else if taken == 0 { break }
        }
        if page.isSent, !socket.isBlocked { return home.drop(self) }
        if moved > 0 { deadline = min(page.end, home.loop.now + home.handshakeTime) }
    }
}
