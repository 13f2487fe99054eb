#!/usr/bin/env python3
"""What an administrator types, and gets wrong: each mistake is one clear line and its exit code.

A run that is refused ends by itself; one that goes on is ended here. Needs root and network namespaces.
"""
import json
import os
import signal
import subprocess
import sys

import live

CONFIG = """alerts:
- name: findings
  to: file
  path: {path}
"""
STDOUT = """- name: shown
  to: stdout
"""


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Play:
    def __init__(self, tests):
        self.tests = tests
        self.scratch = live.Scratch("options")
        self.net = live.Net()
        self.closed = self.scratch("closed")  # to all but root
        os.mkdir(self.closed, 0o755)

    def config(self, name, path, more=""):
        file = self.scratch(name)
        with open(file, "w", encoding="ascii") as text:
            text.write(CONFIG.format(path=path) + more)
        return file

    def refused(self, code, line, *options, command="monitor", interface=None):
        """It ends with the code and says this line, and no other."""
        words = [live.DAVSCOPE, command, "-i", interface or self.net.device, *options]
        ran = self.net.run(self.net.left, *words, capture_output=True, text=True, check=False,
                           stdin=subprocess.DEVNULL, timeout=live.DEADLINE)
        self.tests.equal((ran.returncode, live.lines_said(ran.stderr)), (code, ["davscope: " + line]), words[1:])

    def send(self):
        """Traffic with a finding: a sample's packets, as they are."""
        capture = self.scratch("sample.pcap")
        subprocess.run([os.path.join(live.TOOLS, "mkpcap"), "samples/kb923164-before.talk", capture], check=True)
        self.net.run(self.net.right, os.path.join(live.TOOLS, "flood"), "-i", self.net.device, "-r", capture,
                     "-p", "2000", "-t", "1", check=True, stdout=subprocess.DEVNULL)

    def interfaces_and_users(self):
        self.refused(3, "nosuch: no such interface; -D lists them", interface="nosuch")
        self.refused(2, "user no-such-user: there is no such user", "-Z", "no-such-user")
        self.refused(2, "user no-such-user: there is no such user", "-Z", "no-such-user",
                     "-w", self.scratch("r.pcapng"), command="capture")

    def directories(self):
        gone = self.scratch("gone")
        for command in "monitor", "capture":
            self.refused(5, f"{gone}: No such file or directory", "-w", gone + "/r.pcapng", command=command)
            self.refused(5, f"{self.closed}: Permission denied", "-Z", "nobody",
                         "-w", self.closed + "/r.pcapng", command=command)
        self.refused(5, f"{gone}/state: No such file or directory", "--state", gone + "/state")
        self.refused(5, f"{self.closed}/davscope.lock: Permission denied", "-Z", "nobody", "--state", self.closed)
        self.refused(5, f"{gone}: No such file or directory", "--config", self.config("gone.yaml", gone + "/f"))

    def sinks(self):
        """What --require-sink is for."""
        self.refused(5, "sink /etc/nosuch: /etc/nosuch: No such file or directory", "--exec", "/etc/nosuch",
                     "--require-sink")
        log = self.config("closed.yaml", self.closed + "/f.json")
        self.refused(5, f"sink findings: {self.closed}/f.json: Permission denied", "-Z", "nobody", "--config", log,
                     "--require-sink")

    def metrics(self):
        for address in "here:80", "127.0.0.1:65536", "127.0.0.1:", "[127.0.0.1]:80", "::1:80", "127.0.0.1:9920/" + 64 * "xy":
            self.refused(2, f"--metrics: '{address:.80}' is no ADDRESS:PORT[/PATH] (davscope --help)",
                         "--metrics", address)
        holder = subprocess.Popen(
            self.net.inside(self.net.left, sys.executable, "-c",
                            "import socket\ns = socket.create_server(('127.0.0.1', 9920))\n"
                            "print('there', flush=True)\nopen(0).read()"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with holder:
            holder.stdout.readline()
            self.refused(5, "--metrics: 127.0.0.1:9920 cannot be listened on: Address already in use",
                         "--metrics", "127.0.0.1:9920")

    def failing_sinks(self):
        """One that is not required holds up nothing, but it is told that it fails."""
        path = self.closed + "/f.json"
        monitor = live.Monitor(self.scratch, "-i", self.net.device, "-Z", "nobody", "--config",
                               self.config("later.yaml", path), namespace=self.net.left, name="later")
        said = f"sink findings: {path}: Permission denied"
        live.wait_until(lambda: said in monitor.said(), "a word on the sink")
        monitor.process.send_signal(signal.SIGHUP)
        live.wait_until(lambda: monitor.said().count(said) == 2, "the word that it fails after a reload")
        self.tests.equal(monitor.stop(), 0, "the end")
        seen = [line for line in live.lines_said(monitor.said()) if "listening on" not in line]
        self.tests.equal(seen, 2 * ["davscope: " + said], "nothing else is said")

    def list_after_reload(self):
        """What was listed before is not what a filter left out: there is none."""
        name = self.scratch("list")
        with open(name, "wb") as out:
            monitor = live.Monitor(self.scratch, "-i", self.net.device, stdout=out, namespace=self.net.left,
                                   name="list")
        self.send()
        live.wait_until(lambda: b"commit-without-change-tag" in read(name), "a finding in the list")
        monitor.process.send_signal(signal.SIGHUP)
        monitor.wait_for("READY=1")
        self.tests.equal(monitor.stop(), 0, "the end")
        self.tests.check(b"; told before a reload" in read(name), "the list", read(name)[-900:])

    def shown(self, name, *options, between=None):
        """What stands on standard output behind the traffic, and behind it once more after `between` and HUP.

        Memory that is given back is overwritten, so that nobody gets along with what is gone.
        """
        out, log = self.scratch(name + ".out"), self.scratch(name + ".json")
        with open(out, "wb") as stdout:
            monitor = live.Monitor(self.scratch, "-i", self.net.device, "--limit", "rename_seconds=1", *options,
                                   stdout=stdout, namespace=self.net.left, name=name, env={"MALLOC_PERTURB_": "90"})
        for again in range(2 if between else 1):
            if again:
                between()
                monitor.process.send_signal(signal.SIGHUP)
                monitor.wait_for("READY=1")
            before = len(live.findings(live.json_lines(log)))
            self.send()
            live.wait_until(lambda: len(live.findings(live.json_lines(log))) > before, "a finding in the file")
        self.tests.equal(monitor.stop(), 0, "the end")
        return read(out).decode().splitlines()

    def standard_output(self):
        """The list stands there unless an alert does; as JSON it is each record once."""
        log = self.scratch("plain.json")
        plain = self.config("plain.yaml", log)
        lines = self.shown("plain", "--config", plain)
        self.tests.check(any(" PUT " in line for line in lines), "the list beside a configuration", lines[:9])
        self.tests.check(any("commit-without-change-tag" in line for line in lines), "its findings", lines[:9])

        both = self.config("both.yaml", self.scratch("both.json"), STDOUT)
        records = [json.loads(line) for line in self.shown("both", "--config", both)]
        self.tests.equal({r["event_type"] for r in records}, {"finding"}, "an alert in the place of the list")

        json_list = self.config("records.yaml", self.scratch("records.json"))
        records = [json.loads(line) for line in self.shown("records", "-T", "json", "--config", json_list)]
        self.once(records, "with a configuration")
        bare = self.scratch("bare.out")
        with open(bare, "wb") as stdout:
            monitor = live.Monitor(self.scratch, "-i", self.net.device, "-T", "json", stdout=stdout,
                                   namespace=self.net.left, name="bare")
        self.send()
        live.wait_until(lambda: live.findings(live.json_lines(bare)), "a finding as JSON")
        self.tests.equal(monitor.stop(), 0, "the end")
        self.once(live.json_lines(bare), "without one")

        change = self.config("change.yaml", self.scratch("change.json"))
        lines = self.shown("change", "--config", change,
                           between=lambda: self.config("change.yaml", self.scratch("change.json"), STDOUT))
        first = next((i for i, line in enumerate(lines) if line.startswith("{")), len(lines))
        self.tests.check(any(" PUT " in line for line in lines[:first]), "the list in front of a reload", lines[:9])
        self.tests.check(lines[first:] and all(line.startswith("{") for line in lines[first:]),
                         "the alert behind it", lines[first:first + 9])

    def begun_with(self):
        """What a run began with stays, whatever the configuration says when it is read anew."""
        def write(sensor):
            return self.config("begun.yaml", self.scratch("begun.json"), f"monitor:\n  sensor: {sensor}\n")
        lines = self.shown("begun", "-T", "json", "--config", write("edge-of-the-network"),
                           between=lambda: write("another-machine-with-a-longer-name"))
        self.tests.equal({json.loads(line).get("sensor") for line in lines}, {"edge-of-the-network"}, "the sensor")

    def once(self, records, when):
        """All kinds of records, and none of them twice."""
        kinds = {r["event_type"] for r in records}
        self.tests.check({"transaction", "finding", "stats"} <= kinds, "JSON records " + when, kinds)
        ids = [(r["id"], r["finding"].get("update", 0)) for r in live.findings(records)]
        self.tests.equal(len(ids), len(set(ids)), "each finding once " + when)

    def second_state(self):
        """Two on one state directory: the second one says who has it."""
        state = self.scratch.directory("state")
        first = live.Monitor(self.scratch, "-i", self.net.device, "-Z", "nobody", "--state", state,
                             namespace=self.net.left, name="first")
        self.refused(5, f"{state}: process {first.keeper()} has it", "-Z", "nobody", "--state", state)
        self.tests.equal(first.stop(), 0, "the end of the first one")

    def run(self):
        self.interfaces_and_users()
        self.directories()
        self.metrics()
        self.sinks()
        self.failing_sinks()
        self.list_after_reload()
        self.standard_output()
        self.begun_with()
        self.second_state()


if __name__ == "__main__":
    live.main(lambda tests: Play(tests).run())
