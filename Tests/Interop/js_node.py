#!/usr/bin/env python3
"""Our peer and js-libp2p in Node in the matrix's scenario `webrtc`, where the matrix has browsers alone.

    Tests/Interop/js_node.py --us .build/optimised/release/causeway-testpeer

Needs the matrix with the peers of js: --peers, $CAUSEWAY_PEERS, or Tests/Peers.
"""
import argparse
import os
import shlex
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CASTS = (("us", "us", "js"), ("us", "js", "us"), ("js", "us", "js"), ("js", "js", "us"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="command line of our peer")
    parser.add_argument("--peers", default=os.environ.get("CAUSEWAY_PEERS") or os.path.join(ROOT, "Tests", "Peers"))
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.abspath(options.peers))
    import driver
    import matrix
    driver.COMMANDS["us"] = shlex.split(options.us)
    report = driver.Report()
    for players in CASTS:
        report.case(" ".join(("webrtc", *players)), lambda: matrix.webrtc(*players))
    report.close()


if __name__ == "__main__":
    main()
