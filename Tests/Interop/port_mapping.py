#!/usr/bin/env python3
"""Our peer behind a router that runs miniupnpd: its ports are mapped by PCP, NAT-PMP and UPnP (versions 1 and 2), reached from outside, and
released. A minute.

    Tests/Interop/port_mapping.py --us .build/optimised/release/causeway-testpeer

Needs miniupnpd for nftables and nft (Debian: miniupnpd-nftables, nftables), in $PATH or in --router, a folder into which their packages
were unpacked; and network namespaces as root.
"""
import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import namespaces

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Globally routable space, within the namespaces only: miniupnpd maps nothing to addresses of documentation or of private networks.
ROUTER, OUTSIDE = "5.1.0.1", "5.1.0.9"

FIREWALL = """
table inet filter {
    chain forward { type filter hook forward priority 0; policy drop; ct state established,related accept; iifname "eth1" accept; jump miniupnpd; }
    chain miniupnpd { }
    chain input { type filter hook input priority 0; policy accept; }
    chain prerouting { type nat hook prerouting priority -100; policy accept; jump prerouting_miniupnpd; }
    chain postrouting { type nat hook postrouting priority 100; policy accept; jump postrouting_miniupnpd; oifname "eth0" masquerade; }
    chain prerouting_miniupnpd { }
    chain postrouting_miniupnpd { }
}
"""

SETTINGS = """
ext_ifname=eth0
listening_ip=eth1
secure_mode=yes
system_uptime=no
min_lifetime=120
max_lifetime=86400
upnp_table_name=filter
upnp_nat_table_name=filter
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
uuid=11111111-2222-3333-4444-555555555555
allow 1024-65535 192.168.1.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"""


