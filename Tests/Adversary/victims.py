"""The programs under attack and the honest peers beside them, seen from outside: their answers, memory and CPU (Linux: /proc)."""
import json
import os
import queue
import resource
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "Tests", "Peers"))
import driver  # noqa: E402  The control protocol's Python side.

MIB = 1 << 20
TICKS = os.sysconf("SC_CLK_TCK")
PeerError = driver.PeerError


class Measured:
    """What the kernel says of a process, from `mark` on."""

    def __init__(self, pid):
        self.pid = pid

    def _status(self, name):
        with open(f"/proc/{self.pid}/status") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

    def mark(self):
        """From here on grown memory and spent CPU are counted."""
        with open(f"/proc/{self.pid}/clear_refs", "w") as reset:
            reset.write("5")
        self._memory, self._cpu = self._status("VmRSS"), self._seconds()

    def grown(self):
        """MiB that it has had at most since `mark`, beyond what it had then."""
        return max(0.0, (self._status("VmHWM") - self._memory) / MIB)

    def left(self):
        """MiB that it has now beyond what it had at `mark`."""
        return max(0.0, (self._status("VmRSS") - self._memory) / MIB)

    def spent(self):
        """Seconds of CPU since `mark`."""
        return self._seconds() - self._cpu

    def _seconds(self):
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


class Program(Measured):
    """The command, with `--json`: its events, one a line."""

    def __init__(self, program, *arguments, descriptors=None, as_text=False):
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, descriptors)) if descriptors else None
        self.process = subprocess.Popen([program, *arguments, *([] if as_text else ["--json"])], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=limit)
        super().__init__(self.process.pid)
        self.output, self.events, self._ready = bytearray(), [], queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.output += line
            try:
                event = json.loads(line)
            except ValueError:
                continue
            self.events.append(event)
            if event["event"] == "ready":
                self._ready.put(event)

    def ready(self):
        try:
            return self._ready.get(timeout=20)
        except queue.Empty:
            raise PeerError(f"not ready: {self.output!r}") from None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Relay(Program):
    """`causeway relay`, as a user would run it, listening on `host`."""

    def __init__(self, program, *arguments, host="127.0.0.1", **options):
        listen = [] if "--listen" in arguments else ["--listen", f"/ip4/{host}/tcp/0", "--listen", f"/ip4/{host}/tcp/0/ws"]
        # None keeps its key where this user's own relay has it.
        key = [] if "--key" in arguments else ["--ephemeral"]
        super().__init__(program, "relay", *listen, *key, *arguments, **options)
        ready = self.ready()
        self.id, self.addresses = ready["peerId"], ready["addrs"]
        self.direct = self.addresses[0]
        self.mark()

    def port(self, part):
        """Of its first address with that part."""
        return int(next(address for address in self.addresses if part in address).split("/tcp/")[1].split("/")[0])

    def is_alive(self):
        return self.process.poll() is None


class Application(Program):
    """`causeway perf`: serves a protocol of an application, within the limits that a user has. Its test peer has wider ones."""

    protocol = "/perf/1.0.0"

    def __init__(self, program):
        super().__init__(program, "perf", "--listen", "/ip4/127.0.0.1/tcp/0", as_text=True)
        deadline = time.monotonic() + 20
        while b"\n" not in self.output:
            if time.monotonic() > deadline:
                raise PeerError("not ready")
            time.sleep(0.02)
        self.direct = self.output.decode().split()[2]
        self.id = self.direct.rsplit("/", 1)[1]
        self.mark()


class Peer(driver.Peer):
    """`causeway-testpeer`, driven by the control protocol."""

    def __init__(self, program, **configuration):
        configuration = {"listen": ["/ip4/127.0.0.1/tcp/0"], "pubsub": {"enabled": True}, **configuration}
        super().__init__(program, **configuration)
        self.measured = Measured(self.process.pid)
        self.measured.mark()
        self.direct = self.addrs[0]

    def knows(self, other):
        self("dial", addr=other.direct)
        return self

    def count(self, event):
        return sum(1 for value in list(self.events) if value["event"] == event)


class Watch:
    """An honest peer pings the victim all the while, from start to `end()`."""

    def __init__(self, peer, victim_id):
        self._peer, self._id = peer, victim_id
        self._is_over = threading.Event()
        # Seconds of the longest wait and of each, and how many pings had no answer.
        self.worst, self.unanswered, self._times = 0.0, 0, []
        for _ in range(10):
            self._ping()
        self.quiet, self.worst, self._times = self.worst, 0.0, []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _ping(self):
        began = time.monotonic()
        try:
            # The peer's own clock: the hostile node keeps this process busy.
            took = self._peer("ping", peerId=self._id, count=1, within=60)["rttMs"][0] / 1000
        except PeerError:
            self.unanswered += 1
            took = time.monotonic() - began
        self.worst = max(self.worst, took)
        self._times.append(took)

    def percentile(self, share):
        """Seconds within which that share of the pings was answered."""
        return sorted(self._times)[int(len(self._times) * share)]

    def _run(self):
        while not self._is_over.is_set():
            self._ping()
            self._is_over.wait(0.05)

    def end(self):
        self._is_over.set()
        self._thread.join()
