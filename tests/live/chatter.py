#!/usr/bin/env python3
"""A calendar server and a client that makes one item after the other twice, over real sockets.

usage: chatter.py serve ADDRESS PORT [--etag]
       chatter.py chat ADDRESS PORT LOG PAIRS-PER-SECOND SECONDS [LATER] [--once]
       chatter.py both ADDRESS PORT LOG PAIRS-PER-SECOND SECONDS [LATER] [--etag] [--once]
Each item is created, and created again under another name: at once, or LATER seconds later, in turn; with
--once it is not. With --etag the server gives each its tag, as it should. LOG gets a line "UID NTH SECONDS"
for each create when its answer is there (seconds since 1970). A client ends by itself, a server with its end.
"""
import collections
import socket
import sys
import threading
import time

OBJECT = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//davscope//chatter//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
          "DTSTAMP:20261130T090000Z\r\nDTSTART:20261201T{hour:02}0000Z\r\nDTEND:20261201T{hour:02}3000Z\r\n"
          "SUMMARY:Meeting {uid}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
ANSWER = "HTTP/1.1 201 Created\r\nServer: chatter\r\nDAV: 1, calendar-access\r\n{tag}Content-Length: 0\r\n\r\n"


def read_message(stream):
    """Reads a request or an answer with its body; False at the end."""
    length, first = 0, True
    for line in iter(stream.readline, b""):
        if line in (b"\r\n", b"\n"):
            stream.read(length)
            return not first
        first = False
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return False


def serve(listener, etag):
    serial = 0
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as stream:
            while read_message(stream):
                serial += 1
                tag = f'ETag: "{serial}"\r\n' if etag else ""
                connection.sendall(ANSWER.format(tag=tag).encode())


def create(connection, stream, uid, nth):
    body = OBJECT.format(uid=uid, hour=hash(uid) % 24).encode()
    head = (f"PUT /cal/anna/{uid}-{nth}.ics HTTP/1.1\r\nHost: calendar.example\r\nUser-Agent: chatter/1\r\n"
            f"If-None-Match: *\r\nContent-Type: text/calendar\r\nContent-Length: {len(body)}\r\n\r\n")
    connection.sendall(head.encode() + body)
    return read_message(stream)


def chat(address, port, log, rate, seconds, later, once):
    begun, serial, waiting = time.time(), 0, collections.deque()
    with socket.create_connection((address, port)) as connection, connection.makefile("rb") as stream:

        def note(uid, nth):
            create(connection, stream, uid, nth)
            log.write(f"{uid} {nth} {time.time():.6f}\n")
            log.flush()

        while time.time() < begun + seconds:
            serial += 1
            uid = f"u{int(begun)}-{serial}"
            note(uid, 1)
            if once:
                pass
            elif later and serial % 2:
                waiting.append((time.time() + later, uid))
            else:
                note(uid, 2)
            while waiting and waiting[0][0] < time.time():
                note(waiting.popleft()[1], 2)
            pause = begun + serial / rate - time.time()
            if pause > 0:
                threading.Event().wait(pause)


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    flags = [word for word in sys.argv[1:] if word.startswith("--")]
    role, address, port = words[0], words[1], int(words[2])
    if role != "chat":
        listener = socket.create_server((address, port))
        print("listening", flush=True)
        server = threading.Thread(target=serve, args=(listener, "--etag" in flags), daemon=True)
        server.start()
    if role == "serve":
        server.join()
    path, rate, seconds = words[3], float(words[4]), float(words[5])
    later = float(words[6]) if len(words) > 6 else 0
    with open(path, "a", encoding="ascii") as log:
        chat(address, port, log, rate, seconds, later, "--once" in flags)


if __name__ == "__main__":
    main()
