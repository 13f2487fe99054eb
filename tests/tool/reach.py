#!/usr/bin/env python3
"""Each anomaly, limit and shipped rule is reached by a golden case, or by the test that reach.list names.

An anomaly stands in the expected output of a case, a rule as that of a finding; a limit is set by a case, which says
something else without it.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.path.join(ROOT, "tests/golden")
DAVSCOPE = os.path.abspath(os.environ.get("DAVSCOPE", os.path.join(ROOT, "davscope")))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
MKPCAP = os.path.join(BUILD, "tests/tool/mkpcap")
WORK = os.path.join(BUILD, "reach")
SEVERITY = "critical|high|medium|low|info"
LIMIT = re.compile(r"--limit\s+(\w+)=\S+")


def text_of(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def has_name(text, name):
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) is not None


def has_finding(text, rule):
    """In the text format, as JSON, as columns."""
    rule = re.escape(rule)
    return re.search(rf'^ *(?:{SEVERITY}) {rule}[ :,]|"event_type":"finding".*"rule":{{"id":"{rule}"|^finding\t{rule}\t',
                     text, re.M) is not None


def shipped_rules():
    printed = subprocess.run([DAVSCOPE, "rules", "list"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in printed.splitlines()]


def elsewhere():
    """NAME: (file, word)."""
    said = {}
    for line in text_of(ROOT, "tests/tool/reach.list").splitlines():
        if line and not line.startswith("#"):
            name, path, *word = line.split()
            said[name] = path, word[0] if word else name
    return said


def capture_of(case):
    """As golden.sh makes it."""
    talk, place = os.path.join(GOLDEN, case, "in.talk"), os.path.join(WORK, case)
    os.makedirs(place, exist_ok=True)
    if not os.path.exists(talk):
        talk = os.path.join(ROOT, text_of(GOLDEN, case, "capture").strip())
    if not talk.endswith(".talk"):
        name = os.path.basename(talk)
        shutil.copy(talk, os.path.join(place, name))
        return name
    subprocess.run([MKPCAP, talk, os.path.join(place, "in.pcap")], check=True)
    return "in.pcap"


def says_the_same(case, args):
    """As the case, with other options."""
    capture = capture_of(case)
    ran = subprocess.run([DAVSCOPE, "-r", capture, *shlex.split(args.replace("$root", ROOT))],
                         cwd=os.path.join(WORK, case), capture_output=True, stdin=subprocess.DEVNULL, check=False)
    code = os.path.join(GOLDEN, case, "code")
    return ran.stdout.decode() == text_of(GOLDEN, case, "expected") and \
        ran.returncode == (int(text_of(code)) if os.path.exists(code) else 0)


def main():
    cases = sorted(case for case in os.listdir(GOLDEN) if os.path.exists(os.path.join(GOLDEN, case, "expected")))
    expected = {case: text_of(GOLDEN, case, "expected") for case in cases}
    args = {case: text_of(GOLDEN, case, "args") for case in cases if os.path.exists(os.path.join(GOLDEN, case, "args"))}
    anomalies = re.findall(r'^ANOMALY\(\w+,\s*"([^"]+)"', text_of(ROOT, "decode/anomalies.def"), re.M)
    limits = re.findall(r"^LIMIT\((\w+),", text_of(ROOT, "base/limits.def"), re.M)
    rules = shipped_rules()
    names_all = anomalies + limits + rules
    shown, listed, failures = set(), elsewhere(), []
    for name in anomalies:
        if any(has_name(text, name) for text in expected.values()):
            shown.add(name)
    shown.update(rule for rule in rules if any(has_finding(text, rule) for text in expected.values()))
    for case, words in args.items():
        names = LIMIT.findall(words)
        if case.startswith("limit-"):  # the others make room for it: a limit is less than another one
            names = [name for name in names if case == "limit-" + name.replace("_", "-")]
        if names:
            if says_the_same(case, LIMIT.sub("", words)):
                failures.append(f"{case}: without {', '.join(names)} it says the same")
        shown.update(names)
    for name, (path, word) in listed.items():
        if name not in names_all:
            failures.append(f"reach.list: there is no {name}")
        elif name in shown:
            failures.append(f"reach.list: {name} is shown by a golden case")
        elif re.search(rf"\b{re.escape(word)}\b", text_of(ROOT, path)) is None:
            failures.append(f"reach.list: no {word} in {path}")
    missing = [name for name in names_all if name not in shown and name not in listed]
    failures += [f"{name}: no golden case shows it" for name in missing]
    for failure in failures:
        print("FAIL", failure)
    print(f"{len(names_all) - len(missing)} passed, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
