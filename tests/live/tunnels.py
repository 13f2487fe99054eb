#!/usr/bin/env python3
"""A DAV client and server through tunnels of the kernel, between two network namespaces: what davscope says
of the packets around the tunnel must be what it says of those in it."""

import http.client
import http.server
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

PASSED, FAILED = [], []
ETHERNET, RAW = 1, 101
BODY = b"BEGIN:VCALENDAR\r\n" + b"X-FILL:0123456789\r\n" * 4000 + b"END:VCALENDAR\r\n"
NEAR, FAR = "192.168.7.1", "192.168.7.2"
NEAR6, FAR6 = "fd07::1", "fd07::2"
V4 = ("10.9.0.1/24", "10.9.0.2/24")
V6 = ("fd09::1/64", "fd09::2/64")

# Name, what ip is told ({local}, {remote}), the link of what comes out, inner addresses, MTU (0: its own).
KINDS = [
    ("gre", "gre local {local} remote {remote} ttl 64", RAW, V4, 0),
    ("gre-key", "gre local {local} remote {remote} key 5 csum seq", RAW, V4, 0),
    ("gre-v6", "ip6gre local {local6} remote {remote6} key 5", RAW, V4, 0),
    ("gretap", "gretap local {local} remote {remote} key 7", ETHERNET, V4, 0),
    ("ipip", "ipip local {local} remote {remote}", RAW, V4, 0),
    ("sit", "sit local {local} remote {remote}", RAW, V6, 0),
    ("ip6tnl", "ip6tnl local {local6} remote {remote6} mode any", RAW, V4, 0),
    ("vxlan", "vxlan id 5 local {local} remote {remote} dstport 4789", ETHERNET, V4, 0),
    ("vxlan-v6", "vxlan id 5 local {local6} remote {remote6} dstport 4789", ETHERNET, V6, 0),
    ("vxlan-fragments", "vxlan id 5 local {local} remote {remote} dstport 4789 df unset", ETHERNET, V4, 1600),
    ("geneve", "geneve id 6 remote {remote}", ETHERNET, V4, 0),
    ("erspan1", "erspan seq key 1 local {local} remote {remote} erspan_ver 0", ETHERNET, V4, 0),
    ("erspan2", "erspan seq key 1 local {local} remote {remote} erspan_ver 1 erspan 9", ETHERNET, V4, 0),
    ("erspan3", "erspan seq key 1 local {local} remote {remote} erspan_ver 2 erspan_dir ingress erspan_hwid 3",
     ETHERNET, V4, 0),
]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = {"PUT": (201, b""), "DELETE": (204, b""), "PROPFIND": (207, b"<multistatus xmlns='DAV:'/>")}.get(
            self.command, (200, BODY))
        self.send_response(status)
        self.send_header("ETag", '"1"')
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_DELETE = do_PROPFIND = do_REPORT = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6  # of both kinds


