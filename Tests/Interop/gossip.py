#!/usr/bin/env python3
"""Gossip of our peer with go-libp2p and js-libp2p where their settings are not the usual ones.

    Tests/Interop/gossip.py --us .build/optimised/release/causeway-testpeer
    Tests/Interop/gossip.py --us ... --only ids,large        those scenarios; --list names the casts

Needs the peers of go and js: --peers, $CAUSEWAY_PEERS, or Tests/Peers.
"""
import argparse
import itertools
import os
import shlex
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LISTEN = ["/ip4/127.0.0.1/tcp/0"]
TOPIC = "interop"
FORMS = ("go", "js", "rust", "js-chat", "sha256")
# Nobody's mesh: what such a reader gets it has asked for by an id that it was told.
NO_MESH = {"go": {"D": 0, "Dlo": 0, "Dhi": 0, "Dout": 0, "Dscore": 0}, "js": {"D": 0, "Dlo": 0, "Dhi": 0, "Dout": 0, "Dscore": 0}}


def pubsub(**more):
    return {"enabled": True, "floodPublish": False, **more}


def ids(matrix, Peer, form, publisher, reader):
    """A hub of ours that knows nothing of the others' ids, and a reader in no mesh: what gossip alone brings it is all that there is."""
    count = 60
    with Peer("us", listen=LISTEN, pubsub=pubsub()) as hub, Peer(publisher, listen=[], pubsub=pubsub(messageId=form)) as a, \
            Peer(reader, listen=[], pubsub=pubsub(messageId=form, params=NO_MESH[reader])) as b:
        for peer in (hub, a, b):
            peer("subscribe", topic=TOPIC)
        for peer in (a, b):
            peer("dial", addr=hub.addrs[0])
        for one, other in ((a, hub), (b, hub), (hub, a), (hub, b)):
            matrix.until(lambda: other.id in one("mesh", topic=TOPIC)["subscribers"], f"{one} knows that {other} subscribes")
        # The reader's first words about messages show how it writes ids.
        b("publish", topic=TOPIC, bytes=100, count=5, everyMs=100)
        time.sleep(2)
        a("publish", topic=TOPIC, bytes=100, count=count, everyMs=100, within=60)
        matrix.until(lambda: hub("received", topic=TOPIC)["count"] >= count, "the hub has all messages", timeout=10)
        matrix.until(lambda: b("received", topic=TOPIC)["count"] >= count, "the reader has all messages", timeout=10)
        time.sleep(1)
        for peer, wanted in ((b, count), (a, 5), (hub, count + 5)):
            answer = peer("received", topic=TOPIC)
            matrix.expect(answer["count"] == wanted and not answer.get("duplicates"), f"{peer} received {answer}, not {wanted}")


def own(matrix, Peer):
    """A function of the application's among nodes of ours, beside a peer that knows nothing of it."""
    with Peer("us", listen=LISTEN, pubsub=pubsub(messageId="own")) as hub, Peer("us", listen=[], pubsub=pubsub(messageId="own")) as a, \
            Peer("go", listen=[], pubsub=pubsub()) as b:
        for peer in (hub, a, b):
            peer("subscribe", topic=TOPIC)
        for peer in (a, b):
            peer("dial", addr=hub.addrs[0])
        matrix.until(lambda: len(hub("mesh", topic=TOPIC)["mesh"]) == 2, "the hub's mesh holds both")
        for text in ("one", "two", "one"):
            a("publish", topic=TOPIC, text=text)
        matrix.until(lambda: b("received", topic=TOPIC)["count"] >= 2, "the go peer has both")
        time.sleep(1)
        for peer in (hub, b):
            matrix.expect(peer("received", topic=TOPIC)["count"] == 2, f"{peer} has the same message twice")


def large(matrix, Peer, other):
    """Large messages in a mesh that says which it does not want: every one reaches everybody once."""
    config = {"pubsub": pubsub(params={"dontWantSize": 1000})}
    theirs = {"pubsub": pubsub()}
    with Peer("us", listen=LISTEN, **config) as a, Peer("us", listen=LISTEN, **config) as b, Peer(other, listen=LISTEN, **theirs) as c, \
            Peer(other, listen=LISTEN, **theirs) as d:
        peers = [a, b, c, d]
        for peer in peers:
            peer("subscribe", topic=TOPIC)
        for one, two in itertools.combinations(peers, 2):
            one("dial", addr=two.addrs[0])
        for peer in peers:
            matrix.until(lambda: len(peer("mesh", topic=TOPIC)["mesh"]) == 3, f"{peer}'s mesh holds all others", timeout=20)
        for peer in peers:
            peer("publish", topic=TOPIC, bytes=100_000, count=10, everyMs=30)
        for peer in peers:
            matrix.until(lambda: peer("received", topic=TOPIC)["count"] >= 30, f"{peer} has all messages", timeout=20)
        time.sleep(1)
        for peer in peers:
            answer = peer("received", topic=TOPIC)
            matrix.expect(answer["count"] == 30 and not answer.get("duplicates"), f"{peer} received {answer}")


