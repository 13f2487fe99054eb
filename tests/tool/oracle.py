#!/usr/bin/env python3
"""Compares davscope with tshark's view of real captures (truth files beside them).

usage: oracle.py DAVSCOPE CAPTURES [NAME...]

Streams are matched by addresses and ports. Where tshark's view is marked reliable the requests
(method, target) and the answers (status) of a stream must be the same, in order; elsewhere only a
clean exit is demanded, and that nothing is printed where tshark saw no HTTP byte at all.
tests/oracle.skip: NAME<TAB>reason. tests/oracle.known: NAME<TAB>stream<TAB>frame<TAB>reason, for
differences that are tshark's own faults.
"""
import csv
import ipaddress
import os
import re
import subprocess
import sys

COLUMNS = ["flow.id", "client.address", "client.port", "server.address", "server.port",
           "http.request.method", "http.request.target", "http.response.status",
           "http.request.frame", "http.response.frame", "quality.pairing"]
TIMEOUT = 60
# Requests that tshark 4.0.17 does not take for requests; it shows their answers all the same.
UNKNOWN_METHODS = {"MKCALENDAR"}


class Stream:
    """One pair of endpoints, with what one program saw there; `where` holds (stream or flow, frame)."""

    def __init__(self):
        self.requests, self.responses = [], []
        self.reliable = True
        self.numbers = set()


def read_list(path, columns):
    rows = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if line.strip() and not line.startswith("#"):
                    rows.append(line.rstrip("\n").split("\t", columns - 1))
    return rows


