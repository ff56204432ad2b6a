#!/usr/bin/env python3
"""The interop matrix with our browser peer, of Web/dist, in a browser: its scenarios side by side, since most of a cell's time is waiting.

    web.py --us PEER --peers DIR --dist Web/dist --browser chromium
    web.py --us PEER --peers DIR --dist Web/dist --browser firefox --only ws,relay
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
import threading

SCENARIOS = ("ws", "relay", "gossip", "discovery", "discovery-json")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="our native test peer")
    parser.add_argument("--peers", required=True, help="the folder that holds matrix.py")
    parser.add_argument("--dist", required=True, help="the folder that holds testpeer.html, causeway.js and causeway.wasm")
    parser.add_argument("--browser", required=True, choices=("chromium", "firefox"))
    parser.add_argument("--with", dest="others", default="go,js", help="the other implementations, default go,js")
    parser.add_argument("--only", default=",".join(SCENARIOS), help="scenarios, separated by commas")
    options = parser.parse_args()
    peers = os.path.abspath(options.peers)
    browser = ["python3", os.path.join(peers, "js", "drive-browser.py"), "--browser", options.browser,
               "--root", os.path.abspath(options.dist), "--page", "testpeer.html"]
    running = []
    for scenario in options.only.split(","):
        command = [sys.executable, os.path.join(peers, "matrix.py"), "--us", options.us, "--us-browser", shlex.join(browser),
                   "--with", options.others, "--only", scenario, "--where", f"{scenario} *us-browser*"]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    counts, status = [(0, 0)] * len(running), 0

    def follow(number, process):
        for line in process.stdout:
            if (closing := re.fullmatch(r"(\d+) passed, (\d+) failed\n", line)) is not None:
                counts[number] = (int(closing[1]), int(closing[2]))
            else:
                print(line, end="", flush=True)

    threads = [threading.Thread(target=follow, args=pair) for pair in enumerate(running)]
    for thread in threads:
        thread.start()
    for thread, process in zip(threads, running):
        thread.join()
        status |= process.wait()
    print(f"{sum(passed for passed, _ in counts)} passed, {sum(failed for _, failed in counts)} failed")
    sys.exit(1 if status else 0)


if __name__ == "__main__":
    main()
