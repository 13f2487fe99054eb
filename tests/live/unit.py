#!/usr/bin/env python3
"""The shipped systemd unit: what it lets the monitor do, and what systemd does for it.

Where systemd is the first process a copy of the unit runs under names of this test's own, with directories
of its own below /etc, /var/lib and /var/log, on a veth in the network of this machine. Elsewhere the text
alone is checked, as far as systemd-analyze is there.
"""
import contextlib
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import urllib.request

import live

HERE = os.path.dirname(os.path.abspath(__file__))
UNIT = os.path.join(HERE, "../../dist/davscope@.service")
LOGROTATE = os.path.join(HERE, "../../dist/davscope.logrotate")
EXPOSURE = 2.0
PORT = "8080"
NONE = "0000000000000000"
OURS, THEIRS = "192.0.2.1", "192.0.2.2"  # RFC 5737: nobody has these
RULE = """\
davscope_rules: 1
rules:
  - id: {id}
    title: Every PUT, to see that the rule is at work
    event: transaction
    condition: http.request.method {operator} "PUT"
    severity: low
    output: "seen"
"""
CONFIG = """\
monitor:
  filter: tcp port {port}
  metrics: 127.0.0.1:{metrics}
  rules:
  - {etc}/rules
  limits:
    rename_seconds: 1
ring:
  path: {lib}/ring/ring.pcapng
  size: 1M
  files: 3
  pin-on: high
alerts:
- name: journal
  to: journal
  least: high
- name: findings
  to: file
  path: {log}/findings.json
- name: note
  to: program
  program: [{bin}/note, {log}/noted.json]
  least: high
"""
DROP_IN = "[Service]\nWatchdogSec={watchdog}\nRestartSec=100ms\n"


def systemd_is_first():
    """Why not, or None."""
    if not os.path.isdir("/run/systemd/system"):
        return "systemd is not the first process"
    return None if os.geteuid() == 0 else "not root"


def unit_text():
    with open(UNIT, encoding="utf-8") as text:
        return text.read()


def write(path, text, mode=0o644):
    """As an editor does it: another file takes the place of the old one."""
    with open(path + ".new", "w", encoding="utf-8") as new:
        new.write(text)
    os.chmod(path + ".new", mode)
    os.rename(path + ".new", path)


# ---- the text ----


def analyzed(tests):
    """systemd-analyze on the unit with programs that are there."""
    if not live.command_is_there("systemd-analyze"):
        tests.skip("no command systemd-analyze")
        return
    scratch = live.Scratch("unit")
    shutil.copy(live.DAVSCOPE, scratch("davscope"))
    path = scratch("davscope@.service")
    write(path, unit_text().replace("@BINDIR@", scratch.path).replace("@SYSCONFDIR@", "/etc"))
    ran = subprocess.run(["systemd-analyze", "verify", "--man=no", scratch("davscope@lo.service")],
                         capture_output=True, text=True, check=False)
    said = [line for line in (ran.stdout + ran.stderr).splitlines() if "davscope" in line]
    tests.equal((ran.returncode, said), (0, []), "systemd-analyze verify")
    ran = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", path],
                         capture_output=True, text=True, check=False)
    level = re.search(r"exposure level for \S+: ([0-9.]+)", ran.stdout)
    tests.check(level and float(level.group(1)) <= EXPOSURE, f"exposure of at most {EXPOSURE}",
                ran.stdout[-300:], ran.stderr)


# ---- the unit at work ----


