"""What the live tests share: network namespaces of their own, a monitor, and waiting for what shall happen.

Everything that is made here is taken away again, also when a test fails; only processes that were started
here are ended. Waiting ends when the thing has happened, or at a deadline, which fails the test.
"""
import atexit
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
DAVSCOPE = os.path.abspath(os.environ.get("DAVSCOPE", "./davscope"))
TOOLS = os.path.abspath(os.path.join(BUILD, "tests/tool"))
DEADLINE = float(os.environ.get("DEADLINE", "30"))


class Tests:
    """Counts, and the closing line that the runner reads."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, good, what, *details):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAIL:", what, *details, flush=True)
        return bool(good)

    def equal(self, seen, wanted, what):
        return self.check(seen == wanted, what, "seen:", seen, "wanted:", wanted)

    def skip(self, why):
        self.skipped += 1
        print("skipped:", why, flush=True)

    def end(self):
        tail = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{tail}")
        sys.exit(self.failed != 0)


def command_is_there(name):
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is not None


def namespaces_allowed():
    """Why not, or None."""
    if os.geteuid() != 0:
        return "not root, and network namespaces need it"
    if not command_is_there("ip"):
        return "no command ip"
    name = f"dst{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return "network namespaces are not allowed: " + made.stderr.strip()
    pair = subprocess.run(["ip", "-n", name, "link", "add", "v0", "type", "veth", "peer", "name", "v1"],
                          capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], check=True)
    return None if pair.returncode == 0 else "pairs of interfaces cannot be made: " + pair.stderr.strip()


def lacks_sandbox(error):
    """A monitor did not begin as --sandbox require was more than kernel or build have."""
    return isinstance(error, RuntimeError) and "davscope: sandbox: " in str(error)


def is_busy():
    """Others want so much of this machine that nothing can be said of speed."""
    return os.getloadavg()[0] > 3 * (os.cpu_count() or 1)


def lines_said(text):
    """Without what a build with sanitizers has to say of itself."""
    return [line for line in text.splitlines() if "in a build with sanitizers" not in line]


def main(play, *commands):
    """Runs play(tests) where there are namespaces and these commands; else says why not, and what ended it early."""
    tests = Tests()
    lacking = [f"no command {name}" for name in commands if not command_is_there(name)]
    why = namespaces_allowed() or (lacking[0] if lacking else None)
    if why:
        tests.skip(why)
        tests.end()
    try:
        play(tests)
    except (TimeoutError, RuntimeError, subprocess.TimeoutExpired) as error:
        if lacks_sandbox(error):
            tests.skip(f"not all of the sandbox is to be had: {error}")
        else:
            tests.check(False, "the play ends", error, Monitor.last.said()[-2000:] if Monitor.last else "")
    tests.end()


class Scratch:
    """A directory that everybody may enter, with parts that belong to nobody."""

    def __init__(self, name):
        self.path = tempfile.mkdtemp(prefix=f"davscope-{name}-")
        os.chmod(self.path, 0o755)
        atexit.register(shutil.rmtree, self.path, True)

    def __call__(self, *parts):
        return os.path.join(self.path, *parts)

    def directory(self, name, owner="nobody"):
        path = self(name)
        os.mkdir(path, 0o700)
        shutil.chown(path, owner)
        return path


class Net:
    """Two network namespaces with a veth pair between them: 10.77.0.1 on `left`, 10.77.0.2 on `right`."""

    left_address, right_address = "10.77.0.1", "10.77.0.2"

    def __init__(self):
        pid = os.getpid()
        self.left, self.right = f"dsl{pid}", f"dsr{pid}"
        self.device = "veth0"
        atexit.register(self.close)
        for name in self.left, self.right:
            self.ip("netns", "add", name)
            self.ip("-n", name, "link", "set", "lo", "up")
        self.ip("link", "add", self.device, "netns", self.left, "type", "veth",
                "peer", "name", self.device, "netns", self.right)
        for name, address in (self.left, self.left_address), (self.right, self.right_address):
            self.ip("-n", name, "address", "add", address + "/24", "dev", self.device)
            self.ip("-n", name, "link", "set", self.device, "up")

    @staticmethod
    def ip(*words, check=True):
        subprocess.run(["ip", *words], check=check, capture_output=not check)

    @staticmethod
    def inside(name, *command):
        """The command as it runs in a namespace: the same process becomes it."""
        return ["ip", "netns", "exec", name, *command]

    def run(self, name, *command, **how):
        return subprocess.run(self.inside(name, *command), **how)

    def close(self):
        for name in self.left, self.right:
            self.ip("netns", "del", name, check=False)


def wait_until(happened, what, seconds=DEADLINE):
    """The first true value of happened(); asked again and again, as files and /proc tell nobody."""
    end = time.monotonic() + seconds
    while True:
        value = happened()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"after {seconds} s still waiting for {what}")
        select.select([], [], [], 0.02)


def stop(process, number=signal.SIGTERM, seconds=DEADLINE):
    """Ends a process that we started, and returns its exit code."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


