#!/usr/bin/env python3
"""Two tabs of the chat page behind two NATs, our relay outside: the room, direct messages, a file of 20 MB. Nobody but the relay tells the
browsers their public addresses. Needs root.

    natlab_chat.py --causeway .build/optimised/release/causeway --dist Web/dist --natlab ../shared/natlab
    natlab_chat.py … --browsers chromium:firefox --only full-cone
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

import natlabs

HERE = os.path.dirname(os.path.abspath(__file__))

# The NATs of a and b, and how the two reach each other.
CELLS = (
    ("full-cone", "port-restricted", "direct"),
    ("port-restricted", "symmetric-random", "relayed"),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--causeway", required=True, help="the command, optimised")
    parser.add_argument("--dist", required=True, help="the pages with causeway.js and causeway.wasm")
    parser.add_argument("--natlab", required=True, help="the folder of natlab.py")
    parser.add_argument("--browsers", default="chromium:chromium", help="a's and b's: chromium, and firefox for one of them")
    parser.add_argument("--latency", default="10ms", help="one way, of each NAT")
    parser.add_argument("--only", default="", help="cells whose names hold this")
    options = parser.parse_args()
    try:
        natlab = natlabs.load(options.natlab)
    except natlabs.Missing as reason:
        return natlabs.skip("natlab_chat", reason)
    passed = failed = 0
    for a, b, expect in CELLS:
        if options.only not in f"{a} -> {b}":
            continue
        good, bad = cell(natlab, options, a, b, expect)
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def cell(natlab, options, a, b, expect):
    print(f"-- {a} -> {b}, {options.browsers}: {expect}", flush=True)
    with natlab.Lab(nats={"a": a, "b": b}, latency=options.latency) as lab, tempfile.TemporaryDirectory() as folder:
        address = f"{lab.relay.ip}:4002"
        relay = lab.relay.popen(
            os.path.abspath(options.causeway), "relay", "--listen", f"/ip4/{lab.relay.ip}/tcp/4002/ws",
            "--listen", f"/ip4/{lab.relay.ip}/udp/4001/webrtc-direct", "--listen", f"/ip4/{lab.relay.ip}/udp/4003/webrtc-direct",
            "--key", os.path.join(folder, "key"), "--pages", os.path.abspath(options.dist),
            "--topic", "universal-connectivity", "--topic", "universal-connectivity-file",
            stdout=subprocess.DEVNULL)
        try:
            answers(natlab, lab, address)
            arguments = {
                "url": f"http://{address}/chat.html",
                "prefixes": [lab.host(name).prefix for name in ("a", "b")], "browsers": options.browsers.split(":"), "expect": expect,
                "isDependent": ["symmetric" in nat for nat in (a, b)]}
            program = os.path.join(HERE, "..", "Web", "chat-nat.mjs")
            # Firefox is driven over a socket of its own host, Chromium over a pipe.
            prefix = next((lab.host(name).prefix for name, kind in zip("ab", arguments["browsers"]) if kind == "firefox"), [])
            node = subprocess.Popen(
                [*prefix, "node", "--no-warnings", "--experimental-websocket", program, json.dumps(arguments)],
                stdout=subprocess.PIPE, text=True)
            last = ""
            for line in node.stdout:
                if line.strip():
                    last = line
                    print(line, end="", flush=True)
            node.wait()
            words = last.split()
            return (int(words[0]), int(words[2])) if len(words) == 4 and words[1] == "passed," else (0, 1)
        finally:
            relay.terminate()
            relay.wait()


def answers(natlab, lab, address):
    """Waits until the relay serves its pages."""
    for _ in range(100):
        try:
            natlab.in_namespace(lab.host("relay").ns, lambda: urllib.request.urlopen(f"http://{address}/chat.html", timeout=1).read())
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the relay does not answer")


if __name__ == "__main__":
    sys.exit(main())
