#!/usr/bin/env python3
"""`davscope verify`: the talks of verify/ in twos, or with a profile, against verify/CASES.tsv; what it refuses; that
text and JSON agree and the same bytes come out whatever the number of workers and the hash seed.

usage: verify.py    DAVSCOPE and MKPCAP name the programs, BUILD a folder for captures
Ends with "N passed, N failed".
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '..', '..')
BUILD = os.environ.get('BUILD', os.path.join(ROOT, 'build'))
DAVSCOPE = os.environ.get('DAVSCOPE', os.path.join(ROOT, 'davscope'))
MKPCAP = os.environ.get('MKPCAP', os.path.join(BUILD, 'tests', 'tool', 'mkpcap'))
WORK = os.path.join(BUILD, 'verify')
SAMPLES = {'before': 'samples/verify-before.talk', 'after': 'samples/verify-after.talk'}
CUT = {'cut-off': 'after', 'cut-before': 'before'}      # the same, and the file ends too early
COUNTS = ['items', 'well', 'copies', 'stuck', 'open', 'traffic_missing', 'not_watched', 'other_cause']

REFUSED = [                                             # arguments, exit code, what has to be said
    ([], 2, 'no capture'),
    (['{after}'], 2, '--before FILE or --profile NAME'),
    (['--before', '{before}'], 2, 'no capture'),
    (['--profile', 'ideal'], 2, 'no capture'),
    (['--after', '{after}'], 2, '--before FILE or --profile NAME'),
    (['--before', '{before}', '--after', '{after}', '{short}'], 2, 'a word too many'),
    (['{after}', '--profile', 'davx6'], 2, 'did you mean davx5?'),
    (['{after}', '--profile', 'nothing-like-it'], 2, 'no such profile'),
    (['{after}', '--profile', 'radicale'], 2, "a client's is wanted"),
    (['--before', '{before}', '--after', '/nonexistent/x.pcap'], 3, '/nonexistent/x.pcap'),
    (['--before', '/nonexistent/x.pcap', '--after', '{after}'], 3, '/nonexistent/x.pcap'),
    (['/nonexistent/x.pcap', '--profile', 'ideal'], 3, '/nonexistent/x.pcap'),
    (['--before', '{before}', '--after', '{talk}'], 3, ''),
]


def compile_talk(talk, capture, cut=0):
    if cut:
        with open(talk, encoding='utf-8') as f:
            text = f'@cut {cut}\n' + f.read()
        talk = capture + '.talk'
        with open(talk, 'w', encoding='utf-8') as f:
            f.write(text)
    subprocess.run([MKPCAP, talk, capture], check=True)


def capture_of(name):
    """Makes it when it is not there yet."""
    capture = os.path.join(WORK, os.path.basename(name).replace('.talk', '') + '.pcap')
    if not os.path.exists(capture):
        whole = CUT.get(name, name)
        whole = SAMPLES.get(whole, whole)
        talk = os.path.join(ROOT, whole) if whole.endswith('.talk') else os.path.join(HERE, 'verify', whole + '.talk')
        compile_talk(talk, capture, 20 if name in CUT else 0)
    return capture


def run(*words):
    done = subprocess.run([DAVSCOPE, 'verify', *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def say_wrong_text(text, verdict, counts):
    """The text says what the JSON says."""
    head = text.splitlines()[0] if text else ''
    n = counts.get('well', 0)
    want = f'VERIFIED ({n} trigger{"" if n == 1 else "s"})' if verdict == 'VERIFIED' else verdict
    if head != want:
        return f'the text begins with {head!r}, not {want!r}'
    n = counts.get('items', 0)
    happened = f'it happened to {n or "no"} item{"s" if n > 1 else ""}'
    if happened not in ' '.join(text.split('after:')[-1].split()):
        return f'the text does not say that {happened}'
    if 'reason: ' not in text or 'looked for: ' not in text:
        return 'the text gives no reason'
    return ''


def judge_case(before, after, options, verdict, code, triggers, counts):
    words = [] if before == '-' else ['--before', capture_of(before), '--after']
    words += [capture_of(after)] + ([] if options == '-' else options.split())
    got, text, _ = run(*words)
    got_json, line, _ = run(*words, '--format', 'json')
    if got != int(code) or got_json != int(code):
        return f'exit code {got} and {got_json}, not {code}: {text.splitlines()[:1]}'
    record = json.loads(line)
    if record['verdict'] != verdict:
        return f'{record["verdict"]}, not {verdict}: {record["reason"]}'
    wanted = {name: 0 for name in COUNTS}
    wanted.update((w.split('=')[0], int(w.split('=')[1])) for w in counts.split())
    extra = set(record['after']) - set(COUNTS) - {'capture', 'example'}
    if extra:
        return f'{sorted(extra)} too many'
    have = {name: record['after'][name] for name in COUNTS}
    if have != wanted:
        return f'after: {have}, not {wanted}'
    if ','.join(record['triggers']) != triggers.replace('-', '', 1 if triggers == '-' else 0):
        return f'looked for {record["triggers"]}, not {triggers}'
    if record['verified_triggers'] != (have['well'] if verdict == 'VERIFIED' else 0):
        return f'{record["verified_triggers"]} verified triggers'
    if ('before' in record) != (before != '-'):
        return 'a side too many or too few'
    if '--profile' in options and record['profile']['profile'] != options.split()[1]:
        return 'another profile'
    for more in (['--workers', '0'], ['--workers', '2'], ['--hash-seed', '77']):
        if run(*words, '--format', 'json', *more)[1] != line:
            return f'other bytes with {more}'
    if run(*words)[1] != text:
        return 'other bytes the second time'
    return say_wrong_text(text, verdict, wanted)


def judge_refused(words, code, said):
    names = {name: capture_of(name) for name in ('before', 'after', 'short')}
    names['talk'] = os.path.join(ROOT, SAMPLES['after'])
    got, text, error = run(*[w.format(**names) for w in words])
    if got != code:
        return f'exit code {got}, not {code}'
    if text:
        return f'prints {text.splitlines()[0]!r}'
    if said not in error or not error.startswith('davscope: '):
        return f'says {error.strip()!r}'
    return ''


def main():
    os.makedirs(WORK, exist_ok=True)
    for name in os.listdir(WORK):
        os.remove(os.path.join(WORK, name))
    with open(os.path.join(HERE, 'verify', 'CASES.tsv'), encoding='utf-8') as f:
        cases = [line.rstrip('\n').split('\t') for line in f if not line.startswith('#')]
    results = [(' '.join(case[:3]), judge_case(*case)) for case in cases]
    results += [('refused: ' + ' '.join(r[0]), judge_refused(*r)) for r in REFUSED]
    for name, wrong in results:
        if wrong:
            print(f'FAIL {name}: {wrong}')
    failed = sum(1 for _, wrong in results if wrong)
    print(f'{len(results) - failed} passed, {failed} failed')
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
