import CausewayConnection
import CausewayIdentity
import CausewayTLS

// A socket whose remote may want a page. It counts among those that have not said what they are, and has their time limit, until its
// request is whole; an answer has that much time again whenever the socket took some of it.
extension SocketCarrier {
    func read(_ bytes: UnsafeRawBufferPointer, _ page: PageExchange) {
        guard let tls else {
            page.receive(bytes)
            return proceed(page)
        }
        tls.receive(bytes)
        let buffer = linkLoop.plainBuffer
        do throws(TLSError) {
            while true {
                let count = try tls.read(into: buffer)
                if count == 0 { break }
                page.receive(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
            }
        } catch {
            return linkLoop.links.remove(id)
        }
        proceed(page)
    }

    private func proceed(_ page: PageExchange) {
        switch page.step() {
        case .incomplete: flush(page)
        case .refused(let fault): respond(linkLoop.pages?.refuse(fault))
        case .request(let request):
            if request.isUpgrade { return becomeLink(page) }
            guard let remote = socket?.remote else { return linkLoop.links.remove(id) }
            linkLoop.beginDownload(self)
            page.end = linkLoop.loop.now + linkLoop.shell.configuration.pageLimits.downloadTime
            socket?.limitUnsent(to: PageLimits.unsent)
            linkLoop.pages?.answer(request, from: remote) { [linkLoop, id] response in linkLoop.loop.run { linkLoop[id]?.respond(response) }
            }
        }
    }

    private func becomeLink(_ page: PageExchange) {
        self.page = nil
        guard linkLoop.accept(self, as: page.kind), let link, let connection else { return linkLoop.links.remove(id) }
        var bytes = page.received
        bytes.withUnsafeMutableBytes { link.receive($0, over: connection, now: linkLoop.loop.now) }
        link.markDirty()
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
        if page.isSent, !socket.isBlocked, tls?.wire.isEmpty ?? true { return linkLoop.links.remove(id) }
        guard moved > 0, page.isAnswered else { return }
        linkLoop.links.setDeadline(min(page.end, linkLoop.loop.now + linkLoop.handshakeTime), of: id)
        linkLoop.downloadMoved(self)
    }
}
