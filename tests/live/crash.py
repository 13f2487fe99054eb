#!/usr/bin/env python3
"""kill -9 at random moments: of all of a monitor, of the watcher, of the keeper alone.

A client makes items twice the whole time, some of the second ones much later, over a restart. What was
surely seen must have been told: a copy whose first create was on the disk, and whose second create was
seen long enough before the next kill. N rounds (12), SEED.
"""
import os
import random
import re
import signal
import subprocess
import sys
import time

import live

PORT, RATE, LATER = "8080", 6, 14
RENAME, SEEN, SAVED, BEGUN = 1, 1.5, 10, 0.5  # seconds: wait for a rename; told; on the disk; read for certain


def wait(seconds):
    live.select.select([], [], [], seconds)


class Drill:
    def __init__(self, tests, rounds, random_):
        self.tests, self.rounds, self.random = tests, rounds, random_
        self.scratch = live.Scratch("crash")
        self.state = self.scratch.directory("state")
        self.ring = self.scratch.directory("ring")
        self.out = os.path.join(self.scratch.directory("out"), "findings.jsonl")
        self.log = self.scratch("creates.log")
        self.config = self.scratch("davscope.yaml")
        with open(self.config, "w", encoding="ascii") as config:
            config.write(f"alerts:\n  - name: log\n    to: file\n    path: {self.out}\n")
        self.net = live.Net()
        self.periods, self.keepers = [], 0

    def monitor(self):
        return live.Monitor(
            self.scratch, "-i", "lo", "-f", f"tcp port {PORT}", "-Z", "nobody", "--config", self.config,
            "--state", self.state, "-w", os.path.join(self.ring, "ring.pcapng"), "-C", "64K",
            "--limit", f"rename_seconds={RENAME}", namespace=self.net.left)

    def check_outputs(self):
        """All of it can be read, right behind the kill."""
        exported = subprocess.run([live.DAVSCOPE, "state", "export", "--state", self.state],
                                  capture_output=True, text=True, check=False)
        self.tests.check(exported.returncode == 0, "the state can be read", exported.stderr)
        try:
            live.json_lines(self.out)
        except ValueError as error:
            self.tests.check(False, "a line of the sink is no JSON", error)

    def round(self, monitor):
        """Returns the monitor that runs on, or None."""
        wait(self.random.choice([self.random.uniform(0, 1), self.random.uniform(0, 9)]))
        victim = self.random.choice(["all", "watcher", "keeper"])
        keeper = monitor.keeper()
        if victim == "keeper":
            if keeper is not None:
                os.kill(keeper, signal.SIGKILL)
                live.wait_until(lambda: monitor.keeper() not in (None, keeper), "another keeper")
                self.keepers += 1
            self.tests.check(monitor.process.poll() is None, "the watcher outlives its keeper", monitor.said())
            return monitor
        ended = time.time()
        if victim == "all":
            monitor.kill()
        else:
            family = monitor.family()
            monitor.process.kill()
            monitor.process.wait()
            live.wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in family),
                            "the end of keeper and guard")
        self.periods.append((self.begun, ended))
        self.check_outputs()
        return None

    def run(self):
        chatter = subprocess.Popen(self.net.inside(
            self.net.left, sys.executable, os.path.join(os.path.dirname(__file__), "chatter.py"), "both",
            "127.0.0.1", PORT, self.log, str(RATE), str(10 * self.rounds + 60), str(LATER)))
        live.atexit.register(chatter.kill)
        monitor = None
        for _ in range(self.rounds):
            if monitor is None:
                monitor = self.monitor()
                self.begun = time.time()
            monitor = self.round(monitor)
        if monitor is None:
            monitor = self.monitor()
            self.begun = time.time()
        live.stop(chatter)
        self.periods.append((self.begun, float("inf")))
        try:
            live.wait_until(lambda: not self.missing(), "all that is wanted")
        except TimeoutError:
            pass  # which judge() tells
        self.tests.equal(monitor.stop(), 0, "a monitor that is told to end")
        self.said = monitor.said()

    # ---- what must have been told ----

    def period_of(self, when):
        for begun, ended in self.periods:
            if begun + BEGUN < when < ended - SEEN:
                return begun, ended
        return None

    def wanted(self):
        first, wanted = {}, []
        with open(self.log, encoding="ascii") as log:
            for line in log:
                uid, nth, when = line.split()
                when = float(when)
                if nth == "1":
                    first[uid] = when
                    continue
                one, two = self.period_of(first[uid]), self.period_of(when)
                if one is None or two is None:
                    continue
                kept = one == two or first[uid] < one[1] - SAVED
                if kept and (when + RENAME + SEEN < two[1] or when < two[1] - SAVED):
                    wanted.append((uid, one != two))
        return wanted

    def missing(self):
        about = set()
        for finding in live.findings(live.json_lines(self.out)):
            if finding["rule"]["id"] == "recreate-after-untagged":
                about.update(re.findall(r"(u\d+-\d+)-2\.ics: ", finding["finding"]["message"]))
        return [uid for uid, _ in self.wanted() if uid not in about]

    def judge(self):
        told, wanted, missing = live.findings(live.json_lines(self.out)), self.wanted(), self.missing()
        self.tests.check(not missing, "copies that were surely seen are told", len(missing), "of", len(wanted),
                         missing[:10])
        self.tests.check(len(wanted) > self.rounds, "enough was seen to judge", len(wanted))
        numbers = [(f["id"], f["finding"].get("update", 0)) for f in told]
        print(f"{len(self.periods)} runs, {self.keepers} keepers, {len(told)} findings, {len(wanted)} copies wanted,"
              f" {sum(over for _, over in wanted)} of them over a restart,"
              f" {len(numbers) - len(set(numbers))} delivered twice")
        for name in sorted(os.listdir(self.ring)):
            self.tests.check(name.endswith(".pcapng"), "a file of the ring has its name", name)
        files = [os.path.join(self.ring, name) for name in sorted(os.listdir(self.ring))]
        _, ran = live.offline(input_files=files)
        self.tests.check(ran.returncode == 0, "the ring can be read", ran.returncode, ran.stderr[-300:])


def play(tests):
    drill = Drill(tests, int(os.environ.get("N", "12")), random.Random(int(os.environ.get("SEED", "1"))))
    drill.run()
    drill.judge()
    if tests.failed:
        print(drill.said[-2000:])


if __name__ == "__main__":
    live.main(play)
