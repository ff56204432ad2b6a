"""Hosts and networks in Linux network namespaces that end with this process. Needs iproute2 and util-linux, and root or user namespaces."""
import os
import subprocess
import sys


def enter():
    """Goes on in a network namespace of its own. Call it first: the program begins again."""
    if os.environ.get("CAUSEWAY_APART") == str(os.getppid()):
        return
    flags = ["--net"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    # The inner program's parent is this process, so nobody who inherits the environment takes itself for it.
    os.environ["CAUSEWAY_APART"] = str(os.getpid())
    sys.exit(subprocess.call(["unshare", *flags, sys.executable, "-B", *sys.argv]))


def run(*words, within=None):
    """Runs a command, in a host if there is one. Its output, if it fails, is in the error."""
    words = [*(within.prefix if within else ()), *map(str, words)]
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stdout.strip()}")
    return done.stdout


class Host:
    """A machine: a namespace with loopback. `prefix` is what runs a command in it."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep 3600"], stdout=subprocess.PIPE)
        if self.holder.stdout.readline() != b"ready\n":
            raise OSError("no network namespace")
        self.prefix = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        self.interfaces = 0

    def attach(self, bridge, address, gateway=None):
        """One more interface, in the network of a bridge of this process's own namespace. Its name is eth0, or eth1 …"""
        name, end = f"eth{self.interfaces}", f"v{self.holder.pid}x{self.interfaces}"
        self.interfaces += 1
        run("ip", "link", "add", end, "type", "veth", "peer", "name", name, "netns", self.holder.pid)
        run("ip", "link", "set", end, "master", bridge, "up")
        run("ip", "addr", "add", address, "brd", "+", "dev", name, within=self)
        run("ip", "link", "set", name, "up", within=self)
        if gateway:
            run("ip", "route", "add", "default", "via", gateway, within=self)
        return self

    def end(self):
        self.holder.kill()
        self.holder.wait()


def bridge(name):
    # Without multicast snooping, whose querier nobody is, and without the seconds in which a bridge only listens.
    run("ip", "link", "add", name, "type", "bridge", "forward_delay", 0, "mcast_snooping", 0)
    run("ip", "link", "set", name, "up")
    return name
