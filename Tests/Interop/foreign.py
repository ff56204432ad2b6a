#!/usr/bin/env python3
"""Our `/webrtc-direct` and foreign ends of ICE, DTLS and SCTP, each as dialler and as listener: data in both directions, many streams at once.

    Tests/Interop/foreign.py --us .build/debug/causeway-testpeer

Needs the environment that Scripts/venv.sh makes (--venv, $CAUSEWAY_VENV, or .build/venv), and the scenarios: --peers, $CAUSEWAY_PEERS, or
Tests/Peers. libdatachannel wants Python 3.13 or later.
"""
import argparse
import os
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VENV = os.environ.get("CAUSEWAY_VENV") or os.path.join(ROOT, ".build", "venv")
# Of perf, and the seconds that it may take: aiortc moves some megabytes a second on two busy cores.
SIZE, WITHIN = 2 << 20, 30
# Each is named as its module is.
STACKS = "aiortc", "libdatachannel"


def meet(driver, matrix, dialler, listener):
    with driver.Peer(listener, listen=["/ip4/127.0.0.1/udp/0/webrtc-direct"]) as b, driver.Peer(dialler, listen=[]) as a:
        a("dial", addr=b.address("/webrtc-direct"))
        matrix.exercise(a, b)
        upload = a("perf", peerId=b.id, upload=SIZE, download=0, within=WITHIN)["uploadMs"]
        download = a("perf", peerId=b.id, upload=0, download=SIZE, within=WITHIN)["downloadMs"]
        return f"{SIZE / 1e3 / max(upload, 1):.1f} MB/s up, {SIZE / 1e3 / max(download, 1):.1f} MB/s down"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="command line of our peer")
    parser.add_argument("--peers", default=os.environ.get("CAUSEWAY_PEERS") or os.path.join(ROOT, "Tests", "Peers"),
                        help="the directory with matrix.py")
    parser.add_argument("--venv", default=VENV, help="the virtual environment with aiortc and libdatachannel")
    options = parser.parse_args()
    python = os.path.join(os.path.abspath(options.venv), "bin", "python")
    if not os.access(python, os.X_OK):
        sys.exit(f"no Python at {python}: run Scripts/venv.sh")
    sys.dont_write_bytecode = True
    sys.path.insert(0, options.peers)
    import driver
    import matrix
    driver.COMMANDS["us"] = shlex.split(options.us)
    report = driver.Report()
    for stack in STACKS:
        if subprocess.run([python, "-c", f"import {stack}"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            is_failure = os.environ.get("CI") == "true"
            print(f"{'FAIL ' if is_failure else 'SKIPPED'} {stack}: {python} does not have it (Scripts/venv.sh)", flush=True)
            report.failed += is_failure
            continue
        driver.COMMANDS[stack] = [python, os.path.join(HERE, "foreign_peer.py"), stack]
        for cast in ((stack, "us"), ("us", stack)):
            report.case("webrtc-direct " + " ".join(cast), lambda: meet(driver, matrix, *cast))
    report.close()


if __name__ == "__main__":
    main()
