"""The pages' port."""
import http.client

import wire
import yamux
from ground import row
from rows.doors import pages


def ask(port, path, to="127.0.0.1", **headers):
    """The status and the body of an answer; names of headers with _ for -."""
    connection = http.client.HTTPConnection(to, port, timeout=10)
    connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": f"{to}:{port}", **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read()


def served(ground):
    return ground.relay("--pages", pages(ground.folder(), 1000)).port("/ws")


@row("rebound-name")
def rebound_name(ground):
    """A page whose name was bound to the relay's address asks for its state."""
    port = served(ground)
    status, body = ask(port, "/status.json", Sec_Fetch_Site="same-origin")
    ground.true(f"{status} for its own page", status == 200 and body.startswith(b"{"))
    status, _ = ask(port, "/status.json", Sec_Fetch_Site="same-origin", Host=f"evil.example:{port}")
    ground.true(f"{status} for a rebound name", status == 403)


@row("state-for-strangers", places=True)
def state_for_strangers(ground):
    """Somebody from elsewhere asks who is connected to a relay."""
    server = ground.relay("--pages", pages(ground.folder(), 1000), host="10.77.0.1")
    visitor = ground.keep(yamux.dial(server.direct, source="10.77.18.1"))
    visitor.ping()
    status, body = ask(server.port("/ws"), "/status.json", to="10.77.0.1")
    name = wire.base58(visitor.identity.peer).encode()
    ground.true(f"{status}, and no peer is named", name not in body and b"10.77.18.1" not in body)


@row("other-origins")
def other_origins(ground):
    """Pages of other origins ask for the relay's state."""
    port = served(ground)
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"},
                    {"Sec_Fetch_Site": "same-site"},
                    {"Origin": "http://evil.example", "Sec_Fetch_Site": "same-origin"}):
        status, _ = ask(port, "/status.json", **headers)
        ground.true(f"{status} for {', '.join(headers.values())}", status == 403)


@row("paths-out-of-the-pages")
def paths_out_of_the_pages(ground):
    """Paths that lead out of the directory of pages."""
    port = served(ground)
    ground.true("the page is served", ask(port, "/")[0] == 200)
    for path in ("/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2f..%2fetc/passwd", "//etc/passwd",
                 "/./../key.pem", "/\\..\\..\\etc\\passwd", "/index.html/../../etc/passwd", "/etc/passwd%00.html"):
        status, body = ask(port, path)
        ground.true(f"{status}", status in (400, 403, 404) and b"root:" not in body)


@row("requests-in-disguise")
def requests_in_disguise(ground):
    """Two lengths, chunks, bare line ends: what a proxy before the relay may read otherwise."""
    port = served(ground)
    for head in (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Transfer-Encoding: chunked\r\n", b"X: a\nY: b\r\n", b"X: a\rY: b\r\n"):
        sock = ground.keep(wire.connect("127.0.0.1", port, timeout=5))
        sock.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head + b"\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = b""
        try:
            while piece := sock.recv(4096):
                answer += piece
        except OSError:
            pass
        ground.true("one answer and the end", answer.count(b"HTTP/1.1 ") == 1)
