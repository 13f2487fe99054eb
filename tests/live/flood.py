#!/usr/bin/env python3
"""More than a buffer holds, and as much as must not get lost.

First a flood with a tiny buffer beside a healthy conversation: drops are told, the evidence is incomplete, and
nothing is called missing. Then half the rate at which tcpdump -w /dev/null first drops on the same veth: for
SECONDS (60) nothing is dropped, memory stays what it is, and so do descriptors.
"""
import os
import re
import signal
import subprocess
import sys

import live

HERE = os.path.dirname(os.path.abspath(__file__))
FLOOD = os.path.join(live.TOOLS, "flood")
GENERATOR = os.path.abspath(os.path.join(live.BUILD, "tests/bench/gen"))
PORT = "8080"
SLOPE = 1.0  # MiB an hour; over half a minute that is two pages, so a short run is
SHORT = 300  # seconds, and must not keep
CHUNK = 32  # bytes for each transaction on the wire: the least that malloc gives
TRANSACTIONS = 600  # in the capture that is sent again and again


def absences(found):
    """Findings that say that something was not there."""
    return [f for f in found if f["event"]["outcome"] == "conclusive" and
            re.search(r"commit-without|unanswered|untagged|recreate|duplicate|unknown-outcome", f["rule"]["id"])]


