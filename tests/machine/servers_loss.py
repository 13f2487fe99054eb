#!/usr/bin/env python3
# Packets are taken out of recorded captures: whatever fits a server with all of them has to fit still, and no
# promise may be said to be broken that was kept. Skipped where the captures are not at hand. N: times each.
import os
import random
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
LAB = os.path.join(ROOT, '..', 'shared', 'captures', 'lab')
SERVERS = os.path.join(os.environ.get('BUILD', 'build'), 'tests', 'machine', 'servers')
NAMES = ['vdirsyncer-radicale', 'vdirsyncer-sogo', 'pycaldav-radicale', 'pycaldav-sogo', 'syncevolution-radicale',
         'litmus-xandikos', 'litmus-apache-dav', 'fault-strip-vdirsyncer', 'fault-rewrite-vdirsyncer',
         'fault-stale-pycaldav', 'eas-sogo-device-only']
RATES = [.002, .01, .03, .1, .3]


def facts(path):
    done = subprocess.run([SERVERS, path], capture_output=True, text=True, check=True)
    found = {}
    for line in done.stdout.splitlines():
        server, holds, code, value, _ = line.split('\t')
        if code[0] == 'V':
            found[server, holds, code] = set(value.split(','))
        elif code[0] == 'J':
            found[server, holds, code] = value.split(',')[0]
    return found


def packets(path):
    data = open(path, 'rb').read()
    order = '<' if data[:1] in (b'\xd4', b'\x4d') else '>'
    at, out = 24, []
    while at < len(data):
        n = 16 + struct.unpack(order + 'I', data[at + 8:at + 12])[0]
        out.append(data[at:at + n])
        at += n
    return data[:24], out


# Here and there one, or a whole stretch.
def some_of(whole, seed):
    random.seed(seed)
    if seed % 4 == 3:
        first = random.randrange(len(whole))
        return whole[:first] + whole[first + random.randrange(1, len(whole) // 2):]
    rate = RATES[seed % len(RATES)]
    return [p for p in whole if random.random() > rate]


def wrong(full, lossy):
    for key, value in lossy.items():
        if key[2][0] == 'J':
            if value == 'broken' and full.get(key) == 'kept':
                yield key, value, full[key]
        elif not full.get(key, set()) <= value or key not in full:
            yield key, value, full.get(key)


def main():
    passed = failed = 0
    if not os.path.isdir(LAB):
        print('0 passed, 0 failed, 1 skipped')
        return 0
    with tempfile.TemporaryDirectory() as work:
        cut = os.path.join(work, 'cut.pcap')
        for name in NAMES:
            path = os.path.join(LAB, name + '.pcap')
            full = facts(path)
            head, whole = packets(path)
            for seed in range(int(os.environ.get('N', '20'))):
                with open(cut, 'wb') as f:
                    f.write(head + b''.join(some_of(whole, seed)))
                faults = list(wrong(full, facts(cut)))
                for fault in faults:
                    print('FAIL', name, seed, *fault)
                passed += not faults
                failed += bool(faults)
    print(f'{passed} passed, {failed} failed')
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
