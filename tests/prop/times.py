#!/usr/bin/env python3
"""Stamps that lie: before 1970, in 2106, a year off, backwards, fractions of a second and more. A lone one ends no
flow, changes no transaction, and is printed as it is found.

usage: times.py    N places (default 12) for a lone one. DAVSCOPE names the program, BUILD a folder for captures.
Ends with "N passed, N failed".
"""
import datetime
import json
import os
import struct
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
BUILD = os.environ.get('BUILD', os.path.join(ROOT, 'build'))
DAVSCOPE = os.environ.get('DAVSCOPE', os.path.join(ROOT, 'davscope'))
WORK = os.path.join(BUILD, 'times')
SAMPLE = os.path.join(ROOT, 'samples', 'vdirsyncer-radicale.pcap')
SECOND = 10 ** 9
YEAR = 365 * 86400 * SECOND
COLUMNS = ['http.request.method', 'http.request.target', 'http.request.frame', 'http.response.status',
           'http.response.frame']


def packets_of(capture):
    """Pairs of time in ns and bytes; all of them are whole."""
    with open(capture, 'rb') as f:
        data = f.read()
    packets, at = [], 24
    while at < len(data):
        seconds, micro, n, _ = struct.unpack_from('<IIII', data, at)
        packets.append((seconds * SECOND + micro * 1000, data[at + 16:at + 16 + n]))
        at += 16 + n
    return packets


def pcap(packets, fractions=None):
    """With whole stamps, or (seconds, fraction) by place."""
    out = [struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, 1)]
    for i, (ns, data) in enumerate(packets):
        stamp = (fractions or {}).get(i, divmod(ns, SECOND))
        out.append(struct.pack('<IIII', *stamp, len(data), len(data)) + data)
    return b''.join(out)


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack('<II', kind, len(body) + 12) + body + struct.pack('<I', len(body) + 12)


def pcapng(packets):
    """Nanoseconds, 64 bits of them: negative ones are told from late ones by nothing but their size."""
    out = [block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)),
           block(1, struct.pack('<HHI', 1, 0, 0) + struct.pack('<HHBxxxHH', 9, 1, 9, 0, 0))]
    for ns, data in packets:
        ticks = ns % 2 ** 64
        out.append(block(6, struct.pack('<IIIII', 0, ticks >> 32, ticks % 2 ** 32, len(data), len(data)) + data))
    return b''.join(out)


class Test:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, good, what=''):
        self.passed += good
        self.failed += not good
        if not good:
            print('FAIL', name + ':', what)


def davscope(capture, *arguments):
    """What it prints; any other exit code than 0 is an error."""
    path = os.path.join(WORK, 'in')
    with open(path, 'wb') as f:
        f.write(capture)
    return subprocess.run([DAVSCOPE, '-r', path, *arguments], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout.decode()


def rows(capture, *columns):
    """Transactions, by the packets of their requests."""
    arguments = [word for column in COLUMNS + list(columns) for word in ('-e', column)]
    lines = davscope(capture, '-T', 'fields', *arguments).splitlines()
    return sorted((line.split('\t') for line in lines), key=lambda row: int(row[2]))


def anomalies(capture):
    last = json.loads(davscope(capture, '-T', 'json').splitlines()[-1])
    return json.dumps(last.get('stats', last))


def set_at(packets, places, change):
    return [(change(ns) if i in places else ns, data) for i, (ns, data) in enumerate(packets)]


LONE = {
    'a year ahead': lambda ns: ns + YEAR,
    'a year behind': lambda ns: ns - YEAR,
    '1970': lambda ns: 0,
    '2106': lambda ns: (2 ** 32 - 1) * SECOND,
    'an hour and more ahead': lambda ns: ns + 3601 * SECOND,
    'a minute behind': lambda ns: ns - 60 * SECOND,
}
FAR = { # in pcapng
    'before 1970': lambda ns: -1 * SECOND,
    'long before 1970': lambda ns: -2 ** 63,
    'the last one': lambda ns: 2 ** 63 - 1,
}


def main():
    os.makedirs(WORK, exist_ok=True)
    test = Test()
    packets = packets_of(SAMPLE)
    whole = rows(pcap(packets))
    n = int(os.environ.get('N', 12))
    places = sorted({i * (len(packets) - 1) // max(n - 1, 1) for i in range(n)} | {0, 1, len(packets) - 1})
    for changes, write in ((LONE, pcap), (FAR, pcapng)):
        for name, change in changes.items():
            for place in places:
                lying = write(set_at(packets, {place}, change))
                test.check(f'{name}, packet {place + 1}', rows(lying) == whole, 'other transactions')
            lying = write(set_at(packets, set(places), change))
            said = anomalies(lying)
            test.check(f'{name}, {len(places)} packets: flows', 'flow.timeout' not in said, said)
    # Fractions of a second and more are added, as libpcap does.
    for place in places:
        lying = pcap(packets, {place: (packets[place][0] // SECOND, 2 ** 32 - 1)})
        test.check(f'fraction, packet {place + 1}', rows(lying) == whole, 'other transactions')
    # The first half is a minute, a day, a year later than the second: a clock that is set back.
    for back in (60 * SECOND, 86400 * SECOND, YEAR):
        lying = pcap(set_at(packets, set(range(len(packets) // 2)), lambda ns, by=back: ns + by))
        test.check(f'set back by {back // SECOND} s', rows(lying) == whole, 'other transactions')
    lying = pcap([(packets[-1 - i][0], data) for i, (_, data) in enumerate(packets)])
    test.check('all backwards', rows(lying) == whole, 'other transactions')
    # As it is found.
    place = int(whole[len(whole) // 2][2]) - 1
    for name, change in LONE.items():
        shown = {row[2]: row[5] for row in rows(pcap(set_at(packets, {place}, change)), 'http.request.time')}
        ns = change(packets[place][0])
        when = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=ns // SECOND)
        test.check(f'{name}: shown', shown[str(place + 1)] == f'{when.isoformat()}.{ns % SECOND:09}Z',
                   shown[str(place + 1)])
    print(f'{test.passed} passed, {test.failed} failed')
    return test.failed != 0


if __name__ == '__main__':
    sys.exit(main())