class Installed:
    """The build and the unit under a name of our own; taken away at the end."""

    def __init__(self):
        self.name = f"davscope-test{os.getpid()}"
        self.device = f"dsu{os.getpid()}"
        self.unit = f"{self.name}@{self.device}.service"
        self.etc, self.lib, self.log = (f"{top}/{self.name}" for top in ("/etc", "/var/lib", "/var/log"))
        self.template = f"/run/systemd/system/{self.name}@.service"
        live.atexit.register(self.remove)
        # /tmp and /home are hidden from the unit, and no program may start in /run.
        self.prefix = tempfile.mkdtemp(prefix="davscope-unit-", dir="/opt" if os.path.isdir("/opt") else "/usr")
        os.chmod(self.prefix, 0o755)
        for program in "davscope", "davscope-keeper":
            shutil.copy(os.path.join(os.path.dirname(live.DAVSCOPE), program), self.prefix)
        write(self.prefix + "/note", '#!/bin/sh\ncat >>"$1"\n', 0o755)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.metrics = free.getsockname()[1]
        os.makedirs(self.etc + "/rules")
        self.rule("first")
        write(self.etc + "/davscope.yaml", CONFIG.format(
            port=PORT, metrics=self.metrics, etc=self.etc, lib=self.lib, log=self.log, bin=self.prefix))
        self.user = "davscope" if any(u.pw_name == "davscope" for u in pwd.getpwall()) else "nobody"
        write(self.template, self.text())
        os.mkdir(f"/run/systemd/system/{self.name}@.service.d")
        self.watchdog("30")

    def text(self):
        """The unit with our directories, and a user that this machine has."""
        group = grp.getgrgid(pwd.getpwnam(self.user).pw_gid).gr_name
        text = unit_text().replace("@BINDIR@", self.prefix).replace("@SYSCONFDIR@/davscope", self.etc)
        text = text.replace("/var/lib/davscope", self.lib)
        text = re.sub(r"^((?:State|Logs|Configuration)Directory=.*)$",
                      lambda line: re.sub(r"\bdavscope\b", self.name, line.group(1)), text, flags=re.M)
        text = re.sub(r"^User=.*$", f"User={self.user}", text, flags=re.M)
        return re.sub(r"^Group=.*$", f"Group={group}", text, flags=re.M)

    def watchdog(self, seconds):
        write(f"/run/systemd/system/{self.name}@.service.d/test.conf", DROP_IN.format(watchdog=seconds))
        self.systemctl("daemon-reload")

    def rule(self, name, operator="=="):
        write(self.etc + "/rules/mine.yaml", RULE.format(id=name, operator=operator))

    @staticmethod
    def systemctl(*words):
        return subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)

    def show(self, key):
        return self.systemctl("show", "--value", "-p", key, self.unit).stdout.strip()

    def journal(self, *words):
        return subprocess.run(["journalctl", "-q", "--no-pager", "-o", "cat", f"_SYSTEMD_UNIT={self.unit}", *words],
                              capture_output=True, text=True, check=False).stdout

    def remove(self):
        self.systemctl("stop", self.unit)
        self.systemctl("reset-failed", self.unit)
        for path in self.template + ".d", self.etc, self.lib, self.log, getattr(self, "prefix", ""):
            shutil.rmtree(path, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.template)
        self.systemctl("daemon-reload")


class Line:
    """A veth from here to a namespace with a server in it."""

    def __init__(self, device):
        self.device, self.peer = device, f"dsp{os.getpid()}"
        live.atexit.register(self.close)
        live.Net.ip("netns", "add", self.peer)
        self.lay()
        self.server = subprocess.Popen(
            live.Net.inside(self.peer, sys.executable, os.path.join(HERE, "chatter.py"), "serve", "0.0.0.0", PORT),
            stdout=subprocess.PIPE)
        self.server.stdout.readline()

    def lay(self):
        live.Net.ip("link", "add", self.device, "type", "veth", "peer", "name", "veth0", "netns", self.peer)
        for words in ("address", "add", OURS + "/30", "dev", self.device), ("link", "set", self.device, "up"):
            live.Net.ip(*words)
        for words in ("address", "add", THEIRS + "/30", "dev", "veth0"), ("link", "set", "veth0", "up"):
            live.Net.ip("-n", self.peer, *words)

    def cut(self):
        live.Net.ip("link", "del", self.device)

    def chat(self, log):
        subprocess.run([sys.executable, os.path.join(HERE, "chatter.py"), "chat", THEIRS, PORT, log, "10", "0.5"],
                       check=True)

    def close(self):
        if hasattr(self, "server"):
            self.server.kill()
            self.server.wait()
        live.Net.ip("link", "del", self.device, check=False)
        live.Net.ip("netns", "del", self.peer, check=False)


