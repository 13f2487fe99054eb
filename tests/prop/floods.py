#!/usr/bin/env python3
"""Loads of tests/tool/shapes.def through standard input: what is in them is found, in bounded memory and time.

usage: floods.py [NAME...]    SCALE (default 1; the campaign has 25) multiplies the loads, SLOW the seconds that
processors of another kind may take; of sanitizers it is 20, and memory is not looked at. DAVSCOPE names the program,
BUILD where shapes is.
Ends with "N passed, N failed".
"""
import hashlib
import json
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DAVSCOPE = os.environ.get("DAVSCOPE", os.path.join(ROOT, "davscope"))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
SHAPES = os.path.join(BUILD, "tests", "tool", "shapes")
SCALE = int(os.environ.get("SCALE", "1"))
with open(DAVSCOPE, "rb") as program:
    code_of_program = program.read()
OTHERWISE = any(name in code_of_program for name in (b"__asan_init", b"__tsan_init", b"__gcov_init"))
SLOW = float(os.environ.get("SLOW", "20" if OTHERWISE else "1"))
START = 0.3                    # seconds of a run without packets, generously
DEAR = (("adds", 20), ("hops", 4), ("packed", 25))
MIB = 1024                     # of what the kernel calls ru_maxrss

counts = {"passed": 0, "failed": 0}


def check(what, fine, figures=""):
    counts["passed" if fine else "failed"] += 1
    if not fine or os.environ.get("FIGURES"):
        print(f"{'ok' if fine else 'FAIL'} {what} {figures}")