def too_large(matrix, Peer, other):
    """A message over our limit costs only itself; with a higher limit it arrives."""
    for limit, count in ((None, 2), (4 << 20, 3)):
        params = {} if limit is None else {"params": {"messageSize": limit}}
        with Peer("us", listen=LISTEN, pubsub=pubsub(**params)) as hub, Peer(other, listen=[], pubsub=pubsub()) as a:
            for peer in (hub, a):
                peer("subscribe", topic=TOPIC)
            a("dial", addr=hub.addrs[0])
            matrix.until(lambda: hub("mesh", topic=TOPIC)["mesh"] and a("mesh", topic=TOPIC)["mesh"], "both are in a mesh")
            for size in (100, 2 << 20, 200):
                a("publish", topic=TOPIC, bytes=size)
                time.sleep(1)
            matrix.until(lambda: hub("received", topic=TOPIC)["count"] >= count, f"{count} messages of 3")
            matrix.expect(hub("received", topic=TOPIC)["count"] == count, f"the hub received {hub('received', topic=TOPIC)}")


def full_size(matrix, Peer, other):
    """A message of exactly the size that our limit names is read by others with their defaults."""
    with Peer("us", listen=LISTEN, pubsub=pubsub()) as hub, Peer(other, listen=[], pubsub=pubsub()) as a:
        for peer in (hub, a):
            peer("subscribe", topic=TOPIC)
        a("dial", addr=hub.addrs[0])
        matrix.until(lambda: hub("mesh", topic=TOPIC)["mesh"] and a("mesh", topic=TOPIC)["mesh"], "both are in a mesh")
        for size in ((1 << 20) - 4096, 100):
            hub("publish", topic=TOPIC, bytes=size)
        matrix.until(lambda: a("received", topic=TOPIC)["count"] == 2, "both messages arrive")


def carried(matrix, Peer, other):
    """Topics that only a pattern names, between peers that know nothing of it."""
    with Peer("us", listen=LISTEN, pubsub=pubsub(carries=["board/*"])) as hub, Peer(other, listen=[], pubsub=pubsub()) as a, \
            Peer(other, listen=[], pubsub=pubsub()) as b:
        for peer in (a, b):
            peer("subscribe", topic="board/7")
            peer("dial", addr=hub.addrs[0])
        for peer in (a, b):
            matrix.until(lambda: peer("mesh", topic="board/7")["mesh"] == [hub.id], f"{peer}'s mesh holds the hub")
        a("publish", topic="board/7", bytes=100, count=20, everyMs=10)
        matrix.until(lambda: b("received", topic="board/7")["count"] >= 20, "all messages arrive")
        for peer in (a, b):
            peer("unsubscribe", topic="board/7")
        matrix.until(lambda: not hub("mesh", topic="board/7")["mesh"] and not hub("mesh", topic="board/7")["subscribers"], "the hub forgets it")


def cases():
    for form in FORMS:
        for players in (("js", "js"), ("go", "js"), ("js", "go")):
            yield "ids", ids, (form, *players)
    yield "own", own, ()
    # go-libp2p sends nothing above its own limit.
    yield "too-large", too_large, ("js",)
    for name, body in (("large", large), ("full-size", full_size), ("carried", carried)):
        yield from ((name, body, (other,)) for other in ("go", "js"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="command line of our peer")
    parser.add_argument("--only", default="", help="names of scenarios, separated by commas")
    parser.add_argument("--peers", default=os.environ.get("CAUSEWAY_PEERS") or os.path.join(ROOT, "Tests", "Peers"))
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.abspath(options.peers))
    import driver
    import matrix
    driver.COMMANDS["us"] = shlex.split(options.us)
    report = driver.Report()
    for name, body, players in cases():
        if options.only and name not in options.only.split(","):
            continue
        line = " ".join((name, *players))
        if options.list:
            print(line)
        else:
            report.case(line, lambda: body(matrix, driver.Peer, *players))
    if not options.list:
        report.close()


if __name__ == "__main__":
    main()
