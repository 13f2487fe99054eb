#!/usr/bin/env python3
"""What is written, when the world is against it: links, modes, full and broken disks, a kill at any moment,
readers that go away; and what the process keeps to itself.

N: kills at random moments, each (8). What needs root, or what this system has not, is skipped and said.
Ends with "N passed, N failed, N skipped".
"""
import os
import pwd
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
DAVSCOPE = os.path.abspath(os.environ.get("DAVSCOPE", os.path.join(ROOT, "davscope")))
REFUSE = os.path.join(BUILD, "tests/tool/refuse")
KILLS = int(os.environ.get("N", "8"))
SAMPLE = os.path.join(ROOT, "samples/fault-strip-vdirsyncer.pcap")
SCENARIO = os.path.join(ROOT, "samples/play/kb923164.yaml")
RULES = os.path.join(ROOT, "tests/cmd/rules.yaml")
OLD = b"the old one"
KEY = "0" * 32

# What writes a file, without its name; by the name comes the ending.
WRITERS = {
    "slice.pcapng": ["-r", SAMPLE, "-q", "-w"],
    "scrubbed.pcapng": ["scrub", SAMPLE, "--key", KEY, "-o"],
    "scrubbed.pcap": ["scrub", SAMPLE, "--key", KEY, "-o"],
    "played.pcap": ["machine", "play", SCENARIO, "-w"],
}
# What writes to standard output.
PRINTERS = [
    ["-r", SAMPLE], ["-r", SAMPLE, "-T", "json"], ["-r", SAMPLE, "-q"], ["-r", SAMPLE, "--explain"],
    ["-r", SAMPLE, "-T", "fields", "-e", "ts", "-e", "http.request.method"],
    ["-r", SAMPLE, "--workers", "0"], ["-r", SAMPLE, "-R", RULES],
    ["scrub", SAMPLE, "-o", "-"],
    ["verify", "--before", SAMPLE, "--after", SAMPLE], ["verify", "--before", SAMPLE, "--after", SAMPLE,
                                                        "--format", "json"],
    ["machine", "show"], ["machine", "profiles"], ["machine", "fit", SAMPLE],
    ["machine", "fit", SAMPLE, "--format", "json"], ["machine", "play", SCENARIO],
    ["rules", "list"], ["rules", "fields"], ["rules", "explain", "commit-without-change-tag"],
    ["rules", "show", "commit-without-change-tag"], ["rules", "list", "--format", "json"],
    ["rules", "check", RULES], ["rules", "test", RULES],
    ["config", "check", os.path.join(ROOT, "dist/davscope.yaml")],
    ["--list", "limits"], ["--list", "anomalies"], ["--list", "fields"], ["--help"], ["--version"],
    ["help", "rules"], ["-D"],
]


class Skip(Exception):
    pass


class Place:
    """A directory, and what is in it."""

    def __init__(self, parent=None):
        self.path = tempfile.mkdtemp(prefix="davscope-outputs-", dir=parent)
        os.chmod(self.path, 0o755)

    def __call__(self, name):
        return os.path.join(self.path, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def put(self, name, what=OLD):
        with open(self(name), "wb") as f:
            f.write(what)

    def holds(self, name):
        with open(self(name), "rb") as f:
            return f.read()

    def names(self):
        return sorted(os.listdir(self.path))


def start(args, out=subprocess.PIPE, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen([DAVSCOPE, *args], stdout=out, stderr=subprocess.PIPE, **more)


def done(args, before=(), **more):
    ran = subprocess.run([*before, DAVSCOPE, *args], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                         **more)
    return ran.returncode, ran.stderr.decode()


def said_lines(said):
    return [line for line in said.splitlines() if " on 127.0.0.1:" not in line
            and "in a build with sanitizers" not in line]


def whole(name):
    """What it is when nothing is in the way."""
    if name not in whole.known:
        with Place() as place:
            code, said = done([*WRITERS[name], place(name)])
            assert code == 0, said
            assert place.names() == [name]
            whole.known[name] = place.holds(name)
    return whole.known[name]


whole.known = {}


def fails(place, name, args, before=(), **more):
    """Exit 5, one line, and the old file, alone."""
    place.put(name)
    code, said = done(args, before, **more)
    assert code == 5, f"exit code {code}: {said}"
    assert len(said_lines(said)) == 1, said
    assert place.names() == [name] and place.holds(name) == OLD, place.names()


# ---- names and modes ----

def modes(name):
    for mask in 0o000, 0o022:
        with Place() as place:
            place.put(name)
            os.chmod(place(name), 0o644)
            code, said = done([*WRITERS[name], place(name)], preexec_fn=lambda: os.umask(mask))
            assert code == 0, said
            assert os.stat(place(name)).st_mode & 0o7777 == 0o600, f"umask {mask:o}"
            assert place.holds(name) == whole(name)


def links(name):
    for target in "victim", "nowhere":
        with Place() as place:
            place.put("victim")
            os.symlink(target, place(name))
            code, said = done([*WRITERS[name], place(name)])
            assert code == 5 and len(said_lines(said)) == 1, f"{code} {said}"
            assert place.names() == sorted([name, "victim"])
            assert os.readlink(place(name)) == target and place.holds("victim") == OLD


def planted(name):
    """Whoever knows the number of the process may put a link in the way of the temporary file."""
    with Place() as place:
        place.put("victim")

        def plant():
            for i in range(3):
                os.symlink("victim", place(f"{name}.{os.getpid()}-{i}.part"))
        code, said = done([*WRITERS[name], place(name)], preexec_fn=plant)
        assert code == 0, said
        assert place.holds("victim") == OLD and place.holds(name) == whole(name)


# ---- the disk ----

def too_large(name):
    with Place() as place:
        fails(place, name, [*WRITERS[name], place(name)],
              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512)))