class Monitor:
    """A running `davscope monitor`; it says itself when it is ready, as it says to systemd."""

    last = None  # the one that was begun last

    def __init__(self, scratch, *options, namespace=None, stdout=None, env=None, ready=True, name="monitor"):
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = scratch(f"notify-{name}-{time.monotonic_ns()}")
        self.notify.bind(path)
        os.chmod(path, 0o777)
        self.errors = scratch(f"{name}.stderr")
        Monitor.last = self
        command = [DAVSCOPE, "monitor", *options]
        if namespace is not None:
            command = Net.inside(namespace, *command)
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stdout or subprocess.DEVNULL, stderr=errors,
                env={**os.environ, "NOTIFY_SOCKET": path, **(env or {})}, start_new_session=True)
        atexit.register(self.kill)
        if ready:
            self.wait_for("READY=1")

    @property
    def pid(self):
        return self.process.pid

    def wait_for(self, word, seconds=DEADLINE):
        """The next notification that has the word; what came before it is dropped."""
        end = time.monotonic() + seconds
        while True:
            self.notify.settimeout(0.1)
            with contextlib.suppress(socket.timeout):
                text = self.notify.recv(4096).decode()
                if word in text.split("\n"):
                    return
            if self.process.poll() is not None:
                raise RuntimeError(f"monitor ended with {self.process.returncode}: {self.said()}")
            if time.monotonic() > end:
                raise TimeoutError(f"no {word}: {self.said()}")

    def said(self):
        with open(self.errors, encoding="utf-8", errors="replace") as errors:
            return errors.read()

    def status(self, key):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(key + ":"):
                    return line.split(":", 1)[1].strip()
        return None

    def family(self):
        """Its children and theirs: the guard and the keeper."""
        found, todo = [], [self.pid]
        while todo:
            pid = todo.pop()
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                    below = [int(child) for child in children.read().split()]
                found += below
                todo += below
        return found

    def keeper(self):
        for pid in self.family():
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/comm", encoding="ascii") as comm:
                    if comm.read().startswith("davscope-keeper"[:15]):
                        return pid
        return None

    def stop(self, number=signal.SIGTERM):
        return stop(self.process, number)

    def kill(self):
        """All of it at once, as a power cut would. The number of one that was waited for is another's by now."""
        if self.process.poll() is not None:
            return
        for pid in [*self.family(), self.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


def json_lines(path):
    """The records of a file; what is not a whole line of JSON raises."""
    with contextlib.suppress(FileNotFoundError):
        with open(path, encoding="utf-8") as lines:
            text = lines.read()
        if text and not text.endswith("\n"):
            text = text[:text.rindex("\n") + 1] if "\n" in text else ""
        return [json.loads(line) for line in text.splitlines()]
    return []


def offline(*arguments, input_files):
    """All records of davscope on captures."""
    ran = subprocess.run([DAVSCOPE, "-T", "json", *arguments, *[w for f in input_files for w in ("-r", f)]],
                         capture_output=True, text=True, check=False)
    return [json.loads(line) for line in ran.stdout.splitlines()], ran


def findings(records):
    return [r for r in records if r["event_type"] == "finding"]
