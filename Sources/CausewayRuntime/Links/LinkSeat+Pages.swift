import CausewayConnection
import CausewayIdentity
import CausewayTLS

// A seat whose remote may want a page. Until its request is complete, it counts with the sockets whose protocol is not known, and has their
// time limit. An answer gets that much time again whenever the socket took some of it.
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
            guard let remote = socket?.peerAddress else { return home.drop(self) }
            home.beginDownload(self)
            page.end = now + home.shell.configuration.pageLimits.downloadTime
            socket?.limitUnsent(to: PageLimits.unsent)
            home.pages?.answer(request, from: remote) { [home, id] response in home.loop.run { home[id]?.respond(response) } }
        }
    }

    private func becomeLink(_ page: PageExchange, now: Instant) {
        self.page = nil
        guard home.welcome(self, as: page.kind, now: now), let link else { return home.drop(self) }
        var bytes = page.received
        // The connection reads what it was lent within this turn.
        bytes.withUnsafeMutableBytes { bytes in
            link.connection.receive(bytes, now: now)
            link.turn(now: now)
        }
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
            guard let tls else {
                let taken = page.send(socket.send)
                moved += taken
                if taken == 0 { break }
                continue
            }
            _ = page.send { (try? tls.write($0)) ?? 0 }
            guard !tls.wire.isEmpty else { break }
            let taken = socket.send(tls.wire.bytes)
            tls.wire.drop(taken)
            moved += taken
        }
        if page.isSent, !socket.isBlocked, tls?.wire.isEmpty ?? true { return home.drop(self) }
        guard moved > 0, page.isAnswered else { return }
        deadline = min(page.end, home.loop.now + home.handshakeTime)
        home.downloadMoved(self)
    }
}