class Service:
    def __init__(self, tests):
        self.tests = tests
        self.scratch = live.Scratch("unit-log")
        self.it = Installed()
        self.line = Line(self.it.device)
        self.findings = self.it.log + "/findings.json"

    def pid(self):
        return int(self.it.show("MainPID"))

    def count(self, rule, path=None):
        return sum(f["rule"]["id"].startswith(rule) for f in live.findings(live.json_lines(path or self.findings)))

    def more_of(self, rule, path=None):
        before = self.count(rule, path)
        self.line.chat(self.scratch("creates"))
        live.wait_until(lambda: self.count(rule, path) > before, f"another finding of {rule}")

    def start(self):
        ran = self.it.systemctl("start", self.it.unit)
        self.tests.equal(ran.returncode, 0, "start: " + ran.stderr + self.it.journal())
        self.tests.equal(self.it.show("SubState"), "running", "it is ready")

    @staticmethod
    def below(pid):
        found = []
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            for child in children.read().split():
                found += [int(child), *Service.below(child)]
        return found

    def rights(self):
        uid = str(pwd.getpwnam(self.it.user).pw_uid)
        processes = [self.pid(), *self.below(self.pid())]
        self.tests.equal(len(processes), 3, "watcher, guard and keeper")
        for pid in processes:
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                seen = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
            wanted = {"CapEff": NONE, "CapPrm": NONE, "CapInh": NONE, "CapAmb": NONE, "NoNewPrivs": "1",
                      "Seccomp": "2", "Uid": "\t".join([uid] * 4)}
            self.tests.equal({key: seen[key] for key in wanted}, wanted, f"{seen['Name']}")

    def refusals(self):
        ours = self.it.lib + "/ring/mine"
        calls = ["socket", "packet", "execve", "ptrace", "clone", "setuid", "exec-memory", "read", "/etc/passwd",
                 "read", self.findings, "write", "/tmp/davscope-was-here", "write", self.it.lib + "/here",
                 "write", ours]
        ran = subprocess.run([os.path.join(live.TOOLS, "inject"), str(self.pid()), *calls],
                             capture_output=True, text=True, check=False)
        if ran.returncode == 3:
            self.tests.skip("calls cannot be injected here: " + ran.stdout + ran.stderr)
            return
        answers = dict(line.rsplit(" ", 1) for line in ran.stdout.splitlines())
        wanted = {call: "EPERM" for call in calls[:7]}
        wanted |= {f"read {path}": "EACCES" for path in ("/etc/passwd", self.findings)}
        wanted |= {f"write {path}": "EACCES" for path in ("/tmp/davscope-was-here", self.it.lib + "/here")}
        self.tests.equal(answers, wanted | {f"write {ours}": "ok"}, "what it is refused" + ran.stderr)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(ours)

    def sinks(self):
        """Files, the journal, a program, metrics: nothing of it may fall to the restrictions."""
        self.more_of("recreate-after-untagged")
        self.more_of("first")
        self.more_of("recreate-after-untagged", self.it.log + "/noted.json")
        live.wait_until(lambda: "created again" in self.it.journal("DAVSCOPE_SEVERITY=critical"), "the journal's")
        with urllib.request.urlopen(f"http://127.0.0.1:{self.it.metrics}/healthz", timeout=live.DEADLINE) as answer:
            self.tests.equal(answer.status, 200, "health")
        owners = {(pwd.getpwuid(s.st_uid).pw_name, stat.S_IMODE(s.st_mode) & 0o007)
                  for top in (self.it.lib, self.it.log) for where, _, names in os.walk(top)
                  for s in map(os.lstat, [where, *(os.path.join(where, name) for name in names)])}
        self.tests.equal(owners, {(self.it.user, 0)}, "whose it is, and that others cannot read it")
        self.it.systemctl("kill", "--kill-who=main", "-s", "USR2", self.it.unit)
        live.wait_until(lambda: any(name.startswith("ring-pinned-") for name in os.listdir(self.it.lib + "/ring")),
                        "a file of the ring that is kept")

    def reload(self):
        pid = self.pid()
        self.it.rule("second")
        self.tests.equal(self.it.systemctl("reload", self.it.unit).returncode, 0, "reload")
        self.more_of("second")
        self.it.rule("third", "=~~")
        self.it.systemctl("reload", self.it.unit)
        live.wait_until(lambda: "nothing was changed" in self.it.journal(), "a word on it in the journal")
        self.tests.check("mine.yaml:6:" in self.it.journal(), "it says where", self.it.journal()[-500:])
        self.more_of("second")
        self.tests.equal((self.pid(), self.count("third")), (pid, 0), "the same process, the rules before")
        self.it.rule("second")

    def logrotate(self):
        if not live.command_is_there("logrotate"):
            self.tests.skip("no command logrotate")
            return
        with open(LOGROTATE, encoding="utf-8") as shipped:
            text = shipped.read().replace("/var/log/davscope", self.it.log).replace("davscope@", self.it.name + "@")
        group = grp.getgrgid(pwd.getpwnam(self.it.user).pw_gid).gr_name
        write(self.scratch("conf"), text.replace("su davscope davscope", f"su {self.it.user} {group}"))
        ran = subprocess.run(["logrotate", "-f", "-s", self.scratch("state"), self.scratch("conf")],
                             capture_output=True, text=True, check=False)
        self.tests.equal((ran.returncode, ran.stderr), (0, ""), "logrotate")
        self.more_of("second")
        old = live.findings(live.json_lines(self.findings + ".1"))
        ids = [(f["id"], f["finding"].get("update", 0))
               for f in old + live.findings(live.json_lines(self.findings))]
        self.tests.check(old and len(ids) == len(set(ids)), "each finding once", len(old), len(ids), len(set(ids)))

    def again(self, what, before):
        """Another process runs, and finds."""
        live.wait_until(lambda: self.it.show("SubState") == "running" and self.pid() not in (0, before), what)
        self.more_of("second")

    def restarts(self):
        self.it.watchdog("2")
        self.it.systemctl("restart", self.it.unit)
        pid = self.pid()
        os.kill(self.below(pid)[-1], signal.SIGKILL)
        self.more_of("second")
        self.tests.equal((self.pid(), len(self.below(pid))), (pid, 2), "another keeper, the same watcher")
        os.kill(pid, signal.SIGSTOP)
        self.again("a restart by the watchdog", pid)
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        self.again("a restart after a crash", pid)
        pid, counted = self.pid(), int(self.it.show("NRestarts"))
        self.line.cut()
        live.wait_until(lambda: int(self.it.show("NRestarts")) > counted + 1, "restarts without the interface")
        live.wait_until(lambda: self.it.show("ExecMainStatus") == "3", "an end with status 3")
        self.line.lay()
        self.again("a restart when the interface is back", pid)

    def mistake(self):
        """It does not go away by itself, so there is no other start."""
        write(self.it.etc + "/davscope.yaml", "nonsense: 1\n")
        ran = self.it.systemctl("restart", self.it.unit)
        self.tests.check(ran.returncode != 0, "a wrong configuration is no start")
        seen = tuple(self.it.show(key) for key in ("ActiveState", "ExecMainStatus", "NRestarts"))
        self.tests.equal(seen, ("failed", "2", "0"), "it stays away")
        self.tests.check("davscope.yaml:1:" in self.it.journal(), "the journal says why", self.it.journal()[-500:])

    def stop(self):
        ran = self.it.systemctl("stop", self.it.unit)
        self.tests.equal((ran.returncode, self.it.show("ActiveState")), (0, "inactive"), "the end")
        left = [name for name in os.listdir(self.it.lib + "/ring") if name.endswith(".part")]
        self.tests.equal(left, [], "no file of the ring is left unfinished")
        for word in "libcap-ng", "sandbox":
            self.tests.check(word not in self.it.journal(), f"nobody complains of {word}")

    def run(self):
        for step in (self.start, self.rights, self.sinks, self.refusals, self.reload, self.logrotate, self.restarts,
                     self.stop, self.start, self.mistake):
            step()


def main():
    tests = live.Tests()
    analyzed(tests)
    why = systemd_is_first() or live.namespaces_allowed()
    if why:
        tests.skip(why)
        tests.end()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # no service stays behind
    service = Service(tests)
    try:
        service.run()
    except (TimeoutError, RuntimeError, OSError, subprocess.CalledProcessError) as error:
        tests.check(False, "the service does its work", repr(error), service.it.journal()[-2000:],
                    service.it.systemctl("status", service.it.unit).stdout)
    tests.end()


if __name__ == "__main__":
    main()
