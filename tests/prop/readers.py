#!/usr/bin/env python3
"""What the wire says does nothing to who reads the output, and secrets do not come out of it.

Twelve places of a conversation get all bytes that may stand there, and what terminals, spreadsheets and
parsers fear; every format must be free of it, parse, and give the bytes back. Sixteen places hold a secret,
plain, in base64, cut over packets, folded, in odd case, N times at random (4): no output has it.
Ends with "N passed, N failed".
"""
import base64
import json
import os
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from capture import CLIENT, SERVER, Capture  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DAVSCOPE = os.path.abspath(os.environ.get("DAVSCOPE", os.path.join(ROOT, "davscope")))
ROUNDS = int(os.environ.get("N", "4"))
TELLING = {0x61c, 0x200e, 0x200f, *range(0x2028, 0x202f), *range(0x2066, 0x206a)}
RULE = """davscope_rules: 1
rules:
  - {id: echo, title: Echo, severity: low, event: transaction, condition: exists http.request.target,
     output: "{http.request.target} {dav.href} {cal.summary} {cal.uid} {auth.user}"}
"""
FIELDS = ["http.request.target", "http.response.reason", 'http.request.header["User-Agent"]',
          'http.response.header["Server"]', "dav.tag", "auth.user", "cal.uid", "cal.summary", "dav.href",
          'http.request.header["Host"]', 'http.response.header["Location"]', "dav.property.value"]

counts = {"passed": 0, "failed": 0}


def check(good, *what):
    counts["passed" if good else "failed"] += 1
    if not good:
        print("FAIL", *what)


def output(*args):
    ran = subprocess.run([DAVSCOPE, *args], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    check(ran.returncode in (0, 1, 4), args, ran.returncode, ran.stderr[:200])
    return ran.stdout, ran.stderr


def fields_known():
    """Those of a transaction."""
    out, _ = output("--list", "fields")
    rows = [line.split() for line in out.decode().splitlines() if re.match(r"^[a-z][a-z_.]+ ", line)]
    return [row[0] for row in rows if row[1] != "map" and {"all", "transaction"} & set(row[3].split(","))]


def everything(path, place):
    """What can be had of a capture, by the name of how."""
    rule = os.path.join(place, "echo.yaml")
    with open(rule, "w", encoding="ascii") as f:
        f.write(RULE)
    ways = {
        "text": ["-R", rule, "--bodies"], "explain": ["-q", "--explain"], "color": ["--color", "always", "-q"],
        "json": ["-T", "json", "-R", rule],
        "fields": ["-T", "fields", *[word for field in FIELDS for word in ("-e", field)]],
        "all fields": ["-T", "fields", *[word for field in KNOWN for word in ("-e", field)]],
    }
    got = {way: output("-r", path, *args) for way, args in ways.items()}
    got["fit"] = output("machine", "fit", path)
    got["fit json"] = output("machine", "fit", path, "--format", "json")
    return got


# ---- what terminals and parsers fear ----

FEARED = [bytes(range(1, 9)) + b"\x0b\x0c" + bytes(range(0x0e, 0x20)) + b"\x7f", bytes(range(0x80, 0x100)),
          b"\x1b[2J\x1b]0;title\x07\x9b31m\xc2\x9b31m", "\u202e\u2066\u200e\u061c\u2028\u2029\ufffe".encode(),
          b"<script>]]>&amp;%s%n%d", b"=1+1\t@SUM\t-1\t+1", b'","x":"\\', bytes(b for b in range(0x21, 0x7f))]


def text_for(place, text):
    """As that place allows."""
    if place in ("href", "displayname"):
        text = text.decode("utf-8", "replace").encode()
        text = bytes(b for b in text if b >= 0x20 or b in b"\t")
        return text.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b"]]>", b"]]&gt;").replace(b"\xef\xbf\xbe", b"")
    if place == "user":
        return base64.b64encode(text.replace(b":", b"") + b":pw")
    if place == "target":
        return text.replace(b"?", b"").replace(b"@", b"").replace(b"#", b"").replace(b" ", b"")
    return text


