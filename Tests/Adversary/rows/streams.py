"""Work for nothing: streams, frames and requests in a row."""
import time

import wire
import yamux
from ground import row
from rows.memory import in_parallel, join
from victims import Application


def pour(ground, victim, make, seconds, connections=4):
    """Sends what `make` builds (numbers of streams in, bytes out) as fast as it goes, on a new connection when one is closed."""
    sent, closed = [0], [0]
    deadline = time.monotonic() + seconds

    def run(_):
        while time.monotonic() < deadline:
            try:
                connection = ground.keep(yamux.dial(victim.direct))
                connection.sock.settimeout(2)
                number = 1
                while time.monotonic() < deadline and not connection.is_closed:
                    connection.send(make(number))
                    number += 2 * BATCH
                    sent[0] += BATCH
                closed[0] += connection.is_closed
            except (wire.WireError, OSError):
                closed[0] += 1
                time.sleep(0.02)
    join(in_parallel(connections, run), seconds + 5)
    ground.note(f"{sent[0]} in {seconds} s, {closed[0]} connections were closed")


BATCH = 1000


def opened(flags, data=b""):
    return lambda number: b"".join(yamux.frame(yamux.DATA, flags, number + 2 * at, data=data) for at in range(BATCH))


def rapid_reset(number):
    return b"".join(yamux.frame(yamux.WINDOW, yamux.SYN, number + 2 * at) + yamux.frame(yamux.WINDOW, yamux.RST, number + 2 * at)
                    for at in range(BATCH))


def reset_after(protocol):
    proposal = wire.proposal(protocol)
    return lambda number: b"".join(
        yamux.frame(yamux.DATA, yamux.SYN, number + 2 * at, data=proposal) + yamux.frame(yamux.WINDOW, yamux.RST, number + 2 * at)
        for at in range(BATCH))


def attack(ground, victim, make, megabytes, wait=1):
    watch = ground.watch(victim)
    victim.mark()
    pour(ground, victim, make, ground.size(8, 3))
    ground.calm(watch, wait)
    ground.grown(victim, megabytes)


@row("rapid-reset")
def rapid_reset_of_a_relay(ground):
    """Streams opened and reset in a row, at a relay."""
    attack(ground, ground.relay(), rapid_reset, 16)


@row("rapid-reset-of-requests")
def rapid_reset_of_requests(ground):
    """The same when the protocol is one of the node's."""
    attack(ground, ground.relay("--loops", "2"), reset_after(yamux.IDENTIFY), 16)


@row("rapid-reset-of-handlers")
def rapid_reset_of_handlers(ground):
    """The same with a protocol that the application serves, at a peer."""
    attack(ground, ground.application(), reset_after(Application.protocol), 16)


@row("orderly-streams")
def orderly_streams(ground):
    """Streams in a row that are opened, settled and ended as they should be."""
    attack(ground, ground.application(), opened(yamux.SYN | yamux.FIN, wire.proposal(Application.protocol)), 32)


@row("unknown-protocols")
def unknown_protocols(ground):
    """Streams for protocols that nobody speaks, in a row."""
    attack(ground, ground.relay(), opened(yamux.SYN, wire.proposal("/nobody/speaks/this")), 16)


@row("streams-without-end")
def streams_without_end(ground):
    """Streams that are opened and left."""
    attack(ground, ground.relay(), opened(yamux.SYN), 32)


@row("window-updates")
def window_updates(ground):
    """Credit of nothing, for streams that stand and for such as do not."""
    attack(ground, ground.relay(), lambda number: yamux.frame(yamux.WINDOW, 0, 1, 0) * BATCH, 16, wait=2)


@row("pings-of-yamux")
def pings_of_yamux(ground):
    """Pings in a row; their answers are read."""
    attack(ground, ground.relay(), lambda number: yamux.frame(yamux.PING, yamux.SYN, 0, number) * BATCH, 16, wait=2)
