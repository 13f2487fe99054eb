#!/usr/bin/env python3
"""Live equals offline: captures go over a veth into a monitor, and what it finds must be what the offline run
finds in the files of its ring.

Packets are sent as they were captured, in their order; pauses are shortened. Those that are no Ethernet get a
header of Ethernet. With names of captures as arguments only these are sent. The clock of the ring is that of
this machine, so nothing is compared with the captures themselves. EACH=1: each capture also on its own.
"""
import glob
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

import live

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LIMITS = ["--limit", "rename_seconds=1", "--limit", "doubt_seconds=1", "--limit", "gap_seconds=1"]
DUE = 2.6  # seconds behind the last packet: what the limits above wait for has come
PAUSE = 0.004  # the longest one between two packets
MTU = 65535


# ---- reading captures ----

def ethernet(linktype, packet):
    """As a frame, or None: of a link that is not known here."""
    if linktype == 1:
        return packet if len(packet) >= 14 else None
    cut = {101: 0, 12: 0, 113: 16, 276: 20, 0: 4, 108: 4}.get(linktype)
    if cut is None or len(packet) <= cut:
        return None
    kind = {4: 0x0800, 6: 0x86dd}.get(packet[cut] >> 4)
    return kind and b"\2\0\0\0\0\2\2\0\0\0\0\1" + struct.pack(">H", kind) + packet[cut:]


def read_pcap(data):
    order = "<" if data[0] in (0xd4, 0x4d) else ">"
    nano = data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
    linktype, at = struct.unpack_from(order + "I", data, 20)[0] & 0xffff, 24
    while at + 16 <= len(data):
        seconds, part, n, _ = struct.unpack_from(order + "IIII", data, at)
        if at + 16 + n > len(data):
            return
        yield seconds + part / (1e9 if nano else 1e6), linktype, data[at + 16:at + 16 + n]
        at += 16 + n


def read_pcapng(data):
    """Of enhanced packet blocks; times in microseconds, which only shapes the pauses."""
    order, at, links = "<", 0, []
    while at + 12 <= len(data):
        kind = struct.unpack_from(order + "I", data, at)[0]
        if kind == 0x0a0d0d0a:
            order, links = ("<" if data[at + 8] == 0x4d else ">"), []
        n = struct.unpack_from(order + "I", data, at + 4)[0]
        if n < 12 or at + n > len(data):
            return
        if kind == 1:
            links.append(struct.unpack_from(order + "H", data, at + 8)[0])
        elif kind == 6:
            interface, high, low, captured = struct.unpack_from(order + "IIII", data, at + 8)
            yield (high << 32 | low) / 1e6, links[interface], data[at + 28:at + 28 + captured]
        at += n