def feared_conversation(feared):
    """One transaction of each kind, the feared text in twelve places."""
    capture = Capture()
    wire = capture.connection()
    t = {place: text_for(place, feared) for place in
         ("target", "host", "agent", "user", "reason", "etag", "server", "location", "href", "displayname", "summary",
          "uid")}
    event = (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:" + t["uid"] + b"\r\nSUMMARY:" + t["summary"] +
             b"\r\nDTSTART:20060925T160000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    wire.say(CLIENT, b"PUT /cal/" + t["target"] + b".ics HTTP/1.1\r\nHost: " + t["host"] + b"\r\nUser-Agent: " + t["agent"] +
             b"\r\nAuthorization: Basic " + t["user"] + b"\r\nContent-Type: text/calendar\r\nContent-Length: %d\r\n\r\n" %
             len(event) + event)
    wire.say(SERVER, b"HTTP/1.1 201 " + t["reason"] + b"\r\nServer: " + t["server"] + b"\r\nETag: \"" + t["etag"] +
             b"\"\r\nLocation: " + t["location"] + b"\r\nContent-Length: 0\r\n\r\n")
    body = (b'<?xml version="1.0"?><multistatus xmlns="DAV:"><response><href>/cal/' + t["href"] +
            b"</href><propstat><prop><displayname>" + t["displayname"] +
            b"</displayname></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>")
    wire.say(CLIENT, b"PROPFIND /cal/ HTTP/1.1\r\nHost: x\r\nDepth: 1\r\nContent-Length: 0\r\n\r\n")
    wire.say(SERVER, b"HTTP/1.1 207 Multi-Status\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return capture, t


def is_harmless(data, tabs):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    allowed = "\n\t" if tabs else "\n"
    return not any((ord(c) < 0x20 and c not in allowed) or 0x7f <= ord(c) <= 0x9f or ord(c) in TELLING for c in text)


def unvis(text):
    def byte(m):
        if m.group(1):
            return bytes([int(m.group(1), 16)])
        if m.group(2):
            return chr(int(m.group(2), 16)).encode()
        return b"\\"
    return re.sub(rb"\\(?:x([0-9a-f]{2})|u\{([0-9a-f]+)\}|\\)", byte, text)


def strict(line):
    def refuse(word):
        raise ValueError(word)
    return json.loads(line, parse_constant=refuse)


def feared(place):
    for number, text in enumerate(FEARED):
        capture, planted = feared_conversation(text)
        path = os.path.join(place, "feared.pcap")
        capture.write(path)
        for way, (out, err) in everything(path, place).items():
            plain = re.sub(rb"\x1b\[[0-9;]*m", b"", out) if way == "color" else out
            check(is_harmless(plain, "fields" in way), way, "text", number)
            check(is_harmless(err, False), way, "standard error, text", number)
            if "json" in way:
                for line in out.splitlines():
                    try:
                        check(isinstance(strict(line), dict), way, number)
                    except ValueError as why:
                        check(False, way, number, why, line[:200])
            if way == "fields":
                rows = out.split(b"\n")[:-1]
                check(len(rows) >= 2 and all(row.count(b"\t") == len(FIELDS) - 1 for row in rows), way, number, rows)
                check(unvis(rows[0].split(b"\t")[0]) == b"/cal/" + planted["target"] + b".ics", "target comes back", number,
                      rows[0].split(b"\t")[0])
                check(unvis(rows[0].split(b"\t")[1]).strip() == planted["reason"].strip(), "reason comes back", number,
                      rows[0].split(b"\t")[1])


# ---- secrets ----

SECRET = b"Zq7Wv3Kx9Tb5Lm1Rd8"


def spelt(dice, name, value):
    """A header field in one of its spellings."""
    name = bytes(dice.choice((bytes([c]).upper(), bytes([c]).lower())) for c in []) or b"".join(
        dice.choice((bytes([c]).upper(), bytes([c]).lower())) for c in name)
    end = dice.choice((b"\r\n", b"\r\n", b"\r\n", b"\n"))
    gap = dice.choice((b": ", b":", b":\t", b" : ", b":\r\n ", b": \r\n\t"))
    if dice.random() < 0.3 and b" " in value:
        value = value.replace(b" ", b"\r\n  ", 1)
    return name + gap + value + end


def secret_requests(dice):
    """(request, response, of all sixteen places) with the secret."""
    coded = base64.b64encode(b"anna:" + SECRET)
    field = lambda name, value: spelt(dice, name, value)  # noqa: E731
    digest = b'Digest username="anna", realm="r", nonce="n", uri="/", cnonce="c", nc=1, response="' + SECRET + b'"'
    requests = [
        (b"/1", field(b"Authorization", b"Basic " + coded)), (b"/2", field(b"Authorization", b"Bearer " + SECRET)),
        (b"/3", field(b"Authorization", digest)), (b"/4", field(b"Authorization", b"NTLM " + coded)),
        (b"/5", field(b"Proxy-Authorization", b"Basic " + coded)), (b"/6", field(b"Proxy-Authorization", b"Negotiate " + coded)),
        (b"/7", field(b"Cookie", b"a=b; session=" + SECRET)), (b"http://anna:" + SECRET + b"@x/8", b""),
        (b"/9?token=" + SECRET, b""), (b"/10?user=anna&password=" + SECRET + b"&x=y", b""),
        (b"/11", field(b"Destination", b"http://anna:" + SECRET + b"@x/to")),
        (b"/12", field(b"Referer", b"http://x/?access_token=" + SECRET)),
    ]
    responses = [field(b"Set-Cookie", b"session=" + SECRET + b"; path=/"), field(b"WWW-Authenticate", b"NTLM " + coded),
                 field(b"Proxy-Authenticate", b"Negotiate " + coded),
                 field(b"Location", b"http://anna:" + SECRET + b"@x/there?password=" + SECRET)]
    return requests, responses


def secret_conversation(dice):
    capture = Capture()
    requests, responses = secret_requests(dice)
    dice.shuffle(requests)
    wire = None
    for number, (target, head) in enumerate(requests):
        if wire is None or dice.random() < 0.2:
            wire = capture.connection()
        most = dice.choice((1, 3, 17, 1400))
        method = dice.choice((b"GET", b"PROPFIND", b"PUT", b"MOVE"))
        wire.say(CLIENT, method + b" " + target + b" HTTP/1.1\r\nHost: x\r\n" + head + b"Content-Length: 0\r\n\r\n", most)
        wire.say(SERVER, dice.choice((b"HTTP/1.1 401 No\r\n", b"HTTP/1.1 207 Multi-Status\r\n", b"HTTP/1.1 302 There\r\n")) +
                 responses[number % len(responses)] + b"Content-Length: 0\r\n\r\n", most)
    if dice.random() < 0.3:  # bytes nobody captured
        del capture.packets[dice.randrange(len(capture.packets))]
    return capture


def has_secret(data):
    whole = data.lower()
    forms = {SECRET.lower(), SECRET[::-1].lower()}
    for shift in range(3):
        coded = base64.b64encode(b"x" * shift + SECRET)
        forms.add(coded[4 if shift else 0:len(coded) - 4].lower())
    return any(form in whole for form in forms)


def secrets(place):
    for seed in range(ROUNDS):
        path = os.path.join(place, "secrets.pcap")
        secret_conversation(random.Random(seed)).write(path)
        for way, (out, err) in everything(path, place).items():
            check(not has_secret(out), "seed", seed, way, *[line[:300] for line in out.splitlines() if has_secret(line)][:1])
            check(not has_secret(err), "seed", seed, way, "standard error", err[:200])


def main():
    with tempfile.TemporaryDirectory(prefix="davscope-readers-") as place:
        feared(place)
        secrets(place)
    print(", ".join(f"{n} {result}" for result, n in counts.items()))
    sys.exit(counts["failed"] != 0)


KNOWN = fields_known()
if __name__ == "__main__":
    main()
