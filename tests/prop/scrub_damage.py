#!/usr/bin/env python3
"""`davscope scrub` of captures with segments that were damaged on their way: N times (100) some segments of a talk get
a damaged one in front of them, behind them or later, with a secret among its bytes, or have a wrong checksum alone. The
copy reads like the original, each wrong checksum is wrong and each right one right, and the secret is not in it. Nor
is it where damaged bytes become part of messages, which then may read otherwise: what is broken is blanked.

usage: scrub_damage.py [SEED]    DAVSCOPE and MKPCAP name the programs, BUILD a folder for captures; ends with
"N passed, N failed"
"""
import glob
import os
import random
import struct
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DAVSCOPE = os.path.abspath(os.environ.get("DAVSCOPE", os.path.join(ROOT, "davscope")))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
MKPCAP = os.path.abspath(os.environ.get("MKPCAP", os.path.join(BUILD, "tests/tool/mkpcap")))
WORK = os.path.join(BUILD, "scrub_damage")
TALKS = sorted(glob.glob(os.path.join(ROOT, "samples", "*.talk"))) + [os.path.join(ROOT, "tests/cmd/scrub.talk")]
TIMES = int(os.environ.get("N", "100"))
SECRET = b"Zwirbelfant-7319-Geheimnis"
ETHERNET, RECORD = 14, 16
FIELDS = ("event_type", "http.request.method", "http.request.frame", "http.request.body.bytes",
          "http.request.body.complete", "http.response.status", "http.response.frame", "http.response.body.bytes",
          "http.response.body.complete", "dav.tag_state", "dav.root", "dav.responses", "quality.loss",
          "quality.unpaired", "anomaly.code", "anomaly.frame", "anomaly.other_frame", "anomaly.value", "flow.conflicts",
          "flow.retransmitted", "flow.opaque_bytes.client", "rule.id", "finding.severity", "evidence.frames")


def run(*args):
    return subprocess.run([DAVSCOPE, *args], stdin=subprocess.DEVNULL, capture_output=True, check=False)


def records(path):
    """(header, [(record header, packet)]) of a pcap file in our byte order."""
    data = open(path, "rb").read()
    at, found = 24, []
    while at + RECORD <= len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        found.append((data[at:at + RECORD], bytearray(data[at + RECORD:at + RECORD + n])))
        at += RECORD + n
    return data[:24], found


def tcp_at(packet):
    """Where TCP begins in a packet that is no fragment; None: it is none."""
    kind = bytes(packet[12:14])
    if kind == b"\x08\x00" and packet[23] == 6 and not struct.unpack_from(">H", packet, 20)[0] & 0x3fff:
        return ETHERNET + (packet[ETHERNET] & 15) * 4
    return ETHERNET + 40 if kind == b"\x86\xdd" and packet[20] == 6 else None


def payload_at(packet):
    at = tcp_at(packet)
    return len(packet) if at is None else at + (packet[at + 12] >> 4) * 4


def checksum_is_right(packet):
    at = tcp_at(packet)
    if at is None:
        return None
    ends = packet[26:34] if packet[12] == 8 else packet[22:54]
    data = bytes(ends) + struct.pack(">HH", 6, len(packet) - at) + bytes(packet[at:])
    return sum(struct.unpack(">%dH" % ((len(data) + 1) // 2), data + b"\0" * (len(data) & 1))) % 0xffff == 0


def damage(dice, packet):
    """The packet as it may arrive: another one by its identification, with a secret or another bit in its payload."""
    bad, at = bytearray(packet), payload_at(packet)
    if bad[12] == 8:
        bad[18:20] = struct.pack(">H", dice.randrange(1 << 15, 1 << 16))
    n = len(bad) - at
    if n > len(SECRET) and dice.random() < 0.7:
        start = at + dice.randrange(n - len(SECRET))
        bad[start:start + len(SECRET)] = SECRET
    else:
        bad[at + dice.randrange(n)] ^= 1 << dice.randrange(8)
    if dice.random() < 0.2:  # options where none were
        bad[tcp_at(bad) + 12] = dice.randrange(5, 16) << 4
    return bad


def stale(packet):
    """As network cards leave it that put segments together."""
    at = tcp_at(packet)
    return packet[:at + 16] + bytearray([packet[at + 16] ^ 0x55]) + packet[at + 17:]


def damaged(dice, packets, share, alone):
    """Some of them damaged; in the order of arrival. alone: also those that nothing better comes for."""
    out, late = [], []
    for header, packet in packets:
        late = [(wait - 1, record) for wait, record in late]
        out += [record for wait, record in late if wait <= 0]
        late = [(wait, record) for wait, record in late if wait > 0]
        if payload_at(packet) >= len(packet) or dice.random() > share:
            out.append((header, packet))
            continue
        bad = (header, damage(dice, packet))
        way = dice.randrange(4)
        out += [bad] if way == 0 or (way == 3 and alone) else []
        out += [(header, packet if way < 3 else stale(packet))] if way < 3 or not alone else []
        late += [(dice.choice((0, 1, 2, 5)) + 1, bad)] if way == 1 else []
        out += [(header, damage(dice, packet)), bad] if way == 2 else []
    return out + [record for _, record in late]


def write(path, header, packets):
    with open(path, "wb") as f:
        f.write(header)
        for record, packet in packets:
            f.write(record + packet)


def told(path, checksums):
    columns = [word for field in FIELDS for word in ("-e", field)]
    rows = run("-r", path, "-k", checksums, "--bodies", "-T", "fields", *columns).stdout
    summary = run("-r", path, "-k", checksums, "-q").stdout
    at = summary.find(b"\nevidence")
    return rows + b"\n".join(line for line in summary[at:].split(b"\n") if not line.startswith(b"TLS to"))


def wrong_with(dice, number):
    """What is wrong with one capture and its copy; "": nothing."""
    path, copy = (os.path.join(WORK, name) for name in ("in.pcap", "out.pcap"))
    mode = ("auto", "auto", "auto", "auto", "off", "on")[number % 6]
    # The last one has fragments that cut TCP headers in parts, where right checksums are left to a network card.
    subprocess.run([MKPCAP, dice.choice(TALKS[:-1] if mode == "on" else TALKS), path], check=True)
    header, packets = records(path)
    broken = number % 6 in (3, 4)
    write(path, header, damaged(dice, packets, dice.choice((0.03, 0.1, 0.3)), broken))
    done = run("scrub", path, "-o", copy, "-k", mode)
    if done.returncode != 0:
        return "exit code %d: %s" % (done.returncode, done.stderr)
    if SECRET[:11] in open(copy, "rb").read():
        return "the secret is there"
    before, after = ([checksum_is_right(packet) for _, packet in records(name)[1]] for name in (path, copy))
    if before != after:
        return "checksums differ, packet %d" % ([a == b for a, b in zip(before, after)].index(False) + 1)
    if not broken and told(path, mode) != told(copy, mode):
        return "it reads otherwise with -k %s" % mode
    return ""


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    os.makedirs(WORK, exist_ok=True)
    failed = 0
    for number in range(TIMES):
        wrong = wrong_with(random.Random(seed * 1000003 + number), number)
        if wrong:
            failed += 1
            print("FAIL seed %d, capture %d: %s" % (seed, number, wrong))
    print("%d passed, %d failed" % (TIMES - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
