#!/usr/bin/env python3
"""`davscope --sandbox`: the program in it says the same as outside, and the kernel bears witness that it is in.

DAVSCOPE names the program. What needs root, or what this kernel or build has not, is skipped and said.
Ends with "N passed, N failed, N skipped".
"""
import gzip
import os
import pwd
import re
import resource
import socket
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DAVSCOPE = os.path.abspath(os.environ.get("DAVSCOPE", os.path.join(ROOT, "davscope")))
SAMPLE = os.path.join(ROOT, "samples", "vdirsyncer-radicale.pcap")
MORE_THAN_A_PIPE_HOLDS = 4 << 20
NONE = "0000000000000000"


class Skip(Exception):
    pass


def run(*args, code=0, **more):
    done = subprocess.run([DAVSCOPE, *args], capture_output=True, check=False, **more)
    assert done.returncode == code, f"{args}: exit code {done.returncode}: {done.stderr.decode()}"
    return done.stdout, done.stderr


def content(path):
    with open(path, "rb") as f:
        return f.read()


def in_both(place, *args, **more):
    """Output and slice in the sandbox and outside."""
    got = []
    for mode in MODE, "off":
        out = os.path.join(place, f"slice-{mode}.pcapng")
        got.append((run(*args, "-w", out, "--sandbox", mode, **more), content(out)))
    assert got[0] == got[1], f"{args}: not the same in the sandbox"
    assert got[0][0][0] and got[0][1], f"{args}: nothing came out"


def same_from_files(place):
    zipped = os.path.join(place, "in.pcap.gz")
    with gzip.open(zipped, "wb") as f:
        f.write(content(SAMPLE))
    in_both(place, "-r", SAMPLE, "--workers", "3")
    in_both(place, "-r", zipped)
    in_both(place, "-r", SAMPLE, "-Y", 'http.request.method == "PUT"')
    in_both(place, "-r", SAMPLE, "-T", "json", "--workers", "0")


def same_from_pipes(place):
    in_both(place, "-r", "-", input=content(SAMPLE))


def same_with_names_in_the_filter(place):
    """A second compilation of it would ask files and servers."""
    in_both(place, "-r", SAMPLE, "-f", "not port domain and not host localhost or tcp")


def same_scrubbed(place):
    got = []
    for mode in MODE, "off":
        out = os.path.join(place, f"scrubbed-{mode}.pcap")
        _, said = run("scrub", SAMPLE, "-o", out, "--key", "0" * 32, "--sandbox", mode)
        got.append((said, content(out)))
    assert got[0] == got[1] and got[0][1], "scrub: not the same in the sandbox"
    assert sorted(os.listdir(place)) == sorted({"scrubbed-off.pcap", f"scrubbed-{MODE}.pcap"})


def same_in_local_time(place):
    in_both(place, "-r", SAMPLE, "--local-time", env={**os.environ, "TZ": "Asia/Kathmandu"})


def same_from_many_files(place):
    """More of them than may be open twice at first."""
    names = []
    for i in range(20):
        names.append(os.path.join(place, f"{i}.pcap"))
        os.symlink(SAMPLE, names[i])
    in_both(place, *[word for name in names for word in ("-r", name)], "-q",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (32, 1024)))


def closed_output_ends_quietly(place):
    child = subprocess.Popen([DAVSCOPE, "-r", SAMPLE, "--sandbox", MODE], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    child.stdout.close()
    said = child.stderr.read()
    assert child.wait() == 0 and said == b"", said


def statuses(pid):
    for thread in os.listdir(f"/proc/{pid}/task"):
        yield dict(re.findall(r"^(\w+):\s*(.*)$", content(f"/proc/{pid}/task/{thread}/status").decode(), re.M))


def while_it_reads(look, *args):
    """It has read more packets than opening takes, and waits for the rest."""
    sample = content(SAMPLE)
    child = subprocess.Popen([DAVSCOPE, "-r", "-", "--sandbox", MODE, "--workers", "3", *args],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    os.write(child.stdin.fileno(), sample[:24])
    packets = sample[24:]
    sent = 0
    while sent < MORE_THAN_A_PIPE_HOLDS:
        child.stdin.write(packets)
        sent += len(packets)
    child.stdin.flush()
    look(list(statuses(child.pid)))
    child.stdin.close()
    assert child.wait() == 0


def kernel_bears_witness(place):
    def look(all_threads):
        assert len(all_threads) == 4
        for status in all_threads:
            got = {name: status[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb", "NoNewPrivs", "Seccomp")}
            assert got == {"CapEff": NONE, "CapPrm": NONE, "CapInh": NONE, "CapAmb": NONE,
                           "NoNewPrivs": "1", "Seccomp": "2"}, got
    while_it_reads(look)


def somebody_else(place):
    if os.geteuid() != 0:
        raise Skip("needs root")
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise Skip("there is no user nobody") from None
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    return nobody


def root_writes_for_somebody_else(place):
    somebody_else(place)
    in_both(place, "-r", SAMPLE)


def anybody_can(place):
    nobody = somebody_else(place)
    in_both(place, "-r", "-", input=content(SAMPLE), user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])


def system_log(place):
    """In a mount namespace of its own /dev is one with a socket where a system log has it; how to get there."""
    nobody = somebody_else(place)
    os.mkdir(place + "/dev")
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(place + "/dev/log")
    os.chmod(place + "/dev/log", 0o666)
    log.setblocking(False)
    with open(place + "/dev/null", "wb"):
        pass
    script = ('mount --bind /dev/null "$0/dev/null" && mount --rbind "$0/dev" /dev && '
              f'exec setpriv --reuid={nobody.pw_uid} --regid={nobody.pw_gid} --clear-groups "$@"')
    return log, ["unshare", "--mount", "sh", "-c", script, place]


def nothing_is_logged(place):
    """Who has few rights gives them up without a word to the system log, and keeps no way to it."""
    log, way = system_log(place)
    if subprocess.run([*way, "true"], capture_output=True, check=False).returncode != 0:
        raise Skip("no mount namespaces")
    done = subprocess.run([*way, DAVSCOPE, "-r", "-", "-q", "--sandbox", MODE], input=content(SAMPLE),
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    with log:
        try:
            said = log.recv(4096).decode()
        except BlockingIOError:
            said = None
    assert said is None, f"said to the system log: {said}"


def find_mode():
    done = subprocess.run([DAVSCOPE, "-r", SAMPLE, "-q", "--sandbox", "require"], capture_output=True, check=False)
    if done.returncode == 0:
        return "require"
    text = done.stderr.decode().strip()
    assert done.returncode == 2 and text.startswith("davscope: sandbox: ") and not done.stdout, text
    print(f"not all of it can be had here: {text}")
    return "auto"


def main():
    checks = [same_from_files, same_from_pipes, same_with_names_in_the_filter, same_scrubbed, same_in_local_time,
              same_from_many_files, closed_output_ends_quietly, kernel_bears_witness,
              root_writes_for_somebody_else, anybody_can, nothing_is_logged]
    passed = failed = skipped = 0
    for check in checks:
        try:
            if check is kernel_bears_witness and MODE != "require":
                raise Skip("see above")
            with tempfile.TemporaryDirectory() as place:
                check(place)
            passed += 1
        except Skip as why:
            print(f"skipped {check.__name__}: {why}")
            skipped += 1
        except AssertionError as wrong:
            print(f"FAIL {check.__name__}: {wrong}")
            failed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0


if __name__ == "__main__":
    MODE = find_mode()
    sys.exit(main())
