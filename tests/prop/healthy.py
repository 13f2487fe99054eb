#!/usr/bin/env python3
"""No alarm where all is well, and none that is false where packets were lost.

usage: healthy.py [N]    DAVSCOPE and MKPCAP name the programs, BUILD a folder for captures

N conversations of healthy_talk.py: no finding above info, neither whole nor with 1 % of the packets lost.
The talks of tests/kb923164, and recorded captures where they are at hand, with such loss: each finding above
info is one that the whole capture gives too, by the same messages.
Ends with "N passed, N failed".
"""
import glob
import json
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from healthy_talk import Random, conversation # pylint: disable=wrong-import-position

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DAVSCOPE = os.environ.get("DAVSCOPE", os.path.join(ROOT, "davscope"))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
MKPCAP = os.environ.get("MKPCAP", os.path.join(BUILD, "tests", "tool", "mkpcap"))
WORK = os.path.join(BUILD, "healthy")
LOSSES = 4                     # of each faulty talk and recorded capture
AS_TRUE = {"D02": {"D02", "D03"}} # where the cause is lost, the copy is still one


def compile_talk(talk, capture):
    subprocess.run([MKPCAP, talk, capture], check=True)


def lose(capture, out, seed, percent):
    """Writes `out` without some packets; the numbers of those that are left."""
    random, kept = Random(seed), []
    with open(capture, "rb") as f:
        data = f.read()
    at, number, parts = 24, 0, [data[:24]]
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        number += 1
        if not random.percent(percent):
            parts.append(data[at:at + 16 + size])
            kept.append(number)
        at += 16 + size
    with open(out, "wb") as f:
        f.write(b"".join(parts))
    return kept


def run(captures):
    """(transactions, last state of each finding); raises ValueError when it fails."""
    done = subprocess.run([DAVSCOPE, "-T", "json", "-r"] + captures, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode != 0:
        raise ValueError(f"exit code {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    transactions, findings = [], {}
    for line in done.stdout.decode().splitlines():
        record = json.loads(line)
        if record["event_type"] == "transaction":
            transactions.append(record)
        elif record["event_type"] == "finding":
            findings[record["id"]] = record
    return transactions, list(findings.values())


def frames(record, captures):
    """{(number of the capture, frame)}"""
    names = [os.path.basename(c) for c in captures]
    return {(names.index(os.path.basename(part["input"])), frame)
            for part in record.get("evidence", []) for frame in part["frames"]}


def span(message):
    """The packets between, and one sent again behind: with losses another one completes the head."""
    out = set(message)
    for number in {n for n, _ in message}:
        seen = [frame for n, frame in message if n == number]
        out.update((number, frame) for frame in range(min(seen), max(seen) + 2))
    return out


def alarms(findings):
    return [f for f in findings if f["finding"]["severity"] != "info"]


def say(finding):
    return f"{finding['finding']['severity']} {finding['rule']['id']}: {finding['finding']['message']}"


class Truth:
    """What the whole capture says."""

    def __init__(self, captures):
        self.captures = captures
        transactions, self.findings = run(captures)
        messages = [span(frames(t, captures)) for t in transactions]
        self.told = []             # (codes that may stand for it, all frames of the messages that show it)
        for finding in self.findings:
            code = finding["rule"].get("code")
            proof = frames(finding, captures)
            for message in messages:
                if message & proof:
                    proof = proof | message
            self.told.append((AS_TRUE.get(code, {code}), proof))
        # Of untagged writes only so many are told.
        self.told += [({"D01"}, message) for t, message in zip(transactions, messages)
                      if t["dav"].get("tag_state") == "absent"]

    def false_alarms(self, captures, kept, only):
        """Of a run over what was left of the captures: findings that are not true."""
        _, findings = run(captures)
        for finding in findings:
            code = finding["rule"].get("code")
            if not only(finding):
                continue
            proof = {(n, kept[n][frame - 1]) for n, frame in frames(finding, captures)}
            if not any(code in codes and proof <= frames_told for codes, frames_told in self.told):
                yield f"{say(finding)} (frames {sorted(proof)} of the whole capture)"


def is_claim(finding):
    """Says that something is missing, or there twice; or is above info."""
    code = finding["rule"].get("code") or ""
    return finding["finding"]["severity"] != "info" or code[:3] in ("D01", "D02", "D03") or code[:1] == "E"


def judge_healthy(seed):
    talk, capture = os.path.join(WORK, f"h{seed}.talk"), os.path.join(WORK, f"h{seed}.pcap")
    with open(talk, "w", encoding="utf-8") as f:
        f.write(conversation(seed))
    compile_talk(talk, capture)
    truth = Truth([capture])
    wrong = [say(f) for f in alarms(truth.findings)]
    lossy = os.path.join(WORK, f"h{seed}-lossy.pcap")
    kept = lose(capture, lossy, seed, 1)
    wrong += ["with loss: " + text for text in truth.false_alarms([lossy], [kept], is_claim)]
    if not wrong:
        for name in (talk, capture, lossy):
            os.remove(name)
    return wrong


def judge_faulty(name, captures, seed):
    truth = Truth(captures)
    wrong = []
    for n in range(seed, seed + LOSSES):
        lossy = [os.path.join(WORK, os.path.basename(c).replace(".pcap", f"-lossy{n}.pcap")) for c in captures]
        kept = [lose(c, out, 1000 * n + i, 1 + n % 3) for i, (c, out) in enumerate(zip(captures, lossy))]
        wrong += [f"{name}, loss {n}: {text}" for text in truth.false_alarms(lossy, kept, alarm)]
        for out in lossy:
            os.remove(out)
    return wrong


def alarm(finding):
    return finding["finding"]["severity"] != "info"


def faulty_talks():
    """{case: captures} by the table of tests/kb923164."""
    folder = os.path.join(ROOT, "tests", "kb923164")
    cases = {}
    with open(os.path.join(folder, "EXPECT.tsv"), encoding="utf-8") as f:
        for line in f:
            fields = line.rstrip("\n").split("\t")
            if not line.startswith("#") and fields[1] != "=":
                cases[fields[0]] = [os.path.join(WORK, c) for c in fields[1].split()]
    for capture in {c for captures in cases.values() for c in captures}:
        compile_talk(os.path.join(folder, os.path.basename(capture).replace(".pcap", ".talk")), capture)
    return cases


def recorded():
    """{name: captures}: pcap with little-endian microseconds, which is what lose() reads."""
    found = glob.glob(os.path.join(ROOT, "..", "shared", "captures", "lab", "*.pcap"))
    return {os.path.basename(path): [path] for path in sorted(found)}


def main():
    os.makedirs(WORK, exist_ok=True)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    jobs = [(f"conversation {seed}", lambda seed=seed: judge_healthy(seed)) for seed in range(1, count + 1)]
    jobs += [(name, lambda name=name, captures=captures: judge_faulty(name, captures, 1))
             for name, captures in {**faulty_talks(), **recorded()}.items()]
    passed = failed = 0
    for name, judge in jobs:
        try:
            wrong = judge()
        except (ValueError, subprocess.CalledProcessError) as e:
            wrong = [str(e)]
        passed += not wrong
        failed += bool(wrong)
        for text in wrong[:5]:
            print(f"FAIL {name}: {text}")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
