#!/usr/bin/env python3
"""Looks for words in a capture, however they are spelt there.

usage: leaks.py CAPTURE WORD...

Searched are the file as it is, the streams in it put together, those with chunks joined, bodies unpacked, and
all of that with base64, percent-encoding, entities, escapes, quoted-printable, folded lines and UTF-16
undone. Prints what was found; exit code 1. Ethernet, IPv4 and IPv6 without options, pcap and pcapng.
"""
import base64
import html
import re
import struct
import sys
import zlib


def packets(data):
    if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        at = 24
        while at + 16 <= len(data):
            n = struct.unpack_from("<I", data, at + 8)[0]
            yield data[at + 16:at + 16 + n]
            at += 16 + n
        return
    at = 0
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:
            n = struct.unpack_from("<I", data, at + 20)[0]
            yield data[at + 28:at + 28 + n]
        at += max(length, 12)


def segments(data):
    """(flow, sequence number, payload) of each TCP packet."""
    for packet in packets(data):
        kind = packet[12:14]
        if kind == b"\x08\x00" and packet[23:24] == b"\x06":
            end = 14 + struct.unpack_from(">H", packet, 16)[0]
            addresses, tcp = packet[26:34], packet[34:end]
        elif kind == b"\x86\xdd" and packet[20:21] == b"\x06":
            end = 54 + struct.unpack_from(">H", packet, 18)[0]
            addresses, tcp = packet[22:54], packet[54:end]
        else:
            continue
        if len(tcp) >= 20:
            yield (addresses, tcp[:4]), struct.unpack_from(">I", tcp, 4)[0], tcp[(tcp[12] >> 4) * 4:]


def streams(data):
    flows = {}
    for flow, seq, payload in segments(data):
        flows.setdefault(flow, {}).setdefault(seq, payload)
    for parts in flows.values():
        yield b"".join(parts[seq] for seq in sorted(parts))


def dechunked(data):
    return re.sub(rb"\r\n[0-9A-Fa-f]{1,6}\r\n", b"", data)


def unpacked(data):
    for found in re.finditer(rb"\x1f\x8b\x08", data):
        try:
            yield zlib.decompressobj(31).decompress(data[found.start():])
        except zlib.error:
            pass


def base64_runs(data):
    joined = re.sub(rb"\r?\n[ \t]?", b"", data)
    for text in (data, joined):
        for run in re.findall(rb"[A-Za-z0-9+/]{8,}", text):
            for shift in range(4):
                part = run[shift:]
                yield base64.b64decode(part[:len(part) // 4 * 4])


def respelt(data):
    """The text in all other spellings, each undone alone and one after the other."""
    quoted = re.sub(rb"=([0-9A-Fa-f]{2})", lambda m: bytes.fromhex(m[1].decode()), re.sub(rb"=\r?\n", b"", data))
    percent = data
    for _ in range(3):
        percent = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes.fromhex(m[1].decode()), percent)
        yield percent
    yield quoted
    yield re.sub(rb"\r?\n[ \t]", b"", data)
    yield re.sub(rb"[\r\n]", b"", data)
    latin = data.decode("latin-1")
    yield html.unescape(latin).encode("utf-8", "replace")
    yield html.unescape(data.decode("utf-8", "replace")).encode("utf-8", "replace")
    yield re.sub(r"\\u([0-9A-Fa-f]{4})", lambda m: chr(int(m[1], 16)), latin).encode("utf-8", "replace")
    for start in (0, 1):
        for coding in ("utf-16-le", "utf-16-be"):
            yield data[start:].decode(coding, "replace").encode("utf-8", "replace")
    yield latin.encode("utf-8")


def texts(data):
    first = [data]
    for stream in streams(data):
        first += [stream, dechunked(stream)]
    first += [text for source in list(first) for text in unpacked(source)]
    first += [text for source in list(first) for text in base64_runs(source)]
    for text in first:
        yield text
        yield from respelt(text)


def needles(word):
    """The word in the forms it may have as bytes: text, an address, or hexadecimal digits behind 0x."""
    if word.startswith("0x"):
        return [bytes.fromhex(word[2:])]
    return [word.casefold().encode()]


def main():
    data = open(sys.argv[1], "rb").read()
    wanted = {word: needles(word) for word in sys.argv[2:]}
    found = set()
    for text in texts(data):
        folded = text.decode("utf-8", "replace").casefold().encode() if len(text) < 1 << 22 else text.lower()
        for word, forms in wanted.items():
            if word not in found and any(form in folded or form in text for form in forms):
                found.add(word)
                at = max(folded.find(forms[0]), 0)
                print("leak: %s in %r" % (word, folded[max(at - 30, 0):at + 40]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
