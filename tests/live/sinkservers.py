"""Who gets what the sinks of a monitor send: a web hook, a syslog, a unix socket, a journal, and files.

Each keeps what it got in the order it came, as pairs (id, update) of findings. They can be down, slow or
full; they go down between two messages, never within one, so that what they got is exact.
"""
import http.server
import json
import os
import re
import socket
import struct
import threading
import time

import live


def number_of(record):
    return record["id"], record["finding"].get("update", 0)


class Hook:
    """A web hook that is down until up(); `gap` seconds between two answers make it slow."""

    def __init__(self, port):
        self.port, self.gap, self.server, self.got = port, 0, None, []

    def up(self):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                hook.got.append(number_of(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
                if hook.gap:
                    time.sleep(hook.gap)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self):
        self.server.shutdown()
        self.server.server_close()


class Stream:
    """Accepts one after the other, and reads while `reads` is set; what a dead sender began is dropped."""

    def __init__(self, listener):
        self.listener, self.got, self.others, self.fragments = listener, [], 0, 0
        self.reads = threading.Event()
        self.reads.set()
        self.bad = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            data = b""
            with connection:
                while self.reads.wait():
                    more = connection.recv(65536)
                    if not more:
                        break
                    data = self.take(data + more)
            self.fragments += bool(data)

    def take(self, data):
        while True:
            message, data = self.cut(data)
            if message is None:
                return data
            try:
                self.message(message)
            except (ValueError, KeyError, AttributeError) as error:
                self.bad.append((repr(error), message[:200]))

    def message(self, message):
        raise NotImplementedError

    def cut(self, data):
        raise NotImplementedError


class Local(Stream):
    """JSON lines through a unix socket."""

    def __init__(self, path):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        os.chmod(path, 0o777)
        listener.listen()
        super().__init__(listener)

    def cut(self, data):
        line, end, rest = data.partition(b"\n")
        return (line, rest) if end else (None, data)

    def message(self, message):
        record = json.loads(message)
        if record["event_type"] == "finding":
            self.got.append(number_of(record))
        else:
            self.others += 1


class Syslog(Stream):
    """RFC 5424 with octet counting."""
    SHAPE = re.compile(rb'<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ davscope \d+ finding '
                       rb'\[davscope@32473 rule="([^"]+)" severity="(\w+)" id="(f-[0-9a-f]{12})" update="(\d+)"\] \S')

    def __init__(self, port):
        super().__init__(socket.create_server(("127.0.0.1", port)))

    def cut(self, data):
        length, space, rest = data.partition(b" ")
        if not space or len(rest) < int(length):
            return None, data
        return rest[:int(length)], rest[int(length):]

    def message(self, message):
        _, _, _, number, update = self.SHAPE.match(message).groups()
        self.got.append((number.decode(), int(update)))


class Journal:
    """The journal of systemd, as far as its native protocol goes."""
    FIELD = re.compile(rb"[A-Z0-9_]+")

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(path)
        os.chmod(path, 0o777)
        self.got, self.fields, self.bad = [], [], []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            datagram = self.socket.recv(1 << 20)
            try:
                fields = self.parse(datagram)
                self.got.append((fields["DAVSCOPE_ID"], int(fields["DAVSCOPE_UPDATE"])))
                self.fields.append(fields)
            except (ValueError, KeyError, AssertionError) as error:
                self.bad.append((repr(error), datagram[:300]))

    def parse(self, data):
        fields = {}
        while data:
            name, end, rest = data.partition(b"\n")
            if b"=" in name:
                name, _, value = name.partition(b"=")
                data = rest
            else:
                length, = struct.unpack_from("<Q", rest)
                value, data = rest[8:8 + length], rest[8 + length:]
                assert data[:1] == b"\n", "an end behind a long value"
                data = data[1:]
            assert end and self.FIELD.fullmatch(name), name
            assert name not in fields, name
            fields[name.decode()] = value.decode()
        return fields


def file_numbers(path):
    """Of JSON lines; what is no whole line raises."""
    with open(path, "rb") as lines:
        text = lines.read()
    if text and not text.endswith(b"\n"):
        raise ValueError(f"{path} ends in {text[-60:]!r}")
    return [number_of(json.loads(line)) for line in text.splitlines()]


def program_numbers(path):
    """What tee(1) has of a program's standard input: a line each; it may be about to write the last one."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as lines:
        text = lines.read()
    return [number_of(json.loads(line)) for line in text[:text.rfind("\n") + 1].splitlines()]


def fill(directory):
    """A file that leaves no room for anybody; delete it to give the room back."""
    path = os.path.join(directory, "filler")
    with open(path, "ab", buffering=0) as filler:
        for block in bytes(65536), bytes(4096), b"x":
            try:
                while True:
                    filler.write(block)
            except OSError:
                pass
    return path


def metrics(port):
    """Of the page, {name with labels: value}; None while nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), live.DEADLINE) as connection:
            connection.sendall(b"GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            with connection.makefile("rb") as stream:
                page = stream.read().decode()
    except OSError:
        return None
    if "\r\n\r\n" not in page:
        return None
    rows = (line.rsplit(" ", 1) for line in page.split("\r\n\r\n", 1)[1].splitlines() if line[:1] != "#")
    return {name: float(value) for name, value in rows}