class Test:
    def __init__(self, tests):
        self.tests = tests
        self.scratch = live.Scratch("flood")
        self.net = live.Net()

    def flood(self, *words):
        """Of the left side; bounded by the words. Returns packets a second, as they were sent."""
        ran = self.net.run(self.net.left, FLOOD, "-i", self.net.device, *words, check=True,
                           capture_output=True, text=True)
        sent = re.search(r"sent (\d+) packets .* in ([\d.]+) seconds", ran.stdout)
        return int(sent[1]) / float(sent[2])

    # ---- more than there is room for ----

    def drops(self):
        out = os.path.join(self.scratch.directory("out"), "all.jsonl")
        config = self.scratch("davscope.yaml")
        with open(config, "w", encoding="ascii") as text:
            text.write(f"alerts:\n  - name: log\n    to: file\n    path: {out}\n    records: all\n")
        monitor = live.Monitor(self.scratch, "-i", self.net.device, "-B", "64K", "-Z", "nobody", "--config", config,
                               "--metrics", "127.0.0.1:9920", "--limit", "rename_seconds=1",
                               namespace=self.net.right)
        chatter = os.path.join(HERE, "chatter.py")
        server = subprocess.Popen(self.net.inside(self.net.right, sys.executable, chatter, "serve",
                                                  self.net.right_address, PORT, "--etag"), stdout=subprocess.PIPE)
        live.atexit.register(server.kill)
        server.stdout.readline()
        client = subprocess.Popen(self.net.inside(self.net.left, sys.executable, chatter, "chat",
                                                  self.net.right_address, PORT, self.scratch("log"), "100", "6",
                                                  "--once"))
        live.atexit.register(client.kill)
        self.flood("-t", "4", "-s", "1400")
        self.tests.equal(client.wait(live.DEADLINE), 0, "the conversation goes on")
        monitor.process.send_signal(signal.SIGUSR1)
        said = live.wait_until(lambda: re.search(r"(\d+) packets, (\d+) dropped by the kernel", monitor.said()),
                               "the counters")
        packets, dropped = int(said[1]), int(said[2])
        self.tests.equal(monitor.stop(), 0, "the end")
        records = live.json_lines(out)
        lost = [r for r in records if r["event_type"] == "loss"]
        self.tests.check(dropped > 0, "a tiny buffer overflows", monitor.said())
        self.tests.check(packets > 0, "and not all is lost")
        self.tests.check(lost, "each loss is an event")
        self.tests.check(re.search(r"evidence: incomplete \(.*dropped", monitor.said()), "it is said at the end",
                         monitor.said())
        self.tests.check(not absences(live.findings(records)), "nothing is called missing",
                         absences(live.findings(records))[:3])
        transactions = sum(r["event_type"] == "transaction" for r in records)
        self.tests.check(transactions > 0, "the conversation is read as far as it is there")
        print(f"{packets} packets, {dropped} dropped, {len(lost)} losses told, {transactions} transactions")

    # ---- what must not get lost ----

    def tcpdump_drops(self, rate):
        """At that rate for two seconds: packets that tcpdump lost, and the rate that it really was."""
        dump = subprocess.Popen(self.net.inside(self.net.right, "tcpdump", "-i", self.net.device, "-w", "/dev/null"),
                                stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        live.atexit.register(dump.kill)
        dump.stderr.readline()
        real = self.flood("-r", self.capture, "-p", str(rate), "-t", "2")
        live.stop(dump, signal.SIGINT)
        return int(re.search(r"(\d+) packets dropped by kernel", dump.stderr.read())[1]), real

    def first_drop(self):
        rate, real = 20000, 0
        while True:
            dropped, real = self.tcpdump_drops(rate)
            print(f"tcpdump at {real:.0f} packets a second: {dropped} dropped", flush=True)
            if dropped or real < 0.8 * rate:
                return real
            rate = int(rate * 1.5)

    def sizes(self, monitor):
        """KiB in memory of their own, without files that are mapped, and descriptors, of watcher and keeper."""
        found = []
        for pid in monitor.pid, monitor.keeper():
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                heap = int(re.search(r"RssAnon:\s+(\d+)", status.read())[1])
            found.append((heap, len(os.listdir(f"/proc/{pid}/fd"))))
        return found

    @staticmethod
    def counted(monitor, sent):
        """What the monitor counts, when it has so many packets."""
        before = monitor.said().count("dropped by the kernel")
        monitor.process.send_signal(signal.SIGUSR1)
        live.wait_until(lambda: monitor.said().count("dropped by the kernel") > before, "the counters")
        counters = re.findall(r"(\d+) packets, (\d+) dropped by the kernel, (\d+) by interfaces", monitor.said())[-1]
        return counters if sum(map(int, counters)) >= sent else None

    def transactions(self, sent):
        """On the wire, in so many packets."""
        ran = subprocess.run([live.DAVSCOPE, "-q", "-r", self.capture], capture_output=True, text=True, check=True)
        return sent / int(re.search(r"^packets +(\d+)", ran.stdout, re.M)[1]) * TRANSACTIONS

    def soak(self, rate, seconds):
        """Of a build with sanitizers neither speed nor memory say anything."""
        monitor = live.Monitor(self.scratch, "-i", self.net.device, "-Z", "nobody", "-q",
                               "--metrics", "127.0.0.1:9920", namespace=self.net.right, name="soak")
        if "in a build with sanitizers" in monitor.said():
            self.tests.skip("what a build with sanitizers takes")
            self.tests.equal(monitor.stop(), 0, "the end")
            return
        flood = subprocess.Popen(
            self.net.inside(self.net.left, FLOOD, "-i", self.net.device, "-r", self.capture, "-p", str(int(rate)),
                            "-t", str(seconds)), stdout=subprocess.PIPE, text=True)
        live.atexit.register(flood.kill)
        seen = []
        while flood.poll() is None:
            seen.append((live.time.monotonic(), self.sizes(monitor)))
            live.select.select([], [], [], min(1, seconds / 40))
        sent = int(re.search(r"sent (\d+) packets", flood.stdout.read())[1])
        counters = live.wait_until(lambda: self.counted(monitor, sent), "all that was sent to be read")
        if counters[1:] != ("0", "0") and live.is_busy():
            self.tests.skip("drops on a busy machine: the rate that it stood was another one's")
        else:
            self.tests.equal(counters[1:], ("0", "0"), f"drops at {rate:.0f} packets a second")
        self.tests.equal(monitor.stop(), 0, "the end")
        self.judge(seen, seconds, self.transactions(sent) / 2)
        print(f"{counters[0]} packets at {rate:.0f} a second for {seconds} s: {counters[1]} dropped")

    def judge(self, seen, seconds, transactions):
        """Over the last half, which has so many: by then everything has been there once."""
        half = seen[len(seen) // 2:]
        for i, name in enumerate(("watcher", "keeper")):
            descriptors = {sizes[i][1] for _, sizes in half}
            self.tests.equal(len(descriptors), 1, f"descriptors of the {name}")
            n = len(half)
            mean_t = sum(t for t, _ in half) / n
            mean_kib = sum(sizes[i][0] for _, sizes in half) / n
            slope = (sum((t - mean_t) * (sizes[i][0] - mean_kib) for t, sizes in half) /
                     sum((t - mean_t) ** 2 for t, _ in half)) * 3600 / 1024
            print(f"{name}: {half[-1][1][i][0]} KiB, {slope:+.2f} MiB an hour over the last {seconds / 2:.0f} s")
            grown = slope * 1024 * (half[-1][0] - half[0][0]) / 3600
            kept = grown * 1024 >= CHUNK * transactions
            self.tests.check(slope <= SLOPE or (seconds < SHORT and not kept), f"memory of the {name} stays", slope,
                             f"MiB an hour, {grown:.0f} KiB in {transactions:.0f} transactions")

    def run(self):
        self.drops()
        self.capture = self.scratch("dav.pcap")
        subprocess.run([GENERATOR, str(TRANSACTIONS), self.capture], check=True, stdout=subprocess.DEVNULL)
        first = self.first_drop()
        self.soak(first / 2, int(os.environ.get("SECONDS_LIVE", "60")))


if __name__ == "__main__":
    live.main(lambda tests: Test(tests).run(), "tcpdump")
