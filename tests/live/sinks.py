#!/usr/bin/env python3
"""Sinks that are down, full or slow, all kinds at once: no finding is lost, and the counters are exact.

A client writes items whose findings must arrive everywhere. Each trouble lasts OUTAGE seconds (2; the long
run has 60), in the middle of which the keeper is killed; findings of the last moments before that may come
twice, which their id and update tell. Servers, monitor and file systems live in namespaces of this test.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import chatter
import live
import sinkservers

OUTAGE = float(os.environ.get("OUTAGE", "2"))
BURST = int(os.environ.get("BURST", "1500"))
STORED = BURST // 5  # findings: what the burst may leave on the disk
QUEUED = BURST // 10
PORT, HOOK, SYSLOG, METRICS = 8080, 8081, 8082, 9920
JOURNAL = "/run/systemd/journal"
RULE = """\
davscope_rules: 1
rules:
  - id: seen
    title: Every PUT
    event: transaction
    condition: http.request.method == "PUT"
    severity: low
    output: "{http.request.target}"
"""


class Client:
    """Writes items, one at a time: each answer is there before the next."""

    def __init__(self):
        listener = socket.create_server(("127.0.0.1", PORT))
        threading.Thread(target=chatter.serve, args=(listener, True), daemon=True).start()
        self.connection = self.stream = None
        self.n = 0

    def connect(self):
        """A monitor sees a connection from its beginning."""
        if self.connection is not None:
            self.stream.close()
            self.connection.close()
        self.connection = socket.create_connection(("127.0.0.1", PORT))
        self.stream = self.connection.makefile("rb")

    def put(self, n):
        for _ in range(n):
            self.n += 1
            chatter.create(self.connection, self.stream, f"u{self.n}", 1)


def steps_back(got, told):
    """How often one comes that is not behind the one before it."""
    place = {n: i for i, n in enumerate(told)}
    places = [place.get(n, -1) for n in got]
    return sum(here <= before for before, here in zip(places, places[1:]))


class Scene:
    """A monitor with its sinks; the file `log` is what all others are measured by."""

    def __init__(self, tests, client, name, alerts, *options):
        self.tests, self.client, self.name, self.options = tests, client, name, options
        self.scratch = live.Scratch("sinks-" + name)
        self.out = self.scratch.directory("out")
        self.state = self.scratch.directory("state")
        self.log = os.path.join(self.out, "log.jsonl")
        self.rules, self.config = self.scratch("seen.yaml"), self.scratch("davscope.yaml")
        self.seen, self.monitor = 0, None
        self.write(self.rules, RULE)
        self.write(self.config, "alerts:\n- {name: log, to: file, path: %s}\n" % self.log + alerts(self))

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="ascii") as out:
            out.write(text)

    def mount(self, directory, size):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700,uid=nobody", "tmpfs", directory],
                       check=True)
        live.atexit.register(subprocess.run, ["umount", "--lazy", directory], check=False)

    def begin(self):
        self.monitor = live.Monitor(
            self.scratch, "-i", "lo", "-f", f"tcp port {PORT}", "-Z", "nobody", "--config", self.config,
            "-R", self.rules, "--state", self.state, "--metrics", f"127.0.0.1:{METRICS}", "--sandbox", "require",
            "--limit", "sink_backoff_ms=20", *self.options)
        self.tests.monitor = self.monitor
        self.client.connect()

    def end(self):
        self.tests.equal(self.monitor.stop(), 0, f"{self.name}: the end")
        self.tests.check("evidence: incomplete" not in self.monitor.said(), "nothing was lost on the way in",
                         self.monitor.said())

    def kill_keeper(self):
        """Its successor has said something when this is over."""
        before = self.monitor.keeper()
        os.kill(before, signal.SIGKILL)
        live.wait_until(lambda: self.monitor.keeper() not in (None, before), "another keeper")

    # ---- what must be there ----

    def put(self, n):
        self.client.put(n)
        self.seen += n

    def put_killing(self, n):
        """The keeper dies while they are written."""
        thread = threading.Thread(target=self.put, args=(n,))
        thread.start()
        self.kill_keeper()
        thread.join()

    def told(self):
        """Each finding once, in order."""
        return list(dict.fromkeys(sinkservers.file_numbers(self.log))) if os.path.exists(self.log) else []

    def wait_told(self):
        """All that was written is found, and nothing more comes of it."""
        def of_rule():
            lines = live.findings(live.json_lines(self.log))
            return len({sinkservers.number_of(f) for f in lines if f["rule"]["id"] == "seen"})
        live.wait_until(lambda: of_rule() >= self.seen, f"{self.name}: findings of {self.seen} items")
        self.tests.equal(of_rule(), self.seen, f"{self.name}: one finding an item")

    def wait_all(self, what, got, seconds=live.DEADLINE):
        try:
            live.wait_until(lambda: len(set(got())) >= len(self.told()), f"{self.name}: all findings in {what}",
                            seconds)
        except TimeoutError as error:
            self.tests.check(False, error, len(set(got())), "of", len(self.told()))

    def same(self, what, got, kills=0):
        """All, in order; of a keeper that was killed the next one goes back to what was stored, once."""
        once, told = list(dict.fromkeys(got)), self.told()
        self.tests.check(once == told, f"{self.name}: {what} has all findings in order", len(once), len(told),
                         [n for n in told if n not in once][:5], [n for n in once if n not in told][:5])
        self.tests.check(steps_back(got, told) <= kills, f"{self.name}: {what} has findings twice",
                         len(got) - len(once), steps_back(got, told))

    def metric(self, name, sink, kind=None):
        label = f'{{sink="{sink}"' + (f',kind="{kind}"' if kind else "") + "}"
        return (sinkservers.metrics(METRICS) or {}).get(f"davscope_sink_{name}{label}")

    def wait_metric(self, wanted, name, sink, kind=None):
        try:
            live.wait_until(lambda: self.metric(name, sink, kind) == wanted, f"{self.name}: {name} of {sink}")
        except TimeoutError as error:
            self.tests.check(False, error, "seen:", self.metric(name, sink, kind), "wanted:", wanted)

    def outage(self, middle):
        """So long something is broken, and in the middle of it something happens."""
        half = OUTAGE / 2
        for step in range(2):
            until = time.monotonic() + half
            while time.monotonic() < until:
                self.put(10)
                live.select.select([], [], [], half / 10)
            if step == 0:
                middle()


# ---- a server that is down; a keeper that dies; a restart meanwhile ----

def alerts_of_all_kinds(scene):
    return f"""\
