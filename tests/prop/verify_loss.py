#!/usr/bin/env python3
"""Packets are missing in a capture from after: a client that was not mended is never VERIFIED, one that was is never
STILL_BROKEN or PARTIAL.

usage: verify_loss.py    N times (default 240), each time one of the captures below with other packets missing: one
in a hundred, any one, some in a row, one in ten. DAVSCOPE and MKPCAP name the programs, BUILD a folder for captures.
Ends with "N passed, N failed".
"""
import json
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from healthy_talk import Random # pylint: disable=wrong-import-position

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
BUILD = os.environ.get('BUILD', os.path.join(ROOT, 'build'))
DAVSCOPE = os.environ.get('DAVSCOPE', os.path.join(ROOT, 'davscope'))
MKPCAP = os.environ.get('MKPCAP', os.path.join(BUILD, 'tests', 'tool', 'mkpcap'))
WORK = os.path.join(BUILD, 'verify-loss')

TALKS = 'tests/machine/verify/'
KB = 'tests/kb923164/'
CASES = [                      # from before, from after, whether its client was mended; a .yaml is played
    ('samples/verify-before', TALKS + 'unpatched', False),
    ('samples/verify-before', TALKS + 'one-of-two', False),
    ('samples/verify-before', TALKS + 'stuck', False),
    (TALKS + 'davx5-before', TALKS + 'davx5-before', False),
    (TALKS + 'lost-before', TALKS + 'lost-before', False),
    (TALKS + 'eas-before', TALKS + 'eas-before', False),
    ('samples/kb923164-before', 'samples/kb923164-before', False),
    ('samples/kb923164-before', KB + 'keep-alive', False),
    ('samples/kb923164-before', KB + 'two-appointments', False),
    ('samples/kb923164-before', KB + 'uid-new', False),
    ('samples/play/kb923164.yaml', 'samples/play/kb923164.yaml', False),
    ('samples/verify-before', 'samples/verify-after', True),
    (TALKS + 'davx5-before', TALKS + 'davx5-after', True),
    (TALKS + 'lost-before', TALKS + 'lost-after', True),
    (TALKS + 'eas-before', TALKS + 'eas-after', True),
    ('samples/kb923164-before', 'samples/kb923164-after', True),
    ('samples/kb923164-before', KB + 'ok-hotfix-reads', True),
    ('samples/play/kb923164.yaml', 'samples/play/kb923164-fixed.yaml', True),
]


def capture_of(name):
    capture = os.path.join(WORK, os.path.basename(name) + '.pcap')
    if os.path.exists(capture):
        return capture
    if name.endswith('.yaml'):
        subprocess.run([DAVSCOPE, 'machine', 'play', os.path.join(ROOT, name), '-w', capture], check=True,
                       stdout=subprocess.DEVNULL)
    else:
        subprocess.run([MKPCAP, os.path.join(ROOT, name + '.talk'), capture], check=True)
    return capture


def packets(capture):
    with open(capture, 'rb') as f:
        data = f.read()
    order = '<' if data[:1] in (b'\xd4', b'\x4d') else '>'
    at, out = 24, []
    while at < len(data):
        n = 16 + struct.unpack_from(order + 'I', data, at + 8)[0]
        out.append(data[at:at + n])
        at += n
    return data[:24], out


def some_of(whole, seed):
    random, kind = Random(seed), seed // len(CASES) % 4
    if kind in (0, 3):
        return [p for p in whole if not random.percent(1 if kind == 0 else 10)]
    first = random.below(len(whole))
    return whole[:first] + whole[first + (1 if kind == 1 else 2 + random.below(3)):]


def verdict(before, after):
    done = subprocess.run([DAVSCOPE, 'verify', '--before', before, '--after', after, '--format', 'json'],
                          capture_output=True, text=True, check=False)
    record = json.loads(done.stdout)
    codes = {'VERIFIED': 0, 'STILL_BROKEN': 1, 'PARTIAL': 1, 'NOT_EXERCISED': 4, 'INCONCLUSIVE': 4}
    if done.returncode != codes[record['verdict']]:
        raise ValueError(f'{record["verdict"]} with exit code {done.returncode}')
    return record['verdict']


def main():
    os.makedirs(WORK, exist_ok=True)
    for name in os.listdir(WORK):
        os.remove(os.path.join(WORK, name))
    passed = failed = 0
    told = {}
    for seed in range(int(os.environ.get('N', '240'))):
        before, after, mended = CASES[seed % len(CASES)]
        head, whole = packets(capture_of(after))
        cut = os.path.join(WORK, f'cut-{seed}.pcap')
        with open(cut, 'wb') as f:
            f.write(head + b''.join(some_of(whole, seed)))
        said = verdict(capture_of(before), cut)
        told[mended, said] = told.get((mended, said), 0) + 1
        wrong = said in ('STILL_BROKEN', 'PARTIAL') if mended else said == 'VERIFIED'
        if wrong:
            print(f'FAIL {seed}: {said}, by {before} and {cut}')
        else:
            os.remove(cut)
        passed += not wrong
        failed += wrong
    for (mended, said), n in sorted(told.items()):
        print(f'  {"mended" if mended else "not mended"}: {said} {n}')
    print(f'{passed} passed, {failed} failed')
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