def run(shape, size, *options):
    """Exit code, records of -T json, seconds, KiB."""
    with subprocess.Popen([SHAPES, shape, str(size)], stdout=subprocess.PIPE) as maker:
        with subprocess.Popen([DAVSCOPE, "-T", "json", *options, "-r", "-"], stdin=maker.stdout,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader:
            maker.stdout.close()
            out = reader.stdout.read()
            _, status, use = os.wait4(reader.pid, 0)
            reader.returncode = os.waitstatus_to_exitcode(status)
    return (reader.returncode, [json.loads(line) for line in out.splitlines()],
            (use.ru_utime + use.ru_stime) / SLOW, use.ru_maxrss, hashlib.sha256(out).hexdigest())


def printed(shape, size, *options):
    """Lines of the text format."""
    with subprocess.Popen([SHAPES, shape, str(size)], stdout=subprocess.PIPE) as maker:
        return subprocess.run([DAVSCOPE, *options, "-r", "-"], stdin=maker.stdout, capture_output=True, text=True,
                              check=False).stdout.splitlines()


def stats(records):
    return records[-1]["stats"]


def anomalies(records, code):
    return sum(a["count"] for a in stats(records)["anomalies"] if a["code"] == code)


def tagged(records):
    """Writes that are there, answered, and have their tag."""
    answers = [r["http"].get("response", {}) for r in records if r["event_type"] == "transaction"]
    return sum(a.get("status") == 201 and a["header"].get("etag") == ['"1"'] for a in answers)


def endless():
    """A7: what a load that goes on needs does not grow: 40 MB and twice as much, or 2 GB."""
    size = 2000 * (SCALE if SCALE == 1 else 2 * SCALE)
    code, records, _, first, _ = run("steady", size, "-q")
    check("endless: exit code", code == 0, code)
    check("endless: all is read", stats(records)["transactions"]["total"] == size)
    _, records, seconds, second, _ = run("steady", 2 * size, "-q")
    check("endless: all is read", stats(records)["transactions"]["total"] == 2 * size)
    check("endless: memory", OTHERWISE or second - first <= 5 * MIB, f"{first} and {second} KiB, {seconds:.1f} s")


def noise():
    """B6: 2 s for a million packets of other traffic."""
    size = 40000 * SCALE
    code, records, seconds, _, _ = run("noise", size)
    check("noise: exit code", code == 0, code)
    check("noise: no flows, no findings", stats(records)["flows"]["total"] == 0 and
          not any(r["event_type"] == "finding" and not r["rule"]["id"].startswith("capture-quality") for r in records))
    check("noise: time", seconds <= START + 2 * size / 1e6, f"{seconds:.2f} s for {size}")


def holes():
    """C3: half a second for 100,000 segments that leave holes, or repeat each other."""
    for shape in ("holes", "backwards", "repeats"):
        size = 20000 * min(SCALE, 5)
        code, _, seconds, kib, _ = run(shape, size, "-q", "--no-shipped-rules")
        check(f"{shape}: exit code", code == 0, code)
        check(f"{shape}: time", seconds <= START + 0.5 * size / 1e5, f"{seconds:.2f} s for {size}")
        check(f"{shape}: memory", OTHERWISE or kib <= 256 * MIB, f"{kib} KiB")


def waiting():
    """Results that wait for a hole become too many: they do not wait, which is said, and none is missing."""
    size = 400 * SCALE
    code, records, seconds, kib, _ = run("waiting", size, "-q", "--no-shipped-rules")
    check("waiting: exit code", code == 0, code)
    answered = stats(records)["transactions"]["total"] - stats(records)["transactions"]["unpaired_requests"]
    check("waiting: all is read", answered == 200 * size, answered)
    check("waiting: what waited no longer is said", anomalies(records, "flow.late") > 0)
    for limit in ("32M", "16M", "200K"):
        digests = {run("waiting", size, "-q", "--no-shipped-rules", "--workers", str(workers), "--limit",
                       f"undelivered={limit}")[4] for workers in range(4)}
        check(f"waiting: the same for all workers, {limit} undelivered", len(digests) == 1)
    check("waiting: time", seconds <= START + 2 * size * 0.0076, f"{seconds:.2f} s for {size}")
    check("waiting: memory", OTHERWISE or kib <= 128 * MIB, f"{kib} KiB")


def syns():
    """C8: a flood around one connection, whose writes are found; what was given up is counted."""
    size = 200000 * SCALE
    code, records, seconds, kib, _ = run("syns", size, "-Y", "http.request.method == \"PUT\"")
    check("syns: exit code", code == 0, code)
    check("syns: the flows are counted", stats(records)["flows"]["total"] == size + 1)
    check("syns: evictions are counted", size + 1 - anomalies(records, "flow.evicted") <= 65536 and
          size + 1 - anomalies(records, "flow.evicted") > 60000, anomalies(records, "flow.evicted"))
    check("syns: memory", OTHERWISE or kib <= 512 * MIB, f"{kib} KiB, {seconds:.1f} s for {size}")
    check("syns: the writes are there", tagged(records) == 3, tagged(records))


def one_shard():
    """C9: connections that aim at one shard cost no more than others, with any seed, and take nothing from them."""
    size = min(5000 * SCALE, 65536)
    _, _, spread, _, _ = run("spread", size, "--workers", "0", "--hash-seed", "1")
    seen = set()
    for seed in range(2 if SCALE == 1 else 10):
        code, records, seconds, _, digest = run("one_shard", size, "--workers", "0", "--hash-seed", str(seed))
        seen.add(digest)
        check("one shard: exit code", code == 0, code)
        check("one shard: time", seconds <= START + 3 * spread, f"{seconds:.2f} s against {spread:.2f} s for {size}")
        check("one shard: others lose nothing", tagged(records) == 2, tagged(records))
    check("one shard: the same for all seeds", len(seen) == 1)


def storm():
    """F2: a finding for each transaction: the closing list is bounded, what a rule keeps back too, totals are exact."""
    size = 40000 * SCALE
    mine = ("-q", "-R", os.path.join(ROOT, "tests/prop/storm.yaml"))
    _, records, _, kib, _ = run("untagged", size, *mine, "-Y", 'event_type == "stats"')
    rules = {rule["id"]: rule for rule in stats(records)["rules"]}
    each, kept_back = rules["each-write"], rules["commit-without-change-tag-dav"]
    check("storm: each is counted", each["matches"] == each["findings"] == size, each)
    check("storm: so are those kept back", kept_back["matches"] == size and kept_back["findings"] == 20 and
          kept_back["limited"] == size - 20, kept_back)
    check("storm: memory", OTHERWISE or kib <= 256 * MIB, f"{kib} KiB")
    text = printed("untagged", size, *mine, "--no-shipped-rules")
    listed = [line for line in text if line.startswith("  - /cal/")]
    check("storm: the list is bounded", len(listed) == 10000, len(listed))
    check("storm: its total is exact", text[0] == f"findings: {size} low", text[0])
    check("storm: the rest is counted", f"not listed: {size - 10000} findings beyond limit findings_kept" in text)


def dear():
    """F7: what is searched for each request, and what many bodies unpack to: 2 s for a MiB of input."""
    for shape, size in DEAR:
        size *= min(SCALE, 10)
        mib = len(subprocess.run([SHAPES, shape, str(size)], stdout=subprocess.PIPE, check=True).stdout) / MIB**2
        code, _, seconds, kib, _ = run(shape, size, "-q")
        check(f"dear: {shape}: exit code", code in (0, 1, 4), code)
        check(f"dear: {shape}: time", seconds <= START + 2 * mib, f"{seconds:.2f} s for {mib:.2f} MiB")
        check(f"dear: {shape}: memory", OTHERWISE or kib <= 256 * MIB, f"{kib} KiB")


TESTS = {"endless": endless, "noise": noise, "holes": holes, "waiting": waiting, "syns": syns, "one_shard": one_shard, "storm": storm,
         "dear": dear}


def main():
    for name in sys.argv[1:] or TESTS:
        TESTS[name]()
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return counts["failed"] != 0


if __name__ == "__main__":
    raise SystemExit(main())
