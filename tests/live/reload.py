#!/usr/bin/env python3
"""HUP under traffic: a good, a bad, an empty and a vanished rule file; a bad configuration; a renamed log."""
import os
import signal
import subprocess
import sys

import live

PORT = "8080"
RULE = """\
davscope_rules: 1
rules:
  - id: {id}
    title: Every PUT, to see that the rule is at work
    event: transaction
    condition: http.request.method == "PUT"
    severity: low
    output: "seen"
"""


class Drill:
    def __init__(self, tests):
        self.tests = tests
        self.scratch = live.Scratch("reload")
        rules = self.scratch.directory("rules", "root")
        os.chmod(rules, 0o755)
        self.rules = os.path.join(rules, "mine.yaml")
        self.out = os.path.join(self.scratch.directory("out"), "findings.jsonl")
        config = self.scratch.directory("etc", "root")
        os.chmod(config, 0o755)
        self.config = os.path.join(config, "davscope.yaml")
        self.write_rule("first")
        self.write_config("low")
        self.net = live.Net()
        self.monitor = live.Monitor(
            self.scratch, "-i", "lo", "-f", f"tcp port {PORT}", "-Z", "nobody", "--config", self.config,
            "-R", self.rules, "--metrics", "127.0.0.1:9920",
            "--limit", "rename_seconds=1", namespace=self.net.left)
        self.chatter = subprocess.Popen(self.net.inside(
            self.net.left, sys.executable, os.path.join(os.path.dirname(__file__), "chatter.py"), "both",
            "127.0.0.1", PORT, self.scratch("creates.log"), "20", "120"))
        live.atexit.register(self.chatter.kill)

    def write_rule(self, name):
        self.write(self.rules, RULE.format(id=name))

    def write_config(self, least):
        self.write(self.config, f"alerts:\n  - name: log\n    to: file\n    path: {self.out}\n    least: {least}\n")

    @staticmethod
    def write(path, text):
        """As an editor does it: another file takes the place of the old one."""
        with open(path + ".new", "w", encoding="ascii") as new:
            new.write(text)
        os.chmod(path + ".new", 0o644)
        os.rename(path + ".new", path)

    def count(self, rule):
        return sum(f["rule"]["id"] == rule for f in live.findings(live.json_lines(self.out)))

    def more_of(self, rule):
        """It goes on to find."""
        before = self.count(rule)
        live.wait_until(lambda: self.count(rule) > before, f"another finding of {rule}")

    def metric(self, name):
        page = self.net.run(self.net.left, "curl", "-s", "http://127.0.0.1:9920/metrics", check=True,
                            capture_output=True, text=True).stdout
        for line in page.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return None

    def hup(self, good, *words):
        """Reloads; what is said of it; whether that is as it should be."""
        before = len(self.monitor.said())
        self.monitor.process.send_signal(signal.SIGHUP)
        self.monitor.wait_for("RELOADING=1")
        self.monitor.wait_for("READY=1")
        said = self.monitor.said()[before:]
        for word in words:
            self.tests.check(word in said, f"the reload says {word!r}", said)
        self.tests.check(bool(said) != good, "a reload is silent when it is good", said)
        name = "davscope_rules_last_reload_successful"
        live.wait_until(lambda: self.metric(name) == float(good), f"{name} {good}")
        return said

    def run(self):
        self.more_of("first")
        self.write_rule("second")
        self.hup(True)
        self.more_of("second")
        first = self.count("first")

        self.write(self.rules, RULE.format(id="third").replace("==", "=~~"))
        self.hup(False, "mine.yaml:6:", ": error[E", "nothing was changed")
        self.more_of("second")

        self.write(self.rules, "")
        said = self.hup(False, "mine.yaml:1:1: error[E0011]", "nothing was changed")
        self.tests.equal(len(said.splitlines()), 2, "one message, and what it means")
        self.more_of("second")

        os.unlink(self.rules)
        self.hup(False, "mine.yaml", "nothing was changed")
        self.more_of("second")
        self.tests.equal(self.count("first"), first, "a rule that is gone finds nothing more")
        self.tests.equal(self.count("third"), 0, "a rule that is wrong finds nothing")

        self.write_rule("second")
        self.write_config("nonsense")
        self.hup(False, "davscope.yaml:5:", ": error[E", "nothing was changed")
        self.more_of("second")

        self.write_config("low")
        os.rename(self.out, self.out + ".1")
        self.hup(True)
        self.more_of("second")
        lines = live.json_lines(self.out + ".1") + live.json_lines(self.out)
        ids = [(f["id"], f["finding"].get("update", 0)) for f in lines]
        self.tests.equal(len(ids), len(set(ids)), "no finding twice over the rename")

        self.write_config("high")
        self.hup(True)
        seen = self.count("second")
        self.more_of("recreate-after-untagged")
        self.tests.check(self.count("second") <= seen + 5, "the sink takes only grave ones now",
                         self.count("second"), seen)
        live.stop(self.chatter)
        self.tests.equal(self.monitor.stop(), 0, "the end")


if __name__ == "__main__":
    live.main(lambda tests: Drill(tests).run(), "curl")