class Recorder(threading.Thread):
    """All packets of an interface, to a capture."""

    def __init__(self, interface, link, path):
        super().__init__(daemon=True)
        kind = socket.SOCK_RAW if link == ETHERNET else socket.SOCK_DGRAM
        self.socket = socket.socket(socket.AF_PACKET, kind, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.bind((interface, 3))
        self.socket.settimeout(0.1)
        self.out = open(path, "wb")
        self.out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link))
        self.over = False
        self.start()

    def run(self):
        while True:
            try:
                data = self.socket.recv(262144)
            except TimeoutError:
                if self.over:
                    return
                continue
            now = time.time_ns()
            self.out.write(struct.pack("<IIII", now // 10**9, now % 10**9, len(data), len(data)) + data)

    def end(self):
        self.over = True
        self.join()
        self.out.close()
        self.socket.close()


def command(text, inside=None):
    prefix = ["nsenter", "-t", str(inside), "-n"] if inside else []
    done = subprocess.run(prefix + text.split(), capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{text}: {done.stderr.strip()}")


def serve():
    with Server(("::", 8080), Handler) as server:
        print("ready", flush=True)
        server.serve_forever()


def client(host):
    for connection in range(2):
        c = http.client.HTTPConnection(host, 8080, timeout=10)
        for method in ("PROPFIND", "PUT", "GET", "REPORT", "DELETE"):
            c.request(method, f"/cal/{connection}/{method.lower()}.ics", BODY if method == "PUT" else None)
            c.getresponse().read()
        c.close()


def open_connections(pid):
    """Those that have packets to come: neither LISTEN nor TIME_WAIT; in the network of that process."""
    states = []
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}") as f:
            states += [line.split()[3] for line in f.readlines()[1:]]
    return len([state for state in states if state not in ("0A", "06")])


def await_closed(*pids):
    """Until both ends have seen the last FIN and what acknowledges it: all of it has passed what lies between them."""
    deadline = time.monotonic() + 10
    while any(open_connections(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise TimeoutError("connections do not close")
        time.sleep(0.001)


def transactions(path):
    """What is said of a capture, but for frames and times."""
    out = subprocess.run([os.environ["DAVSCOPE"], "-r", path, "-T", "json"], capture_output=True, text=True)
    said = [json.loads(line) for line in out.stdout.splitlines()]
    rows = []
    for r in said:
        if r["event_type"] == "transaction":
            q, a = r["http"]["request"], r["http"].get("response", {})
            rows.append((r["client"]["address"], r["client"]["port"], r["server"]["address"], q["method"], q["target"],
                         q["body"]["bytes"], a.get("status"), a.get("body", {}).get("bytes"), a.get("complete")))
    odd = sorted({r["anomaly"]["name"] for r in said if r["event_type"] == "anomaly"})
    return rows, odd, [r for r in said if r["event_type"] == "flow"]


def tunnel_up(what, addresses, mtu, far):
    names = {"local": NEAR, "remote": FAR, "local6": NEAR6, "remote6": FAR6}
    turned = {"local": FAR, "remote": NEAR, "local6": FAR6, "remote6": NEAR6}
    for where, ends, address in ((None, names, addresses[0]), (far, turned, addresses[1])):
        command("ip link add t0 type " + what.format(**ends), where)
        command(f"ip address add {address} dev t0" + (" nodad" if ":" in address else ""), where)
        command("ip link set t0 up" + (f" mtu {mtu}" if mtu else ""), where)


def tunnel_down(far):
    for where in (None, far):
        try:
            command("ip link del t0", where)
        except OSError:
            pass


def check(name, inner, outer):
    rows, odd, flows = transactions(outer)
    wanted, _, wanted_flows = transactions(inner)
    gaps = sum(sum(f["flow"]["gap_bytes"].values()) for f in flows)
    if len(wanted) != 10 or rows != wanted or odd or gaps or len(flows) != len(wanted_flows):
        FAILED.append(name)
        print(f"FAIL {name}: {len(rows)} transactions for {len(wanted)}, {odd}, {gaps} bytes missing, "
              f"{len(flows)} flows for {len(wanted_flows)}")
    else:
        PASSED.append(name)


def try_kind(kind, work, far):
    name, what, link, addresses, mtu = kind
    try:
        tunnel_up(what, addresses, mtu, far)
    except OSError as e:
        tunnel_down(far)
        print(f"skipped {name}: {e}")
        return False
    inner, outer = f"{work}/{name}-inner.pcap", f"{work}/{name}-outer.pcap"
    recorders = [Recorder("t0", link, inner), Recorder("a0", ETHERNET, outer)]
    try:
        client(addresses[1].split("/")[0])
        await_closed("self", far)
    finally:
        for r in recorders:
            r.end()
        tunnel_down(far)
    check(name, inner, outer)
    return True


def inside(work):
    far = subprocess.Popen(["unshare", "-n", sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    skipped = 0
    try:
        far.stdout.readline()
        command(f"ip link add a0 type veth peer name b0 netns {far.pid}")
        for where, end, v4, v6 in ((None, "a0", NEAR, NEAR6), (far.pid, "b0", FAR, FAR6)):
            command("ip link set lo up", where)
            command(f"ip address add {v4}/24 dev {end}", where)
            command(f"ip address add {v6}/64 dev {end} nodad", where)
            command(f"ip link set {end} up", where)
        for kind in KINDS:
            skipped += not try_kind(kind, work, far.pid)
    finally:
        far.send_signal(signal.SIGKILL)
        far.wait()
    print(f"{len(PASSED)} passed, {len(FAILED)} failed, {skipped} skipped")
    return 1 if FAILED else 0


def main(script, inside):
    """Runs inside(DIRECTORY) of a script in network name spaces of its own; else says that there are none."""
    if sys.argv[1:] == ["--serve"]:
        return serve()
    if sys.argv[1:] == ["--inside"]:
        name = os.path.splitext(os.path.basename(script))[0]
        work = os.path.join(os.environ.get("BUILD", "build"), "live", name)
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        return inside(work)
    for flags in ("-nm", "-rnm"):
        if shutil.which("ip") and subprocess.run(["unshare", flags, "true"], capture_output=True).returncode == 0:
            os.execvp("unshare", ["unshare", flags, sys.executable, script, "--inside"])
    print("skipped: no network name spaces here\n0 passed, 0 failed, 1 skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main(__file__, inside))
