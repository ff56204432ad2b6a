#!/usr/bin/env python3
"""The interop matrix with our browser peer, of Web/dist, in a browser: cells side by side, since most of a cell's time is waiting.

    web.py --us PEER --peers DIR --dist Web/dist --browser chromium
    web.py --us PEER --peers DIR --dist Web/dist --browser firefox --only ws,webrtc --with go,js,chromium
"""
import argparse
import concurrent.futures
import os
import shlex
import subprocess
import sys

SCENARIOS = ("ws", "relay", "gossip", "discovery", "discovery-json", "webrtc", "webrtc-direct")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="our native test peer")
    parser.add_argument("--peers", required=True, help="the folder that holds matrix.py")
    parser.add_argument("--dist", required=True, help="the folder that holds testpeer.html, causeway.js and causeway.wasm")
    parser.add_argument("--browser", required=True, choices=("chromium", "firefox"))
    parser.add_argument("--with", dest="others", default="go,js", help="the other implementations, default go,js")
    parser.add_argument("--only", default=",".join(SCENARIOS), help="scenarios, separated by commas")
    parser.add_argument("--jobs", type=int, default=5, help="cells side by side, default 5")
    options = parser.parse_args()
    peers = os.path.abspath(options.peers)
    browser = ["python3", os.path.join(peers, "js", "drive-browser.py"), "--browser", options.browser,
               "--root", os.path.abspath(options.dist), "--page", "testpeer.html"]
    matrix = [sys.executable, os.path.join(peers, "matrix.py"), "--us", options.us, "--us-browser", shlex.join(browser),
              "--with", options.others]
    cells = subprocess.run([*matrix, "--only", options.only, "--where", "*us-browser*", "--list"],
                           check=True, capture_output=True, text=True)

    cells = cells.stdout.splitlines()

    def run(cell):
        """One cell, told as it ends; whether it passed."""
        process = subprocess.run([*matrix, "--only", cell.split()[0], "--where", cell], stdout=subprocess.PIPE, text=True)
        print(process.stdout[:process.stdout.rfind("\n", 0, -1) + 1] or f"FAIL  {cell}\n", end="", flush=True)
        return process.returncode == 0

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(run, cells))
    passed = sum(outcomes)
    print(f"{passed} passed, {len(outcomes) - passed} failed")
    sys.exit(0 if outcomes and all(outcomes) else 1)


if __name__ == "__main__":
    main()
