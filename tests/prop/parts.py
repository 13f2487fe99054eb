#!/usr/bin/env python3
"""A part of a capture says nothing that the whole one does not say: cut off anywhere at its end, begun anywhere in
the middle, each packet cut to a snap length. But for what it says of the capture itself.

usage: parts.py    N places of each kind for each capture (default 8, 0: every packet). DAVSCOPE and MKPCAP name
the programs, BUILD a folder for captures. Ends with "N passed, N failed".
"""
import json
import os
import struct
import subprocess

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DAVSCOPE = os.environ.get("DAVSCOPE", os.path.join(ROOT, "davscope"))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
MKPCAP = os.environ.get("MKPCAP", os.path.join(BUILD, "tests", "tool", "mkpcap"))
WORK = os.path.join(BUILD, "parts")
PLACES = int(os.environ.get("N", "8"))
CAPTURES = ["kb923164-before.talk", "caldav-untagged.talk", "fault-strip-vdirsyncer.pcap"]
SNAPLENS = [68, 96, 128, 256, 512]
OF_THE_CAPTURE = ("capture-quality", "evidence-", "opaque-traffic")


def records(data):
    """Offsets of the packets of a classic pcap, and that of its end."""
    at, offsets = 24, []
    while at < len(data):
        offsets.append(at)
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
    return offsets + [at]


def snapped(data, offsets, most):
    parts = [data[:24]]
    for at, end in zip(offsets, offsets[1:]):
        second, fraction, kept, wire = struct.unpack_from("<IIII", data, at)
        kept = min(kept, most)
        parts += [struct.pack("<IIII", second, fraction, kept, wire), data[at + 16:min(at + 16 + kept, end)]]
    return b"".join(parts)


def read(data):
    """Exit code, and what was found: {(rule, of what)}; how many copies and how certain may differ."""
    path = os.path.join(WORK, "part.pcap")
    with open(path, "wb") as f:
        f.write(data)
    done = subprocess.run([DAVSCOPE, "-q", "-T", "json", "-r", path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    found = set()
    for line in done.stdout.decode().splitlines():
        record = json.loads(line)
        if record["event_type"] == "finding" and not record["rule"]["id"].startswith(OF_THE_CAPTURE):
            found.add((record["rule"]["id"], record["finding"]["message"].split(": ")[0]))
    return done.returncode, found


def parts(data):
    """(name, expected exit code, bytes)"""
    offsets = records(data)
    step = max(1, len(offsets) // PLACES) if PLACES else 1
    for i in range(1, len(offsets), step):
        yield f"the first {i} packets", 0, data[:offsets[i]]
        if i + 1 < len(offsets):
            yield f"the first {i} packets and a part", 4, data[:offsets[i] + 1 + i % 16]
        yield f"from packet {i + 1} on", 0, data[:24] + data[offsets[i]:]
    for most in SNAPLENS:
        yield f"cut to {most} bytes", 0, snapped(data, offsets, most)


def main():
    passed = failed = 0
    os.makedirs(WORK, exist_ok=True)
    for name in CAPTURES:
        path = os.path.join(ROOT, "samples", name)
        if name.endswith(".talk"):
            subprocess.run([MKPCAP, path, os.path.join(WORK, "whole.pcap")], check=True)
            path = os.path.join(WORK, "whole.pcap")
        with open(path, "rb") as f:
            data = f.read()
        _, whole = read(data)
        for what, code, part in parts(data):
            got, found = read(part)
            if got == code and found <= whole:
                passed += 1
            else:
                failed += 1
                print(f"FAIL {name}: {what}: exit code {got}, expected {code}; new: {sorted(found - whole)}")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    raise SystemExit(main())
