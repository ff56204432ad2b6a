#!/usr/bin/env python3
"""Our peer and py-libp2p in the scenarios of the interop matrix, in every cast that has both.

    Tests/Interop/py.py --us .build/debug/causeway-testpeer
    Tests/Interop/py.py --us ... --only relay,gossip        those scenarios; --list names the casts

Needs the environment that Scripts/venv.sh makes (--venv, $CAUSEWAY_VENV, or .build/venv), and the matrix: --peers, $CAUSEWAY_PEERS,
or Tests/Peers.
"""
import argparse
import itertools
import os
import shlex
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VENV = os.environ.get("CAUSEWAY_VENV") or os.path.join(ROOT, ".build", "venv")
PEERS = [os.environ.get("CAUSEWAY_PEERS"), os.path.join(ROOT, "Tests", "Peers")]

# py-libp2p 0.8.1 makes no lost reservation anew, and has neither discovery protocol: no cast for these. Everything else must pass.
SCENARIOS = {
    "tcp": lambda players: True,
    "ws": lambda players: True,
    "relay": lambda players: True,
    "relay-limit": lambda players: True,
    "relay-refuses": lambda players: True,
    "relay-restart": lambda players: players[2] != "py",
    "gossip": lambda players: True,
}


def casts(matrix, only):
    for name, fits in SCENARIOS.items():
        body, roles = matrix.SCENARIOS[name]
        for players in itertools.product(("us", "py"), repeat=len(roles)):
            if len(set(players)) == 2 and fits(players) and (not only or name in only.split(",")):
                yield " ".join((name, *players)), body, players


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="command line of our peer")
    parser.add_argument("--only", default="", help="names of scenarios, separated by commas")
    parser.add_argument("--peers", help="the directory with matrix.py")
    parser.add_argument("--venv", default=VENV, help="the virtual environment with py-libp2p")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    python = os.path.join(os.path.abspath(options.venv), "bin", "python")
    if not os.access(python, os.X_OK):
        sys.exit(f"no Python at {python}: run Scripts/venv.sh")
    places = [options.peers] if options.peers else [path for path in PEERS if path]
    peers = next((path for path in places if os.path.exists(os.path.join(path, "matrix.py"))), None)
    if peers is None:
        sys.exit(f"matrix.py is in none of {places}")
    sys.dont_write_bytecode = True
    sys.path.insert(0, peers)
    import driver
    import matrix
    driver.COMMANDS["us"] = shlex.split(options.us)
    driver.COMMANDS["py"] = [python, os.path.join(HERE, "py_peer.py")]
    report = driver.Report()
    for line, body, players in casts(matrix, options.only):
        if options.list:
            print(line)
        else:
            report.case(line, lambda: body(*players))
    if not options.list:
        report.close()


if __name__ == "__main__":
    main()