def read_tsv(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        rows = csv.reader((line for line in lines if not line.startswith("#")),
                          delimiter="\t", quoting=csv.QUOTE_NONE)
        names = next(rows, [])
        return [dict(zip(names, row)) for row in rows]


def endpoint(text):
    """(address, port), None where tshark gives none."""
    address, _, port = text.rpartition(":")
    if not address:
        return None
    return (str(ipaddress.ip_address(address.strip("[]"))), int(port))


def plain(text):
    """Wire text for comparison: escapes of both programs undone, other bytes made equal."""
    def byte(match):
        return chr(int(match.group(1), 16))
    text = re.sub(r"\\x([0-9A-Fa-f]{2})", byte, text)
    text = re.sub(r"\\u\{([0-9A-Fa-f]+)\}", byte, text).replace("\\\\", "\\")
    return re.sub(r"[^\x21-\x7e]+", "?", text)


def truth_streams(base):
    """Endpoint pair -> Stream, from NAME.tcp.tsv and NAME.http.tsv."""
    streams, pair_of = {}, {}
    for row in read_tsv(base + ".tcp.tsv"):
        pair = frozenset((endpoint(row["node0"]), endpoint(row["node1"])))
        if None in pair:
            continue
        pair_of[row["tcp.stream"]] = pair
        stream = streams.setdefault(pair, Stream())
        stream.numbers.add(row["tcp.stream"])
        stream.reliable &= row["reliability"] == "ok"
    for row in read_tsv(base + ".http.tsv"):
        stream = streams.get(pair_of.get(row["tcp.stream"]))
        if stream is None:
            continue
        stream.reliable &= row["reliability"] == "ok"
        where = (row["tcp.stream"], row["frame"])
        status = row.get("status") or ""
        if row["kind"] == "req":
            stream.requests.append((row["method"], plain(row["uri"]), where))
        elif not status.startswith("1") or status == "101":
            stream.responses.append((status, where))
    return streams


def program_streams(davscope, capture):
    """Endpoint pair -> Stream, from davscope; None and a reason when it fails."""
    command = [davscope, "-r", capture, "-T", "fields"]
    for column in COLUMNS:
        command += ["-e", column]
    try:
        run = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return None, "more than %d s" % TIMEOUT
    if run.returncode not in (0, 3, 4):
        return None, "exit code %d: %s" % (run.returncode, run.stderr.decode(errors="replace")[-300:])
    streams, rows = {}, []
    for line in run.stdout.decode("utf-8", "surrogateescape").split("\n"):
        row = dict(zip(COLUMNS, ("" if cell == "?" else cell for cell in line.split("\t"))))
        if len(row) == len(COLUMNS) and row["client.port"].isdigit():
            rows.append(row)
    for row in rows:
        pair = frozenset((str(ipaddress.ip_address(row[side + ".address"])), int(row[side + ".port"]))
                         for side in ("client", "server"))
        stream = streams.setdefault(pair, Stream())
        if row["http.request.method"] and row["http.request.method"] not in UNKNOWN_METHODS:
            stream.requests.append((row["http.request.method"], plain(row["http.request.target"]),
                                    (row["flow.id"], row["http.request.frame"])))
        if row["http.response.status"]:
            stream.responses.append((row["http.response.status"], (row["flow.id"], row["http.response.frame"])))
    for stream in streams.values():
        stream.requests.sort(key=lambda r: int(r[-1][1] or 0))
        stream.responses.sort(key=lambda r: int(r[-1][1] or 0))
    return streams, None


def same(want, have):
    """Equal but for secrets, which davscope takes out of what it prints."""
    return len(want) == len(have) and all(
        re.fullmatch(".*".join(re.escape(part) for part in b.split("<cred>")), a)
        for a, b in zip(want[:-1], have[:-1]))


def first_difference(kind, expected, actual):
    """A line about the first place where two lists of messages part, and the truth's stream and frame there."""
    for i in range(max(len(expected), len(actual))):
        want = expected[i] if i < len(expected) else None
        have = actual[i] if i < len(actual) else None
        if want and have and same(want, have):
            continue
        text = "%s %d: expected %s, printed %s" % (
            kind, i + 1, "%s (frame %s)" % (" ".join(want[:-1]), want[-1][1]) if want else "nothing",
            "%s (flow %s, frame %s)" % ((" ".join(have[:-1]),) + have[-1]) if have else "nothing")
        return text, (want[-1][1] if want else have[-1][1])
    return None


class Tally:
    """What came of comparing one capture, or all of them."""

    def __init__(self):
        self.streams = self.messages = self.known = self.doubtful = self.doubtful_equal = 0

    def add(self, other):
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def compare(truth, program, known):
    """A Tally and a list of differences."""
    tally, differences, empty = Tally(), [], Stream()
    for pair in sorted(set(truth) | set(program), key=lambda p: sorted(p)):
        want, have = truth.get(pair, empty), program.get(pair, empty)
        if not want.reliable:
            tally.doubtful += 1
            tally.doubtful_equal += not (first_difference("", want.requests, have.requests) or
                                         first_difference("", want.responses, have.responses))
            continue
        tally.streams += 1
        tally.messages += len(want.requests) + len(want.responses)
        for kind, a, b in (("request", want.requests, have.requests), ("answer", want.responses, have.responses)):
            found = first_difference(kind, a, b)
            if not found:
                continue
            if any(k[1] in want.numbers and k[2] in (found[1], "*") for k in known):
                tally.known += 1
                continue
            differences.append("stream %s %s: %s" % (",".join(sorted(want.numbers)) or "none",
                               " - ".join("%s:%d" % e for e in sorted(pair)), found[0]))
    return tally, differences


def captures(root):
    """(name, capture file, base of its truth files) of everything there is."""
    found = []
    lab = os.path.join(root, "lab")
    for name in sorted(os.listdir(os.path.join(lab, "truth"))):
        if name.endswith(".http.tsv"):
            name = name[:-len(".http.tsv")]
            found.append((name, os.path.join(lab, name), os.path.join(lab, "truth", name)))
    public = os.path.join(root, "public")
    for row in read_tsv(os.path.join(public, "INVENTORY.tsv")):
        base = os.path.join(public, "truth", row.get("truth") or "")
        if row.get("truth") and os.path.exists(base + ".tcp.tsv"):
            found.append((row["truth"], os.path.join(public, row["file"]), base))
    return found


def main(davscope, root, wanted):
    skip = dict(read_list("tests/oracle.skip", 2))
    known = read_list("tests/oracle.known", 4)
    passed = failed = skipped = 0
    total = Tally()
    for name, capture, base in captures(root):
        if wanted and name not in wanted:
            continue
        if name in skip:
            skipped += 1
            print("skip %s: %s" % (name, skip[name]))
            continue
        program, reason = program_streams(davscope, capture)
        tally, differences = Tally(), [reason]
        if program is not None:
            tally, differences = compare(truth_streams(base), program, [k for k in known if k[0] == name])
        total.add(tally)
        passed += not differences
        failed += bool(differences)
        note = ", %d known differences" % tally.known if tally.known else ""
        print("%s %s: %d streams, %d messages%s" % (
            "FAIL" if differences else "ok", name, tally.streams, tally.messages, note))
        for line in differences:
            print("    " + line)
    print("%d streams with %d messages compared, %d known differences" % (total.streams, total.messages, total.known))
    print("of %d streams where tshark's view is no measure, %d are equal too" % (total.doubtful, total.doubtful_equal))
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: oracle.py DAVSCOPE CAPTURES [NAME...]")
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
