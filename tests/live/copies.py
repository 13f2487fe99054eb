#!/usr/bin/env python3
"""A client and a server on the two sides of a bridge, and of a router, and everything that one host sees of them on all
its interfaces: davscope has to say of it what it says of one interface, and count the rest as copies."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import tunnels
from tunnels import Recorder, command

SLL2, ETHERNET = 276, 1
SIDES = ("c", "s")

# Name, addresses of client and server with their networks, address of the router on each side; none: a bridge.
KINDS = [
    ("bridge-v4", ("10.9.0.1/24", "10.9.0.2/24"), None),
    ("bridge-v6", ("fd09::1/64", "fd09::2/64"), None),
    ("router-v4", ("10.9.1.1/24", "10.9.2.1/24"), ("10.9.1.254", "10.9.2.254")),
    ("router-v6", ("fd09:1::1/64", "fd09:2::1/64"), ("fd09:1::254", "fd09:2::254")),
]


class Everything(Recorder):
    """All packets of all interfaces, as tcpdump -i any writes them."""

    def __init__(self, path):
        threading.Thread.__init__(self, daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.settimeout(0.1)
        self.out = open(path, "wb")
        self.out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, SLL2))
        self.over = False
        self.start()

    def run(self):
        while True:
            try:
                data, (name, protocol, kind, hardware, address) = self.socket.recvfrom(262144)
            except TimeoutError:
                if self.over:
                    return
                continue
            now = time.time_ns()
            head = struct.pack(">HHIHBB8s", protocol, 0, socket.if_nametoindex(name), hardware, kind, len(address), address)
            size = len(head) + len(data)
            self.out.write(struct.pack("<IIII", now // 10**9, now % 10**9, size, size) + head + data)


def end(pid, side, address, router):
    """One side of the network: an interface here, and one there with the address."""
    command(f"ip link add {side}0 type veth peer name eth0 netns {pid}")
    command("ip link set lo up", pid)
    command(f"ip address add {address} dev eth0" + (" nodad" if ":" in address else ""), pid)
    command("ip link set eth0 up", pid)
    command(f"ip link set {side}0 up")
    if router:
        length = address.split("/")[1]
        command(f"ip address add {router}/{length} dev {side}0" + (" nodad" if ":" in router else ""))
        command(f"ip route add default via {router}", pid)


def connect(bridge):
    if not bridge:
        with open("/proc/sys/net/ipv4/ip_forward", "w") as f:
            f.write("1")
        with open("/proc/sys/net/ipv6/conf/all/forwarding", "w") as f:
            f.write("1")
        return
    command("ip link add br0 type bridge")
    for side in SIDES:
        command(f"ip link set {side}0 master br0")
    command("ip link set br0 up")


def disconnect():
    for name in ("c0", "s0", "br0"):
        subprocess.run(["ip", "link", "del", name], capture_output=True)


def stats(path):
    out = subprocess.run([os.environ["DAVSCOPE"], "-r", path, "-T", "json"], capture_output=True, text=True)
    said = [json.loads(line) for line in out.stdout.splitlines()]
    again = sum(r["flow"]["retransmitted"] for r in said if r["event_type"] == "flow")
    return said[-1]["stats"]["packets"], again


def check(name, one, everything):
    before = len(tunnels.FAILED)
    tunnels.check(name, one, everything)
    (alone, again), (whole, again_whole) = stats(one), stats(everything)
    if alone["copies"] != 0 or whole["copies"] < alone["tcp"] or again != again_whole:
        print(f"FAIL {name}: {alone['copies']} and {whole['copies']} copies of {alone['tcp']} packets, "
              f"{again} and {again_whole} sent again")
        if len(tunnels.FAILED) == before:
            tunnels.FAILED.append(tunnels.PASSED.pop())


def try_kind(kind, work, pids):
    name, addresses, routers = kind
    for pid, side, address, router in zip(pids, SIDES, addresses, routers or (None, None)):
        end(pid, side, address, router)
    connect(routers is None)
    server = addresses[1].split("/")[0]
    probe = ["nsenter", "-t", str(pids[0]), "-n", sys.executable, __file__]
    for _ in range(100):  # until the bridge forwards and neighbours are known
        if subprocess.run(probe + ["--probe", server]).returncode == 0:
            break
    tunnels.await_closed(*pids)
    one, everything = f"{work}/{name}-one.pcap", f"{work}/{name}-any.pcap"
    recorders = [Recorder("c0", ETHERNET, one), Everything(everything)]
    try:
        subprocess.run(probe + ["--client", server], check=True)
        tunnels.await_closed(*pids)
    finally:
        for r in recorders:
            r.end()
        disconnect()
    check(name, one, everything)


def probe(host):
    try:
        socket.create_connection((host, 8080), timeout=0.2).close()
        return 0
    except OSError:
        return 1


def inside(work):
    children = [subprocess.Popen(["unshare", "-n", sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
                for _ in SIDES]
    try:
        for child in children:
            child.stdout.readline()
        for kind in KINDS:
            try_kind(kind, work, [child.pid for child in children])
    finally:
        for child in children:
            child.send_signal(signal.SIGKILL)
            child.wait()
    print(f"{len(tunnels.PASSED)} passed, {len(tunnels.FAILED)} failed")
    return 1 if tunnels.FAILED else 0


def main():
    if sys.argv[1:2] == ["--probe"]:
        return probe(sys.argv[2])
    if sys.argv[1:2] == ["--client"]:
        return tunnels.client(sys.argv[2])
    return tunnels.main(__file__, inside)


if __name__ == "__main__":
    sys.exit(main())