def no_such_directory(name):
    with Place() as place:
        code, said = done([*WRITERS[name], place("not/there")])
        assert code == 5 and len(said_lines(said)) == 1, f"{code} {said}"
        assert place.names() == []


def read_only(name):
    """As somebody whom it is forbidden: root may everything."""
    somebody = as_nobody()
    with Place() as place:
        fails(place, name, [*WRITERS[name], place(name)], preexec_fn=somebody)


def full_disk(name):
    """A file system with no room left, in a name space of mounts of its own."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise Skip("needs root, to mount")
    script = 'mount -t tmpfs -o size=8k,mode=755 none "$0" && printf old >"$0/$1" && shift 1 && ' \
             '"$@" >/dev/null; code=$?; cat "$0"/*; ls "$0"; exit $code'
    with Place() as place:
        ran = subprocess.run(["unshare", "-m", "sh", "-c", script, place.path, name, DAVSCOPE, *WRITERS[name],
                              place(name)], capture_output=True, check=False)
        if b"mount:" in ran.stderr:
            raise Skip("mounting is not allowed")
        assert ran.returncode == 5 and len(said_lines(ran.stderr.decode())) == 1, ran
        assert ran.stdout == b"old" + name.encode() + b"\n", ran.stdout


def broken_disk(name):
    can_refuse()
    for calls in "write", "fsync", "renameat,renameat2", "pwrite64":
        if calls == "pwrite64" and not name.startswith("scrubbed"):
            continue
        with Place() as place:
            fails(place, name, [*WRITERS[name], place(name)], before=[REFUSE, calls, "EIO"])


def full_output(args):
    with open("/dev/full", "wb") as full:
        child = start(args, out=full)
        said = child.communicate()[1].decode()
    lines = [line for line in said_lines(said) if "standard output" in line or "No space" in line]
    assert child.returncode == 5 and len(lines) == 1, f"{child.returncode} {said}"


# ---- kills ----

def killed_at(name):
    """At the calls that count; the next run tidies up."""
    can_refuse()
    for calls, left in ("write", 1), ("fsync", 1), ("renameat,renameat2", 1), ("unlinkat", 0):
        with Place() as place:
            place.put(name)
            code, said = done([*WRITERS[name], place(name)], before=[REFUSE, calls, "kill"])
            assert code in (0, -signal.SIGSYS), f"{calls}: {code} {said}"
            if code == 0:
                assert left == 0, f"{calls} is not called"
            else:
                assert place.holds(name) == OLD and len(place.names()) == 2, f"{calls}: {place.names()}"
            code, said = done([*WRITERS[name], place(name)])
            assert code == 0 and place.names() == [name], f"{calls}: {place.names()}"
            assert place.holds(name) == whole(name)


def killed_any_time(name):
    """The old one or the new one, never a part. The moments gather where the one becomes the other."""
    seen = set()
    dice = random.Random(name)
    begun = time.monotonic()
    with Place() as place:
        done([*WRITERS[name], place(name)])
        moment = time.monotonic() - begun
        for n in range(20 * KILLS):  # until both were seen
            if n >= KILLS and len(seen) == 2:
                break
            place.put(name)
            child = start([*WRITERS[name], place(name)], out=subprocess.DEVNULL)
            time.sleep(moment * dice.uniform(0.7, 1.3))
            child.kill()
            child.communicate()
            is_now = place.holds(name)
            assert is_now in (OLD, whole(name)), "a part of a file"
            moment *= 1.3 if is_now == OLD else 0.75
            seen.add(is_now)
        code, said = done([*WRITERS[name], place(name)])
        assert code == 0 and place.names() == [name], f"{said} {place.names()}"
    assert len(seen) == 2, "all of them were too early, or too late"


def at_the_same_time(_):
    """What another run is writing is none of the strays."""
    name = "slice.pcapng"
    with open(SAMPLE, "rb") as f:
        sample = f.read()
    with Place() as place:
        child = start(["-r", "-", "-q", "-w", place(name)], stdin=subprocess.PIPE)
        child.stdin.write(sample[:100])
        child.stdin.flush()
        deadline = time.monotonic() + 30
        while not place.names() and time.monotonic() < deadline:
            time.sleep(0.01)
        part = place.names()
        assert len(part) == 1, part
        code, said = done([*WRITERS[name], place(name)])
        assert code == 0 and place.names() == sorted([name, *part]), f"{said} {place.names()}"
        child.communicate(sample[100:])
        assert child.returncode == 0 and place.names() == [name]
        assert place.holds(name) == whole(name)


# ---- readers that go away ----

def nobody_reads(args):
    """From the start, and after the first line."""
    for lines in 0, 1:
        if lines and args[0] == "scrub":  # all of it is in the pipe when the first line is read
            continue
        if lines:
            child = start(args)
            child.stdout.readline()
            child.stdout.close()
        else:
            reading, writing = os.pipe()
            os.close(reading)
            child = start(args, out=writing)
            os.close(writing)
        said = child.stderr.read().decode()
        code = child.wait()
        wanted = 0, ""
        if args[0] == "verify" or args[:2] == ["rules", "check"]:  # a verdict; complaints on standard error
            wanted = done(args)
        assert (code, said_lines(said)) == (wanted[0], said_lines(wanted[1])), f"after {lines} lines: {code} {said}"


# ---- the process ----

def as_nobody():
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise Skip("there is no user nobody") from None

    def become():
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
    if subprocess.run([DAVSCOPE, "-r", SAMPLE, "-q"], capture_output=True, preexec_fn=become,
                      check=False).returncode != 0:
        raise Skip("nobody may not come here")
    return become


def can_refuse():
    if subprocess.run([REFUSE, "ptrace", "EIO", "/bin/true"], capture_output=True, check=False).returncode != 0:
        raise Skip("no filter of system calls here")
    if "sanitizers" in done(["-r", SAMPLE, "-q", "--sandbox", "require"])[1]:
        raise Skip("sanitizers use these calls themselves")


def private(_):
    """No core file, and no other process of the same user looks in: what is in /proc belongs to root then."""
    for sandbox in "auto", "off":
        child = start(["-r", "-", "--sandbox", sandbox], stdin=subprocess.PIPE, preexec_fn=as_nobody())
        with open(SAMPLE, "rb") as f:
            child.stdin.write(f.read(100))
        child.stdin.flush()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with open(f"/proc/{child.pid}/limits", encoding="ascii") as f:
                cores = [line.split()[4:6] for line in f if line.startswith("Max core file size")]
            owner = os.stat(f"/proc/{child.pid}/environ").st_uid
            if cores == [["0", "0"]] and owner == 0:
                break
            time.sleep(0.01)
        with open(f"/proc/{child.pid}/status", encoding="ascii") as f:
            user = [line.split()[1] for line in f if line.startswith("Uid:")]
        child.communicate()
        assert cores == [["0", "0"]], cores
        if "sanitizers" in done(["-r", SAMPLE, "-q", "--sandbox", "require"])[1]:
            raise Skip("a build with sanitizers can be traced")
        assert owner == 0 and user != ["0"], f"{sandbox}: owner {owner}, user {user}"


def set_uid(_):
    """Of each of the three programs."""
    if os.geteuid() != 0:
        raise Skip("needs root, to give a program to somebody else")
    nobody = pwd.getpwnam("nobody")
    for bits in 0o4755, 0o2755:
        for program in "", "-play", "-keeper":
            with Place() as place:
                copy = shutil.copy(DAVSCOPE + program, place("copy"))
                os.chown(copy, nobody.pw_uid, nobody.pw_gid)
                os.chmod(copy, bits)
                if os.statvfs(place.path).f_flag & os.ST_NOSUID:
                    raise Skip("no set-uid programs on this file system")
                ran = subprocess.run([copy, "machine", "play", SCENARIO], capture_output=True, check=False)
                assert ran.returncode == 2 and ran.stdout == b"", ran
                assert ran.stderr == b"davscope: must not be installed set-uid or set-gid\n", ran


TESTS = [(test, name) for name in WRITERS for test in
         (modes, links, planted, too_large, no_such_directory, read_only, full_disk, broken_disk, killed_at,
          killed_any_time)]
TESTS += [(test, None) for test in (at_the_same_time, private, set_uid)]
TESTS += [(test, args) for args in PRINTERS for test in (nobody_reads, full_output)]


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for test, what in TESTS:
        label = what if isinstance(what, str) or what is None else " ".join(what)
        try:
            test(what)
            result = "passed"
        except Skip as why:
            result = "skipped"
            print(f"skipped {test.__name__} {label}: {why}")
        except AssertionError as why:
            result = "failed"
            print(f"FAIL {test.__name__} {label}: {why}")
        counts[result] += 1
    print(", ".join(f"{n} {result}" for result, n in counts.items()))
    sys.exit(counts["failed"] != 0)


if __name__ == "__main__":
    main()
