"""What every row stands on: the programs, the bounds, and the list of rows."""
import contextlib
import hashlib
import tempfile
import threading
import time

import victims

ROWS = []
# CPU seconds of what a `Ground` measures itself by, on the machine on which the bounds were set.
NOMINAL = 0.03
_measuring = threading.Lock()


class Row:
    def __init__(self, name, body, waits, places, quick):
        self.name, self.body = name, body
        # It mostly waits, so it runs beside the others.
        self.waits = waits
        # It needs addresses of its own.
        self.places = places
        self.quick = quick


def row(name, waits=False, places=False, quick=True):
    """Registers an attack. Its body gets a `Ground` and states what was seen by `at_most`, `at_least` and `true`."""
    def register(body):
        ROWS.append(Row(name, body, waits, places, quick))
        return body
    return register


class Ground:
    """One row's: what it started is stopped at its end."""

    def __init__(self, us, peer, is_quick):
        self._us, self._peer, self.is_quick = us, peer, is_quick
        self._stack = contextlib.ExitStack()
        self.seen, self.is_ok = [], True
        # One row at a time, so that they do not measure one another.
        with _measuring:
            wall, cpu = time.monotonic(), time.thread_time()
            hashlib.pbkdf2_hmac("sha256", b"causeway", b"pace", 100_000)
            # How much slower than where the bounds were set: for what is measured by a clock, and by CPU seconds.
            self.pace = min(4.0, max(1.0, (time.monotonic() - wall) / NOMINAL))
            self.weight = max(1.0, (time.thread_time() - cpu) / NOMINAL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def size(self, whole, quick):
        """How much of an attack: all of it, or what `--quick` has time for."""
        return quick if self.is_quick else whole

    def keep(self, thing):
        """Closes or stops it at the row's end."""
        self._stack.callback(thing.close if hasattr(thing, "close") else thing.stop)
        return thing

    def relay(self, *arguments, **options):
        return self.keep(victims.Relay(self._us, *arguments, **options))

    def application(self):
        return self.keep(victims.Application(self._us))

    def command(self, *arguments, **options):
        return self.keep(victims.Program(self._us, *arguments, **options))

    def peer(self, **configuration):
        return self.keep(victims.Peer(self._peer, **configuration))

    def watch(self, victim):
        """An honest peer that pings the victim until `calm`."""
        return victims.Watch(self.peer(pubsub=None).knows(victim), victim.id)

    def folder(self):
        """A directory for this row's files."""
        return self._stack.enter_context(tempfile.TemporaryDirectory())

    # What was seen

    def at_most(self, what, value, bound, unit=""):
        self._state(value <= bound, f"{what} {_number(value)}{unit} (at most {_number(bound)})")

    def at_least(self, what, value, bound, unit=""):
        self._state(value >= bound, f"{what} {_number(value)}{unit} (at least {_number(bound)})")

    def true(self, what, is_so):
        self._state(is_so, what if is_so else f"not so: {what}")

    def note(self, text):
        self.seen.append(text)

    def grown(self, victim, bound):
        self.at_most("grew by", victim.grown(), bound, " MiB")

    def spent(self, victim, bound):
        self.at_most("CPU", victim.spent(), bound * self.weight, " s")

    def calm(self, watch, bound):
        """The honest peer waited no longer than `bound` seconds, on a machine that leaves us alone."""
        watch.end()
        self.at_most("longest honest ping", watch.worst, bound * self.pace + 20 * watch.quiet, " s")
        if watch.unanswered:
            self.at_most("pings without an answer", watch.unanswered, 0)

    def _state(self, is_so, text):
        self.is_ok &= is_so
        self.seen.append(text if is_so else f"{text} <--")


def _number(value):
    return str(value) if isinstance(value, int) else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