- {{name: syslog, to: syslog, transport: tcp, host: 127.0.0.1, port: {SYSLOG}}}
- {{name: socket, to: socket, path: {scene.scratch("socket")}}}
- {{name: hook, to: webhook, url: "http://127.0.0.1:{HOOK}/alerts"}}
- {{name: program, to: program, program: [/usr/bin/tee, -a, {scene.out}/program]}}
- {{name: journal, to: journal}}
"""


def journal_fields(tests, journal):
    tests.equal(journal.bad, [], "the journal can read all of it")
    for fields in journal.fields:
        wanted = {"PRIORITY", "SYSLOG_IDENTIFIER", "MESSAGE", "DAVSCOPE_KIND", "DAVSCOPE_RULE", "DAVSCOPE_SEVERITY",
                  "DAVSCOPE_OUTCOME", "DAVSCOPE_ID", "DAVSCOPE_UPDATE", "DAVSCOPE_JSON"}
        if not tests.check(wanted <= set(fields), "fields of the journal", sorted(fields)):
            return
    seen = next(f for f in journal.fields if f["DAVSCOPE_RULE"] == "seen")
    tests.equal((seen["PRIORITY"], seen["SYSLOG_IDENTIFIER"], seen["DAVSCOPE_SEVERITY"], seen["DAVSCOPE_KIND"]),
                ("5", "davscope", "low", "finding"), "what they say")
    tests.check(seen["MESSAGE"].startswith("Every PUT: /cal/anna/u"), "the message", seen["MESSAGE"])
    record = sinkservers.json.loads(seen["DAVSCOPE_JSON"])
    tests.equal(sinkservers.number_of(record), (seen["DAVSCOPE_ID"], int(seen["DAVSCOPE_UPDATE"])), "its JSON")


def server_down(tests, client):
    scene = Scene(tests, client, "down", alerts_of_all_kinds)
    syslog, local = sinkservers.Syslog(SYSLOG), sinkservers.Local(scene.scratch("socket"))
    journal, hook = sinkservers.Journal(JOURNAL + "/socket"), sinkservers.Hook(HOOK)
    program = os.path.join(scene.out, "program")
    quick = {"syslog": lambda: syslog.got, "socket": lambda: local.got, "journal": lambda: journal.got,
             "program": lambda: sinkservers.program_numbers(program)}

    def all_but_the_hook():
        scene.wait_told()
        for what, got in quick.items():
            scene.wait_all(what, got)

    hook.up()
    scene.begin()
    scene.put(30)
    all_but_the_hook()
    scene.wait_all("hook", lambda: hook.got)
    for what in (*quick, "hook"):
        scene.wait_metric(len(scene.told()), "delivered_total", what, "finding")
        scene.wait_metric(0, "dropped_total", what, "finding")
        scene.wait_metric(0, "queue_records", what)
    for what, got in (*quick.items(), ("hook", lambda: hook.got)):
        scene.same(what, got())
    hook.down()
    before = len(hook.got)
    scene.outage(lambda: scene.put_killing(40))
    all_but_the_hook()
    live.wait_until(lambda: scene.metric("failing", "hook") == 1, "a hook that fails")
    scene.wait_metric(0, "delivered_total", "hook", "finding")
    doubled = {what: len(got()) - len(set(got())) for what, got in quick.items()}
    scene.end()
    scene.begin()
    scene.put(20)
    all_but_the_hook()
    tests.equal(len(hook.got), before, "a hook that is down")
    hook.up()
    scene.wait_all("hook", lambda: hook.got)
    scene.wait_metric(len(scene.told()) - before, "delivered_total", "hook", "finding")
    scene.wait_metric(0, "queue_records", "hook")
    scene.wait_metric(0, "dropped_total", "hook", "finding")
    scene.end()
    scene.same("hook", hook.got)
    for what, got in quick.items():
        scene.same(what, got(), 1)
        tests.equal(len(got()) - len(set(got())), doubled[what], f"{what}: twice behind the kill alone")
    tests.equal(syslog.bad + local.bad, [], "messages are whole")
    journal_fields(tests, journal)
    print(f"server down: {len(scene.told())} findings, twice after the kill: {doubled}")
    hook.down()


# ---- full disks ----

def disk_full(tests, client):
    def alerts(scene):
        return (f"- {{name: small, to: file, path: {scene.small}/small.jsonl}}\n"
                f"- {{name: hook, to: webhook, url: 'http://127.0.0.1:{HOOK}/alerts'}}\n")

    class Small(Scene):
        @property
        def small(self):
            return self.scratch("small")

    scene = Small(tests, client, "full", alerts)
    os.mkdir(scene.small)
    scene.mount(scene.small, "2m")
    scene.mount(scene.state, "4m")
    hook, path = sinkservers.Hook(HOOK), os.path.join(scene.small, "small.jsonl")
    scene.begin()
    scene.put(10)
    scene.wait_told()
    scene.wait_all("small", lambda: sinkservers.file_numbers(path))
    filler = sinkservers.fill(scene.small)

    def middle():
        scene.put_killing(20)
        sinkservers.file_numbers(path)

    scene.outage(middle)
    scene.wait_told()
    live.wait_until(lambda: scene.metric("failing", "small") == 1, "a file that is full")
    tests.check(len(sinkservers.file_numbers(path)) < len(scene.told()), "a full disk takes no more")
    os.unlink(filler)
    scene.wait_all("small", lambda: sinkservers.file_numbers(path))
    scene.same("small", sinkservers.file_numbers(path))
    state_full(scene, hook)
    scene.same("small", sinkservers.file_numbers(path), 1)
    hook.down()


def state_full(scene, hook):
    """Findings go out though they cannot be stored; what the hook lacks waits in memory, also over a kill."""
    filler = sinkservers.fill(scene.state)
    scene.put(20)
    scene.outage(lambda: scene.put_killing(20))
    scene.wait_told()
    said = scene.monitor.said()
    scene.tests.check("the state directory: " in said, "the full disk is told of", said[-500:])
    os.unlink(filler)
    live.wait_until(lambda: "HTTP/1.1 200" in healthz() or "HTTP/1.0 200" in healthz(), "a state that is written")
    live.wait_until(lambda: stored(scene) >= len(scene.told()), "all findings on the disk")
    scene.end()
    scene.begin()
    scene.put(5)
    scene.wait_told()
    hook.up()
    scene.wait_all("hook", lambda: hook.got)
    scene.end()
    scene.same("hook", hook.got)
    print(f"disk full: {len(scene.told())} findings;", said.count("the state directory"), "lines about it")


def stored(scene):
    """The command reads what is committed, also while a keeper has it."""
    shown = subprocess.run([live.DAVSCOPE, "state", "show", "--state", scene.state],
                           capture_output=True, text=True, check=False)
    return int(re.search(r"^findings\D+(\d+)", shown.stdout, re.M).group(1))


def healthz():
    try:
        with socket.create_connection(("127.0.0.1", METRICS), live.DEADLINE) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return connection.recv(4096).decode()
    except OSError:
        return ""


# ---- a slow reader ----

def slow_reader(tests, client):
    def alerts(scene):
        return (f"- {{name: slow, to: socket, path: {scene.scratch('slow')}, records: all}}\n"
                f"- {{name: quick, to: socket, path: {scene.scratch('quick')}, records: all}}\n")

    scene = Scene(tests, client, "slow", alerts, "--limit", "sink_records=500")
    slow, quick = sinkservers.Local(scene.scratch("slow")), sinkservers.Local(scene.scratch("quick"))
    slow.reads.clear()
    scene.begin()

    def sums(sink):
        """Of all records that are no findings."""
        parts = [scene.metric(name, sink, "other") for name in ("delivered_total", "dropped_total")]
        return None if None in parts else sum(parts)

    def settled():
        slow_sum, quick_sum = sums("slow"), sums("quick")
        return slow_sum == quick_sum and slow_sum is not None

    scene.put(300)
    scene.outage(lambda: None)
    scene.wait_told()
    live.wait_until(lambda: scene.metric("dropped_total", "slow", "other"), "records that give way")
    scene.tests.equal(scene.metric("dropped_total", "slow", "finding"), 0, "findings stay")
    slow.reads.set()
    scene.wait_all("slow", lambda: slow.got)
    scene.wait_metric(0, "queue_records", "slow")
    scene.wait_metric(0, "queue_records", "quick")
    live.wait_until(settled, "sent = delivered + dropped")
    live.wait_until(lambda: scene.metric("delivered_total", "slow", "other") == slow.others, "delivered is read")
    scene.wait_metric(len(scene.told()), "delivered_total", "slow", "finding")
    scene.same("slow", slow.got)
    print("slow reader:", int(scene.metric("dropped_total", "slow", "other")), "of", int(sums("slow")),
          "records gave way,", len(slow.got), "findings")
    slow.reads.clear()
    scene.put(100)
    scene.put_killing(100)
    scene.wait_told()
    slow.reads.set()
    scene.wait_all("slow", lambda: slow.got)
    scene.end()
    scene.same("slow", slow.got, 1)
    scene.tests.equal(slow.bad + quick.bad, [], "lines are whole")


# ---- many at once ----

def rss(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def burst(tests, client):
    scene = Scene(tests, client, "burst", lambda _: f"- {{name: hook, to: webhook, url: 'http://127.0.0.1:{HOOK}/'}}\n",
                  "--limit", f"findings_stored={STORED}", "--limit", f"sink_records={QUEUED}")
    hook = sinkservers.Hook(HOOK)
    hook.gap = 0.1
    hook.up()
    scene.begin()
    scene.put(BURST // 10)
    scene.wait_told()
    before = rss(scene.monitor.keeper())
    scene.put(BURST - BURST // 10)
    scene.wait_told()
    after = rss(scene.monitor.keeper())
    told = scene.told()
    tests.check(after - before < 16384, "the memory of the keeper", before, after)
    live.wait_until(lambda: (sinkservers.metrics(METRICS) or {}).get("davscope_findings_lost_total"), "lost ones")
    hook.gap = 0
    live.wait_until(lambda: hook.got and hook.got[-1] == told[-1], "the last one")
    scene.wait_metric(0, "queue_records", "hook")
    page = sinkservers.metrics(METRICS)
    lost = page["davscope_findings_lost_total"]
    dropped = page['davscope_sink_dropped_total{sink="hook",kind="finding"}']
    missing = [n for n in told if n not in set(hook.got)]
    arrived = set(hook.got)
    tests.check(hook.got == [n for n in told if n in arrived], "those that arrive are in order, each once")
    tests.check(len(missing) <= len(told) - STORED, "those that are stored arrive", len(missing), len(told))
    tests.check(len(missing) == lost + dropped, "what does not arrive is counted", len(missing), lost, dropped)
    tests.equal(page['davscope_sink_delivered_total{sink="hook",kind="finding"}'], len(hook.got), "delivered")
    print(f"burst: {len(told)} findings, {len(hook.got)} delivered, {len(missing)} missing, {lost:.0f} counted as"
          f" lost; the keeper {before} -> {after} KiB")
    # As many as fit on the disk, and a keeper that is killed: none is missing.
    hook.gap, already, first = 0.1, len(hook.got), len(told)
    scene.put(QUEUED)
    scene.put_killing(STORED - QUEUED)
    scene.wait_told()
    hook.gap = 0
    live.wait_until(lambda: hook.got[-1] == scene.told()[-1], "the last one of those that fit")
    later = [n for n in hook.got[already:] if n not in set(told)]
    tests.check(list(dict.fromkeys(later)) == scene.told()[first:], "those that fit arrive, in order", len(later))
    tests.check(steps_back(hook.got, scene.told()) <= 1, "twice at most what was not stored when it was killed",
                len(hook.got) - len(set(hook.got)))
    scene.end()
    hook.down()


SCENES = [server_down, disk_full, slow_reader, burst]


def inside():
    """In a network namespace and a mount namespace of our own, which end with us."""
    tests = live.Tests()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run"], check=True)
    os.makedirs(JOURNAL)
    client = Client()
    for scene in SCENES:
        if sys.argv[2:] and scene.__name__ not in sys.argv[2:]:
            continue
        begun = time.monotonic()
        try:
            scene(tests, client)
        except (TimeoutError, RuntimeError, ValueError) as error:
            if live.lacks_sandbox(error):
                tests.skip(f"not all of the sandbox is to be had: {error}")
                break
            tests.check(False, scene.__name__, "ends", repr(error), tests.monitor.said()[-3000:])
            tests.monitor.kill()
        print(f"{scene.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
    tests.end()


def main():
    if sys.argv[1:2] == ["inside"]:
        inside()
    why = live.namespaces_allowed()
    if why is None and not live.command_is_there("unshare"):
        why = "no command unshare"
    if why:
        tests = live.Tests()
        tests.skip(why)
        tests.end()
    os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation", "private", sys.executable, __file__,
                          "inside", *sys.argv[1:]])


if __name__ == "__main__":
    main()
