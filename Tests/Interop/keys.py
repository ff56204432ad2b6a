#!/usr/bin/env python3
"""Our peer under keys of all four types, with go-libp2p and js-libp2p: connections in both roles, a place at a relay, signed messages.

    Tests/Interop/keys.py --us .build/optimised/release/causeway-testpeer --command .build/optimised/release/causeway

Needs the matrix with the peers of go and js: --peers, $CAUSEWAY_PEERS, or Tests/Peers.
"""
import argparse
import os
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TYPES = ("ed25519", "p256", "secp256k1", "rsa")
TOPIC = "keys"
# js-libp2p reads and writes ECDSA public keys in a form of its own, not as the specification's SubjectPublicKeyInfo.
DEAF = {("p256", "js")}


def make(command, folder, kind):
    """A key file by `causeway keygen`, and the peer id that it printed."""
    path = os.path.join(folder, kind)
    made = subprocess.run([*shlex.split(command), "keygen", "--type", kind, path], check=True, capture_output=True, text=True)
    return path, made.stdout.strip()


def connect(matrix, key, peer_id, foreign, is_dialer):
    """Noise in one role, identify, and data both ways."""
    listen = matrix.LISTEN["tcp"]
    with matrix.Peer("us", listen=[] if is_dialer else listen, key=key) as us, matrix.Peer(foreign, listen=listen if is_dialer else []) as them:
        matrix.expect(us.id == peer_id, f"we are {us.id}, not {peer_id}")
        dialer, listener = (us, them) if is_dialer else (them, us)
        dialer("dial", addr=listener.address("/tcp/"))
        matrix.exercise(dialer, listener)


def relayed(matrix, key, foreign):
    """We are the relay, whose vouchers are signed; and we have a place at theirs."""
    with matrix.Peer("us", listen=matrix.LISTEN["tcp"], relay=matrix.UNLIMITED, key=key) as relay, \
            matrix.Peer(foreign, listen=[]) as b, matrix.Peer(foreign, listen=[]) as a:
        circuit(matrix, relay, a, b)
    with matrix.Peer(foreign, listen=matrix.LISTEN["tcp"], relay=matrix.UNLIMITED) as relay, \
            matrix.Peer("us", listen=[], key=key) as b, matrix.Peer(foreign, listen=[]) as a:
        circuit(matrix, relay, a, b)


def circuit(matrix, relay, a, b):
    b("reserve", addr=relay.address("/tcp/"))
    a("dial", addr=f"{relay.address('/tcp/')}/p2p-circuit/p2p/{b.id}")
    matrix.exercise(a, b, allowLimited=True)


def gossip(matrix, key, foreign):
    """Every message has our signature, and our key where the peer id does not hold it: all arrive."""
    config = {"pubsub": {"enabled": True, "floodPublish": True}}
    with matrix.Peer("us", listen=matrix.LISTEN["tcp"], key=key, **config) as us, matrix.Peer(foreign, listen=[], **config) as them:
        for peer in (us, them):
            peer("subscribe", topic=TOPIC)
        them("dial", addr=us.address("/tcp/"))
        matrix.until(lambda: us("mesh", topic=TOPIC)["mesh"] and them("mesh", topic=TOPIC)["mesh"], "both have a mesh", timeout=20)
        for one, other in ((us, them), (them, us)):
            one("publish", topic=TOPIC, bytes=1024, count=20)
            matrix.until(lambda: other("received", topic=TOPIC)["count"] >= 20, f"{other} has 20 messages of {one}", timeout=20)
        them.wait("message", where=lambda event: event["from"] == us.id)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="command line of our peer")
    parser.add_argument("--command", required=True, help="the command, which makes the keys")
    parser.add_argument("--peers", default=os.environ.get("CAUSEWAY_PEERS") or os.path.join(ROOT, "Tests", "Peers"))
    parser.add_argument("--with", dest="others", default="go,js")
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.abspath(options.peers))
    import driver
    import matrix
    driver.COMMANDS["us"] = shlex.split(options.us)
    report = driver.Report()
    with tempfile.TemporaryDirectory() as folder:
        for kind in TYPES:
            key, peer_id = make(options.command, folder, kind)
            for foreign in options.others.split(","):
                if (kind, foreign) in DEAF:
                    continue
                report.case(f"{kind}: we dial {foreign}", lambda: connect(matrix, key, peer_id, foreign, True))
                report.case(f"{kind}: {foreign} dials us", lambda: connect(matrix, key, peer_id, foreign, False))
                report.case(f"{kind}: relays with {foreign}", lambda: relayed(matrix, key, foreign))
                report.case(f"{kind}: gossip with {foreign}", lambda: gossip(matrix, key, foreign))
    report.close()


if __name__ == "__main__":
    main()
