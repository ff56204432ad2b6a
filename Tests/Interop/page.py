#!/usr/bin/env python3
"""Our browser peer beside js-libp2p's, the same work in one run: speed by WebRTC between two browsers, and a page's start.

    page.py --us PEER --peers DIR --dist Web/dist                        both, medians and ours/js
    page.py --us PEER --peers DIR --dist Web/dist --only speed --megabytes 64 --runs 5

`speed`: two browsers behind our relay, connected by WebRTC: echo there and back, also by the CPU time of both
browsers, /perf/1.0.0 up and down, streams one after another. `start`: from the navigation to a
page to the answer of an echo over a relay, which the page's own clock tells; both peers load uncached from here, in one browser in turn.
PEER is the native test peer; DIST holds testpeer.html and what it needs. Runs are interleaved, so that a busy minute hits both alike.
"""
import argparse
import json
import mimetypes
import os
import queue
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

UNLIMITED = {"limited": False, "reservations": 16}
MEGABYTE = 1 << 20
# Tells when the page has shown the answer of its echo, and goes where it is sent next.
WATCH = """<script type="module">
const out = document.getElementById('out')
new MutationObserver(async () => {
  if (!/"matched"|error/.test(out.textContent)) return
  const took = performance.now(), text = out.textContent
  out.id = 'done'
  if (took) location.href = await (await fetch('/done', { method: 'POST', body: JSON.stringify({ took, text }) })).text()
}).observe(out, { childList: true, characterData: true, subtree: true })
</script>"""


def speed(options, Peer):
    """Figures of one pair of browsers for each of the two, in turn."""
    figures = {}
    size = options.megabytes * MEGABYTE
    for _ in range(options.runs):
        for name, command in (("ours", options.ours), ("js", "chromium")):
            with Peer(options.us, listen=["/ip4/127.0.0.1/tcp/0/ws"], relay=UNLIMITED) as relay:
                listen = ["/webrtc", relay.address("/ws") + "/p2p-circuit"]
                with Peer(command, listen=listen) as one, Peer(command, listen=listen) as two:
                    two.wait("reservation", where=lambda value: value["state"] == "made")
                    one("dial", addr=two.address("/p2p-circuit/webrtc/"), within=40)
                    one("echo", peerId=two.id, bytes=MEGABYTE, within=60)
                    used = sum(each("usage")["cpu"] for each in (one, two))
                    answer = one("echo", peerId=two.id, bytes=size, within=300)
                    used = sum(each("usage")["cpu"] for each in (one, two)) - used
                    assert answer["matched"], f"{name}: another echo"
                    open_on = [each["transport"] for each in one("connections")["connections"] if each["peerId"] == two.id]
                    assert "webrtc" in open_on, f"{name}: {open_on}"
                    perf = one("perf", peerId=two.id, upload=size, download=size, within=300)
                    latency = one("latency", peerId=two.id, count=100, bytes=100, within=60)
            run = {
                "echo MB/s": size / answer["ms"] / 1000, "echo MB/cpu-s": size / used / 1e6, "perf up MB/s": size / perf["uploadMs"] / 1000,
                "perf down MB/s": size / perf["downloadMs"] / 1000, "stream and echo of 100 B, 1/ms": 1000 / latency["medianUs"],
            }
            print(f"  {name:5}", "  ".join(f"{key} {value:.2f}" for key, value in run.items()), flush=True)
            for key, value in run.items():
                figures.setdefault(key, {}).setdefault(name, []).append(value)
    return figures


class Pages:
    """Serves both peers' pages, and sends the browser from one to the next."""

    def __init__(self, roots):
        self.roots = roots
        self.answers = queue.Queue()
        self.next = queue.Queue()
        pages = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, body, kind="text/plain", status=200):
                self.send_response(status)
                for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                name, _, path = self.path.split("?")[0].strip("/").partition("/")
                if name == "start":
                    return self.answer(f"<script>location.href = {json.dumps(pages.next.get())}</script>".encode(), "text/html")
                file = os.path.join(pages.roots.get(name, ("", ""))[0], os.path.basename(path))
                if name not in pages.roots or not os.path.isfile(file):
                    return self.answer(b"", status=404)
                with open(file, "rb") as source:
                    body = source.read()
                kinds = {".js": "text/javascript", ".wasm": "application/wasm"}
                kind = kinds.get(os.path.splitext(file)[1]) or mimetypes.guess_type(file)[0] or "application/octet-stream"
                if path == pages.roots[name][1]:
                    body = body.replace(b"</html>", WATCH.encode() + b"</html>")
                self.answer(body, kind)

            def do_POST(self):
                pages.answers.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.answer(pages.next.get().encode())

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"

    def visit(self, name, task):
        self.next.put(f"{self.origin}/{name}/{self.roots[name][1]}#{quote(json.dumps(task))}")
        return self.answers.get(timeout=60)


def start(options, Peer):
    figures = {"ours": [], "js": []}
    pages = Pages({"ours": (options.dist, "testpeer.html"), "js": (os.path.join(options.peers, "js", "dist"), "page.html")})
    profile = tempfile.mkdtemp(prefix="causeway-")
    browser = subprocess.Popen(
        [shutil.which("chromium") or "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
         "--no-first-run", "--disable-background-networking", f"{pages.origin}/start"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        with Peer(options.us, listen=["/ip4/127.0.0.1/tcp/0/ws"], relay=UNLIMITED) as relay:
            with Peer(options.us, listen=[relay.address("/ws") + "/p2p-circuit"]) as target:
                addr = target.address("/p2p-circuit")
                task = {"config": {"listen": []}, "commands": [{"cmd": "echo", "addr": addr, "bytes": 16, "allowLimited": True}]}
                # The first visit of each warms the browser up.
                for index in range(options.visits + 1):
                    for name in figures:
                        answer = pages.visit(name, task)
                        assert '"matched":true' in answer["text"], answer["text"][-500:]
                        if index:
                            figures[name].append(answer["took"])
                        else:
                            print(f"  {name:5}the first visit {answer['took']:.0f} ms", flush=True)
    finally:
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()
        shutil.rmtree(profile, ignore_errors=True)
    return {"start to echo, 1/s": {name: [1000 / one for one in times] for name, times in figures.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="our native test peer")
    parser.add_argument("--peers", required=True, help="the folder that holds driver.py and js")
    parser.add_argument("--dist", required=True, help="the folder that holds testpeer.html, causeway.js and causeway.wasm")
    parser.add_argument("--only", default="speed,start")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--visits", type=int, default=9)
    parser.add_argument("--megabytes", type=int, default=32)
    options = parser.parse_args()
    options.peers, options.dist = os.path.abspath(options.peers), os.path.abspath(options.dist)
    sys.path.insert(0, options.peers)
    from driver import Peer
    drive = ["python3", os.path.join(options.peers, "js", "drive-browser.py"), "--browser", "chromium"]
    options.ours = shlex.join([*drive, "--root", options.dist, "--page", "testpeer.html"])
    for part in options.only.split(","):
        print(part, flush=True)
        for key, figure in {"speed": speed, "start": start}[part](options, Peer).items():
            ours, js = (statistics.median(figure[name]) for name in ("ours", "js"))
            print(f"{key}: ours {ours:.3g}, js {js:.3g}, ours/js {ours / js:.2f}", flush=True)


if __name__ == "__main__":
    main()