def read_capture(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        return list(read_pcapng(data))
    known = data[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
    return list(read_pcap(data)) if known else []


# ---- sending: this file again, within a namespace ----

def sender_of(frame):
    """Of two devices, one for each direction, as a tap has them."""
    at = 14 if frame[12:14] != b"\x81\x00" else 18
    return int(frame[at + 12:at + 16] > frame[at + 16:at + 20])


def send(pause, tagged, devices, captures):
    """Prints how many were sent."""
    outs, sent = [], 0
    for device in devices:
        outs.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
        outs[-1].bind((device, 0))
    for path in captures:
        before = None
        for at, linktype, packet in read_capture(path):
            frame = ethernet(linktype, packet)
            if frame is None or len(frame) > MTU:
                continue
            if tagged:
                frame = frame[:12] + b"\x81\x00\x00\x07" + frame[12:]
            wait = 0 if before is None else max(0.0, min(pause, at - before))
            before = at
            if wait:
                live.select.select([], [], [], wait)
            outs[sender_of(frame) if len(outs) > 1 else 0].send(frame)
            sent += 1
    print(sent)


# ---- what is compared ----

def essence(records):
    return sorted((f["id"], f["finding"].get("update", 0), f["rule"]["id"], f["finding"]["severity"],
                   f["event"]["outcome"], f["finding"]["message"], str(f.get("evidence")))
                  for f in live.findings(records))


class Test:
    def __init__(self, tests):
        self.tests = tests
        self.before = []
        self.net = live.Net()
        self.devices = [self.net.device, "veth1"]
        net = self.net
        net.ip("link", "add", "veth1", "netns", net.left, "type", "veth", "peer", "name", "veth1", "netns", net.right)
        for name in net.left, net.right:
            # Nobody answers, and nobody says anything of his own.
            net.run(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", check=True, capture_output=True)
            for device in self.devices:
                net.ip("-n", name, "link", "set", device, "mtu", str(MTU), "arp", "off", "up")
                net.ip("-n", name, "address", "flush", "dev", device)

    def sent(self, captures, pause, devices, tagged=False, monitor=None, stopped=0):
        """How many. The monitor does not run for so many seconds, again and again."""
        sender = subprocess.Popen(self.net.inside(
            self.net.left, sys.executable, os.path.abspath(__file__), "--send", str(pause), str(int(tagged)),
            ",".join(devices), *captures), stdout=subprocess.PIPE, text=True)
        while monitor and sender.poll() is None:
            monitor.process.send_signal(signal.SIGSTOP)
            live.select.select([], [], [], stopped)
            monitor.process.send_signal(signal.SIGCONT)
            live.select.select([], [], [], stopped / 4)
        return int(sender.communicate()[0])

    def seen(self, monitor):
        """Packets that the monitor has counted, and what was dropped."""
        before = len(re.findall(r"packets, ", monitor.said()))
        monitor.process.send_signal(signal.SIGUSR1)

        def told():
            lines = re.findall(r"(\d+) packets, (\d+) dropped by the kernel", monitor.said())
            return lines[-1] if len(re.findall(r"packets, ", monitor.said())) > before else None
        return [int(n) for n in live.wait_until(told, "the counters")]

    def settled(self, monitor, wanted, due):
        """All that was sent is there, or known to be lost; then as long as `due` says nothing comes."""
        live.wait_until(lambda: sum(self.seen(monitor)) >= wanted, "all packets")
        live.select.select([], [], [], due)

    def case(self, what, parts, options=(), ring=(), pause=PAUSE, due=DUE, n_devices=1, tagged=False, state=False,
             stopped=0, compare=None, listen=None):
        """Each of the parts, lists of captures, has a run of its own; the state joins them."""
        scratch = live.Scratch("replay")
        files, out = scratch.directory("ring"), os.path.join(scratch.directory("out"), "all.jsonl")
        config = scratch("davscope.yaml")
        with open(config, "w", encoding="ascii") as text:
            text.write(f"alerts:\n  - name: log\n    to: file\n    path: {out}\n    records: all\n")
        devices = self.devices[:n_devices]
        words = [w for d in listen or devices for w in ("-i", d)] + [*LIMITS, *options, *ring]
        if state:
            words += ["--state", scratch.directory("state")]
        total = 0
        for captures in parts:
            monitor = live.Monitor(scratch, *words, "-Z", "nobody", "--config", config,
                                   "-w", os.path.join(files, "ring.pcapng"), namespace=self.net.right)
            sent = self.sent(captures, pause, devices, tagged, monitor if stopped else None, stopped)
            if due is not None:
                self.settled(monitor, 0 if "--fanout" in options else sent, due)
            total += sent
            self.tests.equal(monitor.stop(), 0, f"{what}: the end: " + monitor.said()[-300:])
        names = [os.path.join(files, name) for name in sorted(os.listdir(files))]
        records, ran = live.offline(*LIMITS, input_files=names)
        self.tests.equal(ran.returncode, 0, f"{what}: the ring can be read: " + ran.stderr)
        told = live.json_lines(out)
        (compare or self.same)(what, told, records)
        self.before = essence(told)
        packets = [r for r in records if r["event_type"] == "stats"][-1]["stats"]["packets"]["read"]
        if not {"-W", "-B", "--fanout"} & {*ring, *options}:  # the kernel puts fragments together for it
            self.tests.equal(packets, total, f"{what}: all packets are in the ring")
        print(f"{what}: {total} packets, {len(names)} files, {len(live.findings(told))} findings", flush=True)

    def same(self, what, told, records):
        seen, again = essence(told), essence(records)
        self.tests.check(seen == again, f"{what}: live and offline find the same",
                         "\n only live: ", "\n  ".join(str(f) for f in seen if f not in again),
                         "\n only offline: ", "\n  ".join(str(f) for f in again if f not in seen))

    def same_but_end(self, what, told, records):
        """With a state nothing comes to an end, and so nothing is told of it; but each run has totals of its own."""
        last = max(i for i, r in enumerate(records) if r["event_type"] in ("transaction", "flow"))
        seen, again, early = essence(told), essence(records), essence(records[:last])
        seen = [f for f in seen if not f[2].startswith(("capture-quality", "evidence-unread"))]
        early = [f for f in early if not f[2].startswith(("capture-quality", "evidence-unread"))]
        self.tests.check(set(early) <= set(seen) <= set(again), f"{what}: live and offline find the same",
                         "\n only live: ", "\n  ".join(str(f) for f in seen if f not in again),
                         "\n only offline: ", "\n  ".join(str(f) for f in early if f not in seen))

    def same_losses(self, what, told, records):
        """Findings too, and nobody is told of absences that only the losses made."""
        self.same(what, told, records)
        lost = [sum(r["loss"]["packets"] for r in list_ if r["event_type"] == "loss") for list_ in (told, records)]
        self.tests.check(lost[0] > 0, f"{what}: there are losses")
        self.tests.equal(lost[0], lost[1], f"{what}: live and ring tell the same losses")

    def same_as_before(self, what, told, records):
        """
        The files are gone that it would be found in; it was found while they were there. How certain it is may
        differ: it hangs on times, and the packets were sent anew.
        """
        del records
        self.tests.equal(sorted(f[2] for f in essence(told)), sorted(f[2] for f in self.before),
                         f"{what}: what is found does not depend on what is kept")

    def told_in_time(self, capture):
        """Two interfaces on which packets never end: no reason to keep back what was found."""
        scratch = live.Scratch("steady")
        out = os.path.join(scratch.directory("out"), "all.jsonl")
        config = scratch("davscope.yaml")
        with open(config, "w", encoding="ascii") as text:
            text.write(f"alerts:\n  - name: log\n    to: file\n    path: {out}\n    records: all\n")
        monitor = live.Monitor(scratch, "-i", self.devices[0], "-i", self.devices[1], "-Z", "nobody",
                               "--config", config, namespace=self.net.right)
        floods = [subprocess.Popen(self.net.inside(self.net.left, os.path.join(live.TOOLS, "flood"), "-i", device,
                                                   "-p", "100", "-t", "12"), stdout=subprocess.DEVNULL)
                  for device in self.devices]
        self.sent([capture], PAUSE, self.devices[:1])
        begun = time.monotonic()
        live.wait_until(lambda: any(r["event_type"] == "transaction" for r in live.json_lines(out)), "a transaction")
        late = time.monotonic() - begun
        self.tests.check(late < 2, "a transaction is told in time", late)
        for flood in floods:
            live.stop(flood)
        self.tests.equal(monitor.stop(), 0, "the end")

    # ---- the cases ----

    def run(self, samples, goldens, shared):
        both = samples + goldens
        for path in samples + shared if os.environ.get("EACH") else samples[:1]:
            self.case(os.path.basename(path), [[path]])
        self.case("all samples and goldens, small files", [both], ring=["-C", "64K"])
        self.case("few files are kept", [both], ring=["-C", "16K", "-W", "4"], compare=self.same_as_before)
        self.case("each direction on an interface, the end at once", [both], n_devices=2, due=0)
        self.case("any interface", [both], n_devices=2, listen=["any"])
        self.case("VLAN tags", [both], tagged=True)
        self.case("cut packets", [both], options=["-s", "96"])
        self.case("as fast as it goes, two workers", [both], options=["--workers", "2"], pause=0)
        self.case("no worker", [both], options=["--workers", "0"], pause=0)
        self.case("it could not run for a while", [both], stopped=1)
        self.case("it loses packets", [both * 3], options=["-B", "64K"], pause=0.0005, stopped=0.3,
                  compare=self.same_losses)
        self.case("it is ended while packets wait", [both], due=None)
        self.case("a restart with state", [samples, goldens], state=True, compare=self.same_but_end)
        self.told_in_time(samples[0])
        if shared:
            self.case("captures of others", [shared], ring=["-C", "200K"], pause=0.001)


def made_of_talks(scratch):
    """Captures of the conversations in tests/golden and samples."""
    paths = []
    for talk in sorted(glob.glob(os.path.join(ROOT, "tests/golden/*/in.talk")) +
                       glob.glob(os.path.join(ROOT, "samples/*.talk"))):
        name = os.path.basename(os.path.dirname(talk)) + "-" + os.path.basename(talk)
        paths.append(scratch(name.replace(".talk", ".pcap")))
        subprocess.run([os.path.join(live.TOOLS, "mkpcap"), talk, paths[-1]], check=True)
    return paths


def main():
    if sys.argv[1:2] == ["--send"]:
        send(float(sys.argv[2]), sys.argv[3] == "1", sys.argv[4].split(","), sys.argv[5:])
        return
    tests = live.Tests()
    why = live.namespaces_allowed()
    if why:
        tests.skip(why)
        tests.end()
    scratch = live.Scratch("talks")
    test = Test(tests)
    samples = sorted(glob.glob(os.path.join(ROOT, "samples/*.pcap*")))
    if sys.argv[1:]:
        for path in sys.argv[1:]:
            test.case(os.path.basename(path), [[path]])
        tests.end()
    shared = os.path.join(os.path.dirname(ROOT), "shared/captures/lab")
    if not os.path.isdir(shared):
        tests.skip("no ../shared/captures")
    test.run(samples, made_of_talks(scratch), sorted(glob.glob(shared + "/*.pcap*")))
    tests.end()


if __name__ == "__main__":
    main()