class Router:
    """A router at home: eth0 to the Internet, eth1 to the home, a firewall, and miniupnpd."""

    def __init__(self, tools, internet, home):
        self.host = namespaces.Host().attach(internet, f"{ROUTER}/24").attach(home, "192.168.1.1/24")
        self.folder = tempfile.TemporaryDirectory()
        self.daemon = None
        for words in (["sysctl", "-qw", "net.ipv4.ip_forward=1"], [tools["nft"], "-f", self.file("firewall", FIREWALL)]):
            namespaces.run(*words, within=self.host)
        self.tools = tools

    def file(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w") as out:
            out.write(text)
        return path

    def start(self, by="PCP"):
        """by: what it speaks. NAT-PMP: it hears nothing of PCP, whose messages to the same port begin with a 2. UPnP: of version 1 or 2."""
        for chain in ("input", "miniupnpd", "prerouting_miniupnpd"):
            namespaces.run(self.tools["nft"], "flush", "chain", "inet", "filter", chain, within=self.host)
        if by == "NAT-PMP":
            rule = ["inet", "filter", "input", "udp", "dport", "5351", "@th,64,8", "2", "drop"]
            namespaces.run(self.tools["nft"], "add", "rule", *rule, within=self.host)
        upnp = "UPnP" in by
        settings = f"enable_natpmp={'no' if upnp else 'yes'}\nenable_upnp={'yes' if upnp else 'no'}\n"
        settings += f"force_igd_desc_v1={'yes' if by == 'UPnP 1' else 'no'}\n" + SETTINGS
        log = open(os.path.join(self.folder.name, "log"), "w")
        words = [self.tools["miniupnpd"], "-d", "-f", self.file("settings", settings), "-P", os.path.join(self.folder.name, "pid")]
        self.daemon = subprocess.Popen([*self.host.prefix, *words], stdout=log, stderr=log)
        time.sleep(1)
        assert self.daemon.poll() is None, self.log()

    def stop(self):
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait()
            self.daemon = None

    def log(self):
        with open(os.path.join(self.folder.name, "log"), errors="replace") as log:
            return log.read()

    def forwards(self):
        """How many ports it forwards."""
        return namespaces.run(self.tools["nft"], "list", "chain", "inet", "filter", "prerouting_miniupnpd", within=self.host).count("dnat")

    def lets(self):
        """The rules of its firewall for what comes from outside."""
        return namespaces.run(self.tools["nft"], "list", "chain", "inet", "filter", "miniupnpd", within=self.host)

    def end(self):
        self.stop()
        self.host.end()
        self.folder.cleanup()


def find_tools(folder):
    tools = {}
    for name in ("miniupnpd", "nft"):
        path = os.path.join(folder, "usr", "sbin", name) if folder else shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if not path or not os.access(path, os.X_OK):
            return None
        tools[name] = path
    if folder:
        os.environ["LD_LIBRARY_PATH"] = os.path.join(folder, "usr", "lib", "x86_64-linux-gnu")
    return tools


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="command line of our peer")
    parser.add_argument("--peers", default=os.environ.get("CAUSEWAY_PEERS") or os.path.join(ROOT, "Tests", "Peers"))
    parser.add_argument("--router", help="where miniupnpd and nft were unpacked")
    options = parser.parse_args()
    tools = find_tools(options.router)
    if not tools:
        sys.exit("no miniupnpd or no nft (Debian: miniupnpd-nftables, nftables)")
    namespaces.enter()
    sys.path.insert(0, os.path.abspath(options.peers))
    import driver
    driver.COMMANDS["us"] = shlex.split(options.us)
    internet, home = namespaces.bridge("inet"), namespaces.bridge("home")
    outside = namespaces.Host().attach(internet, f"{OUTSIDE}/24")
    inside = namespaces.Host().attach(home, "192.168.1.7/24", gateway="192.168.1.1")
    router = Router(tools, internet, home)

    def mapped(by):
        router.start(by)
        try:
            ports = ["/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/udp/4001/webrtc-direct"]
            with driver.Peer("us", prefix=inside.prefix, listen=ports, mapPorts=True) as us:
                for transport in ("tcp", "udp"):
                    us.wait("port-mapping", 10, lambda event: event["state"] == "mapped" and event["transport"] == transport)
                assert router.forwards() == 2, router.log()
                with driver.Peer("us", prefix=outside.prefix, listen=[]) as other:
                    direct = next(address for address in us.addrs if "/webrtc-direct/" in address)
                    rest = direct[direct.index("/udp/"):]
                    for address in (f"/ip4/{ROUTER}/tcp/4001/p2p/{us.id}", f"/ip4/{ROUTER}{rest}"):
                        other("dial", addr=address)
                        assert other("echo", peerId=us.id, bytes=100_000)["matched"]
                        other("hangup", peerId=us.id)
            assert router.forwards() == 0, "the ports are still forwarded after the end"
        finally:
            router.stop()

    def pinholes():
        """By IPv6: the router's firewall lets others through to our port, and to no other, until our end."""
        six = namespaces.Host().attach(internet, "5.1.0.10/24"), namespaces.Host().attach(home, "192.168.1.9/24", gateway="192.168.1.1")
        for host, interface, address in ((router.host, "eth0", "2a00:1::1"), (router.host, "eth1", "2a00:2::1"), (six[0], "eth0", "2a00:1::9"),
                                         (six[1], "eth0", "2a00:2::7")):
            namespaces.run("ip", "addr", "add", f"{address}/64", "dev", interface, "nodad", within=host)
        namespaces.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1", within=router.host)
        namespaces.run("ip", "route", "add", "default", "via", "2a00:1::1", within=six[0])
        namespaces.run("ip", "route", "add", "default", "via", "2a00:2::1", within=six[1])
        router.start()
        try:
            listen = [f"/ip6/2a00:2::7/tcp/{port}" for port in (4001, 4002)]
            with driver.Peer("us", prefix=six[1].prefix, listen=listen[1:], mapPorts=False) as shut, \
                    driver.Peer("us", prefix=six[0].prefix, listen=[]) as caller:
                with driver.Peer("us", prefix=six[1].prefix, listen=listen[:1], mapPorts=True) as us:
                    us.wait("port-mapping", 10, lambda event: event["state"] == "mapped" and event.get("family") == "ipv6")
                    assert "4001" in router.lets(), router.lets()
                    caller("dial", addr=f"{listen[0]}/p2p/{us.id}")
                    assert caller("echo", peerId=us.id, bytes=100_000)["matched"]
                try:
                    caller("dial", addr=f"{listen[1]}/p2p/{shut.id}")
                except driver.PeerError:
                    pass
                else:
                    raise AssertionError("the firewall lets everybody in")
                assert "4001" not in router.lets(), router.lets()
        finally:
            router.stop()
            for host in six:
                host.end()

    def restarted(by):
        """The router has forgotten what it promised, says so, and gets all requests again at once."""
        router.start(by)
        try:
            with driver.Peer("us", prefix=inside.prefix, listen=["/ip4/0.0.0.0/tcp/4001"], mapPorts=True) as us:
                mapped_port(us)
                # Clocks that differ by less could be the same one.
                time.sleep(5)
                router.stop()
                router.start(by)
                us.wait("port-mapping", 15, lambda event: event["state"] == "renewed")
                assert router.forwards() == 1, router.log()
        finally:
            router.stop()

    def shared():
        """Two machines want the same port: the second one gets another, and both are reached."""
        router.start("UPnP 1")
        other = namespaces.Host().attach(home, "192.168.1.8/24", gateway="192.168.1.1")
        try:
            listen = ["/ip4/0.0.0.0/tcp/4001"]
            ports = []
            with driver.Peer("us", prefix=inside.prefix, listen=listen, mapPorts=True) as one, driver.Peer("us", prefix=outside.prefix, listen=[]) as caller:
                ports.append(mapped_port(one))
                with driver.Peer("us", prefix=other.prefix, listen=listen, mapPorts=True) as two:
                    ports.append(mapped_port(two))
                    assert ports[0] == 4001 and ports[1] not in (0, 4001), ports
                    for peer, port in zip((one, two), ports):
                        caller("dial", addr=f"/ip4/{ROUTER}/tcp/{port}/p2p/{peer.id}")
                        assert caller("echo", peerId=peer.id, bytes=100_000)["matched"]
                assert router.forwards() == 1, "the other one's mapping has not ended"
        finally:
            other.end()
            router.stop()

    def mapped_port(peer):
        external = peer.wait("port-mapping", 10, lambda event: event["state"] == "mapped")["external"]
        return int(external.rsplit("/", 1)[1])

    def off():
        router.start("UPnP 2")
        try:
            with driver.Peer("us", prefix=inside.prefix, listen=["/ip4/0.0.0.0/tcp/4001"], mapPorts=False) as us:
                time.sleep(4)
                assert router.forwards() == 0
                assert not [event for event in us.events if event["event"] == "port-mapping"]
        finally:
            router.stop()

    def nobody():
        with driver.Peer("us", prefix=inside.prefix, listen=["/ip4/0.0.0.0/tcp/4001"], mapPorts=True) as us:
            assert "PCP" in us.wait("port-mapping", 10, lambda event: event["state"] == "refused")["reason"]

    report = driver.Report()
    try:
        for by in ("PCP", "NAT-PMP", "UPnP 1", "UPnP 2"):
            report.case(f"ports are mapped by {by}", lambda by=by: mapped(by))
        report.case("a router that has restarted", lambda: restarted("PCP"))
        report.case("pinholes by IPv6", pinholes)
        report.case("two machines with one port, by UPnP", shared)
        report.case("ports are not mapped without being asked for", off)
        report.case("a router that maps nothing", nobody)
    finally:
        router.end()
        outside.end()
        inside.end()
    report.close()


if __name__ == "__main__":
    main()
