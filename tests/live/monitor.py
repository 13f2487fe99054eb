#!/usr/bin/env python3
"""A real server, real clients, and a monitor between them: what it tells, when, and what it can still do.

Apache plays the mailbox server of KB 923164, curl the front end; davscope is started as root and watches as
nobody. What it finds must be there two seconds after the traffic, and be what the offline run finds in the
files of its ring.
"""
import os
import pwd
import re
import signal
import subprocess
import time

import live

HERE = os.path.dirname(os.path.abspath(__file__))
ITEMS = 6
LATE = 2.0  # seconds behind the traffic
LIMITS = ["--limit", "rename_seconds=1"]  # for so long two items may be one that is renamed


class Play:
    def __init__(self, tests):
        self.tests = tests
        self.scratch = live.Scratch("monitor")
        self.ring = self.scratch.directory("ring")
        self.out = os.path.join(self.scratch.directory("out"), "findings.jsonl")
        self.web = self.scratch.directory("web", "root")
        self.secret = self.scratch("secret")
        with open(self.secret, "w", encoding="ascii") as secret:
            secret.write("for others\n")
        etc = self.scratch.directory("etc", "root")
        os.chmod(etc, 0o755)
        config = os.path.join(etc, "davscope.yaml")
        with open(config, "w", encoding="ascii") as text:
            text.write(f"alerts:\n  - name: log\n    to: file\n    path: {self.out}\n")
        self.net = live.Net()
        self.apache("start", self.net.right_address, "80", self.net.right)
        live.atexit.register(self.apache, "stop")
        self.monitor = live.Monitor(
            self.scratch, "-i", self.net.device, "-f", "tcp port 80", "-Z", "nobody", "--config", config,
            "-w", os.path.join(self.ring, "ring.pcapng"), "--sandbox", "require", *LIMITS,
            namespace=self.net.right)

    def apache(self, word, *more):
        subprocess.run([os.path.join(HERE, "apache.sh"), word, self.web, *more], check=True,
                       stdout=subprocess.DEVNULL)

    # ---- what the process may do ----

    def rights(self):
        m, tests = self.monitor, self.tests
        nobody = str(pwd.getpwnam("nobody").pw_uid)
        for key in "CapEff", "CapPrm", "CapInh", "CapAmb":
            tests.equal(m.status(key), "0000000000000000", key)
        tests.equal(m.status("NoNewPrivs"), "1", "NoNewPrivs")
        tests.equal(m.status("Seccomp"), "2", "Seccomp")
        tests.equal(m.status("Uid").split(), [nobody] * 4, "Uid")
        tests.equal(m.status("Groups").split() or [m.status("Gid").split()[0]], [m.status("Gid").split()[0]],
                    "Groups")
        for thread in os.listdir(f"/proc/{m.pid}/task"):
            with open(f"/proc/{m.pid}/task/{thread}/status", encoding="ascii") as status:
                text = status.read()
            tests.check("Seccomp:\t2" in text and "CapEff:\t0000000000000000" in text, "each thread", thread)
        keeper = m.keeper()
        with open(f"/proc/{keeper}/status", encoding="ascii") as status:
            text = status.read()
        for words in "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2", f"Uid:\t{nobody}\t{nobody}":
            tests.check(words in text, "the keeper", words)

    def refusals(self):
        """Calls that somebody made it do who had taken it over."""
        calls = ["socket", "packet", "execve", "ptrace", "clone", "setuid", "exec-memory",
                 "read", "/etc/passwd", "read", self.secret, "read", self.out,
                 "write", self.scratch("here"), "write", "/tmp/davscope-was-here",
                 "write", os.path.join(self.ring, "mine")]
        ran = subprocess.run([os.path.join(live.TOOLS, "inject"), str(self.monitor.pid), *calls],
                             capture_output=True, text=True, check=False)
        if ran.returncode == 3:
            self.tests.skip("calls cannot be injected here: " + ran.stdout + ran.stderr)
            return
        answers = dict(line.rsplit(" ", 1) for line in ran.stdout.splitlines())
        for call in "socket", "packet", "execve", "ptrace", "clone", "setuid", "exec-memory":
            self.tests.equal(answers.get(call), "EPERM", call)
        for call in ("read /etc/passwd", f"read {self.secret}", f"read {self.out}",
                     f"write {self.scratch('here')}", "write /tmp/davscope-was-here"):
            self.tests.equal(answers.get(call), "EACCES", call)
        self.tests.equal(answers.get("write " + os.path.join(self.ring, "mine")), "ok", "the ring is open to it")
        os.unlink(os.path.join(self.ring, "mine"))

    # ---- what it tells ----

    def traffic(self):
        """Two rounds; the time behind the last answer."""
        client = subprocess.run(
            self.net.inside(self.net.left, os.path.join(HERE, "davclient.sh"),
                            f"http://{self.net.right_address}:80", str(ITEMS)),
            input="\n\n", capture_output=True, text=True, check=False)
        ended = time.time()
        self.tests.equal(client.returncode, 0, "the client gets what it expects: " + client.stdout + client.stderr)
        return ended

    def told(self):
        return live.findings(live.json_lines(self.out))

    def count(self, rule):
        return sum(f["rule"]["id"] == rule for f in self.told())

    def timely(self, ended):
        live.wait_until(lambda: self.count("recreate-after-untagged") >= ITEMS, "the copies")
        late = time.time() - ended
        if late > LATE and live.is_busy():
            self.tests.skip(f"copies {late:.1f} s behind the traffic, on a busy machine")
        else:
            self.tests.check(late <= LATE, f"all copies are told {LATE} s behind the traffic", late)
        self.tests.equal(self.count("recreate-after-untagged"), ITEMS, "one finding a copy")
        self.tests.check(self.count("commit-without-change-tag") > 0, "and the writes without a tag")
        print(f"all {len(self.told())} findings {late:.2f} s behind the last answer")

    def rotate(self):
        """USR2 begins a new file; what is found there names it."""
        def finished():
            return [name for name in os.listdir(self.ring) if name.endswith(".pcapng")]
        before = self.count("commit-without-change-tag")
        self.monitor.process.send_signal(signal.SIGUSR2)
        live.wait_until(lambda: len(finished()) == 1, "a file of the ring with its name")
        put = self.net.run(
            self.net.left, "curl", "-s", "-X", "PUT", "--data-binary", "BEGIN:VCALENDAR", "-o", "/dev/null",
            f"http://{self.net.right_address}/exchange/anna/Calendar/late.EML", check=False)
        self.tests.equal(put.returncode, 0, "one more write")
        live.wait_until(lambda: self.count("commit-without-change-tag") > before, "a finding in the next file")
        last = self.told()[-1]["evidence"][0]["input"]
        self.tests.check(last not in finished(), "it names the file that is written now", last, finished())

    def same_offline(self):
        def essence(records):
            return sorted((f["id"], f["finding"].get("update", 0), f["rule"]["id"], f["finding"]["severity"],
                           f["event"]["outcome"], f["finding"]["message"], str(f["evidence"]))
                          for f in live.findings(records))
        files = [os.path.join(self.ring, name) for name in sorted(os.listdir(self.ring))]
        records, ran = live.offline(*LIMITS, input_files=files)
        self.tests.equal(ran.returncode, 0, "the ring can be read: " + ran.stderr)
        self.tests.check(len(files) > 1, "it has been rotated", files)
        seen, again = essence(live.json_lines(self.out)), essence(records)
        self.tests.check(seen == again, "live and offline tell the same",
                         "only live:", [f for f in seen if f not in again],
                         "only offline:", [f for f in again if f not in seen])
        names = {e["input"] for f in self.told() for e in f["evidence"]}
        self.tests.check(names <= set(map(os.path.basename, files)), "findings name files of the ring", names)
        for name in files:
            self.tests.check(re.search(r"/ring-.*-\d{8}T\d{6}Z-\d{6}\.pcapng$", name), "their names", name)
            self.tests.equal(os.stat(name).st_mode & 0o777, 0o600, "their mode")

    def run(self):
        ended = self.traffic()
        self.timely(ended)
        self.rotate()
        self.rights()
        self.refusals()
        self.tests.equal(self.monitor.stop(), 0, "the end")
        self.tests.check("evidence: incomplete" not in self.monitor.said(), "nothing was lost", self.monitor.said())
        self.same_offline()


if __name__ == "__main__":
    live.main(lambda tests: Play(tests).run(), "apache2", "curl")
