#!/usr/bin/env python3
"""Which answer belongs to which request, against who made them: N requests (10000) in pipelines of any depth
on a few connections, a tenth of them with 100 Continue, with HEAD, 204, 304, chunks, answers before
the request ends, one that ends with its connection; and pipelines deeper than the limit, where nothing that
is said for certain may be wrong. Ends with "N passed, N failed".
"""
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from capture import CLIENT, SERVER, Capture  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DAVSCOPE = os.path.abspath(os.environ.get("DAVSCOPE", os.path.join(ROOT, "davscope")))
REQUESTS = int(os.environ.get("N", "10000"))


def request(dice, number):
    """(bytes, method, whether an interim answer comes)"""
    method = dice.choice((b"GET", b"HEAD", b"PUT", b"PROPFIND", b"DELETE", b"REPORT"))
    head = method + b" /%d HTTP/1.1\r\nHost: x\r\n" % number
    body, expects = b"", False
    if method in (b"PUT", b"PROPFIND", b"REPORT"):
        body = b"HTTP/1.1 200 OK\r\n\r\n"[:dice.randrange(20)]
        expects = method == b"PUT" and dice.random() < 0.6
        if dice.random() < 0.5:
            head += b"Transfer-Encoding: chunked\r\n"
            body = (b"%x\r\n" % len(body) + body + b"\r\n" if body else b"") + b"0\r\n\r\n"
        else:
            head += b"Content-Length: %d\r\n" % len(body)
    return head + (b"Expect: 100-continue\r\n" if expects else b"") + b"\r\n" + body, method, expects


def response(dice, number, method, expects):
    status = dice.choice((200, 200, 201, 204, 207, 304, 401, 404))
    head = b"HTTP/1.1 %d Word\r\nX-Id: %d\r\n" % (status, number)
    body = b"PUT /none HTTP/1.1\r\n\r\n"[:dice.randrange(24)]
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" if expects and dice.random() < 0.8 else b""
    if status in (204, 304):
        return interim + head + b"\r\n"
    if dice.random() < 0.5:
        coded = (b"%x\r\n" % len(body) + body + b"\r\n" if body else b"") + b"0\r\n\r\n"
        return interim + head + b"Transfer-Encoding: chunked\r\n\r\n" + (b"" if method == b"HEAD" else coded)
    return interim + head + b"Content-Length: %d\r\n\r\n" % len(body) + (b"" if method == b"HEAD" else body)


def pipelines(dice, total, most):
    capture, number = Capture(), 0
    while number < total:
        wire = capture.connection()
        for _ in range(dice.randrange(1, 60)):
            depth = min(dice.choice((1, 1, 2, 3, most)), total - number)
            asked = [(n, *request(dice, n)) for n in range(number, number + depth)]
            wire.say(CLIENT, b"".join(r[1] for r in asked), dice.choice((7, 100, 1400)))
            wire.say(SERVER, b"".join(response(dice, n, method, expects) for n, _, method, expects in asked),
                     dice.choice((7, 100, 1400)))
            number += depth
    wire = capture.connection()
    wire.say(CLIENT, b"GET /%d HTTP/1.0\r\n\r\n" % number)
    wire.say(SERVER, b"HTTP/1.0 200 OK\r\nX-Id: %d\r\n\r\nHTTP/1.1 204 No\r\n\r\n" % number)
    wire.segment(SERVER, b"", 17)
    return capture, number + 1


def rows_of(capture, path):
    capture.write(path)
    fields = ["http.request.target", 'http.response.header["X-Id"]', "quality.pairing"]
    out = subprocess.run([DAVSCOPE, "-r", path, "--no-shipped-rules", "-Y", 'event_type == "transaction"', "-T", "fields",
                          *[word for field in fields for word in ("-e", field)]], capture_output=True, text=True,
                         check=True).stdout
    return [line.split("\t") for line in out.splitlines()]


def main():
    dice = random.Random(int(os.environ.get("SEED", "1")))
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="davscope-pairing-") as place:
        path = os.path.join(place, "in.pcap")
        capture, total = pipelines(dice, REQUESTS, 40)
        rows = rows_of(capture, path)
        right = sum(target == "/" + answer and pairing == "exact" for target, answer, pairing in rows)
        wrong = [row for row in rows if row[0] != "/" + row[1] or row[2] != "exact"][:5]
        passed += right
        failed += len(rows) - right + abs(total - len(rows))
        if wrong or total != len(rows):
            print(f"FAIL {len(rows)} of {total} transactions, of these wrong: {wrong}")
        capture, _ = pipelines(dice, min(REQUESTS, 2000), 300)
        for row in rows_of(capture, path):
            lie = row[2] == "exact" and row[0] != "/" + row[1]
            passed, failed = passed + (not lie), failed + lie
            if lie:
                print("FAIL said for certain beyond the limit:", row)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
