"""A network of the suite's own, in which it has as many addresses as it wants: a namespace of the kernel, gone when the suite ends."""
import os
import shutil
import subprocess
import sys
import tempfile

MARK = "CAUSEWAY_ATTACK_NETWORK"
# All of these are this host's own within the namespace; nothing leaves it.
ROUTES = ["10.77.0.0/16", "45.77.0.0/16"]
ROUTE_6 = "2a0f:77::/32"
HOST_6 = "2a0f:77::1"
# Where the servers of names would be. Something listens there, and says nothing.
NAME_SERVER = "10.77.99.1"


def enter():
    """Runs this program anew in a namespace, and ends with its status. Returns if it is there, or if the system allows none."""
    if os.environ.get(MARK) or not shutil.which("unshare") or not shutil.which("ip"):
        return
    unshare = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    if subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL).returncode == 0:
        os.execvpe("unshare", [*unshare, sys.executable, *sys.argv], {**os.environ, MARK: "1"})


def is_own():
    return bool(os.environ.get(MARK))


def prepare():
    """Brings the namespace's addresses up and puts its own list of name servers in place."""
    for command in (["link", "set", "lo", "up"], *(["route", "add", "local", route, "dev", "lo"] for route in ROUTES),
                    ["-6", "route", "add", "local", ROUTE_6, "dev", "lo"], ["-6", "address", "add", HOST_6, "dev", "lo"]):
        subprocess.run(["ip", *command], check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".conf", delete=False) as servers:
        servers.write(f"nameserver {NAME_SERVER}\n")
    subprocess.run(["mount", "--bind", servers.name, "/etc/resolv.conf"], check=True)
    os.unlink(servers.name)
