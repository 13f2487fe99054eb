#!/usr/bin/env python3
"""Runs davscope over captures and judges its findings by a table.

usage: findings.py TABLE FOLDER    DAVSCOPE names the program (default ./davscope)

A line of TABLE: case, files, rule, count, severity, item, frames; tabs between them. Several lines with
one case belong to one run. `files`: names in FOLDER, separated by blanks; only the first line needs them
(`=`: as above).
  rule      code of the rule; `E01|D03`: either; `-`: the line only says that there is such a case
  count     how many findings, each counted once whatever its updates; `2-4`: from 2 to 4
  severity  of the worst of them, in its last state; `high|critical`: either; `-`: any
  item      of item events with a duplicate: cause and number of live copies, `R1x3`; `-`: not asked
  frames    a group for each finding, `;` between them: all of a group lie in the evidence of one finding.
            `2/8`: frame 8 of the second file
Besides, no finding above info whose rule has no line.
Ends with "N passed, N failed[, N skipped]".
"""
import json
import os
import subprocess
import sys

DAVSCOPE = os.environ.get("DAVSCOPE", "./davscope")
SEVERITIES = ["info", "low", "medium", "high", "critical"]


def read_table(path):
    """The cases in their order: name, files, rows."""
    cases = {}
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if line.startswith("#") or not line.strip():
                continue
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 7:
                sys.exit(f"{path}:{number}: {len(fields)} columns, not 7")
            name, files, row = fields[0], fields[1], fields[2:]
            case = cases.setdefault(name, {"files": [], "rows": []})
            if files != "=":
                case["files"] = files.split()
            case["rows"].append(row)
    return cases


def run(folder, files):
    """Last state of each finding, and the item events; raises when davscope fails."""
    done = subprocess.run([DAVSCOPE, "-T", "json", "-r"] + [os.path.join(folder, f) for f in files],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise ValueError(f"exit code {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    findings, items = {}, []
    for line in done.stdout.decode().splitlines():
        record = json.loads(line)
        if record["event_type"] == "finding":
            findings[record["id"]] = record
        elif record["event_type"] == "item":
            items.append(record)
    return list(findings.values()), items


def evidence(finding, files):
    """{(number of the file, frame)}"""
    seen = set()
    for part in finding.get("evidence", []):
        number = [os.path.basename(f) for f in files].index(os.path.basename(part["input"])) + 1
        seen.update((number, frame) for frame in part["frames"])
    return seen


def read_frames(text):
    """A group for each finding."""
    groups = []
    for group in text.split(";"):
        frames = set()
        for word in group.split(","):
            number, _, frame = word.rpartition("/")
            frames.add((int(number or 1), int(frame)))
        groups.append(frames)
    return groups


def place(groups, sets):
    """Each group in an evidence of its own? The numbers are small."""
    if not groups:
        return True
    return any(groups[0] <= s and place(groups[1:], sets[:i] + sets[i + 1:]) for i, s in enumerate(sets))


def say_wrong_item(want, items):
    cause, _, copies = want.partition("x")
    doubles = [i["item"] for i in items if i["item"].get("duplicate")]
    if not doubles:
        return "no item event with a duplicate"
    causes = {i.get("cause") for i in doubles}
    if causes != {cause}:
        return f"causes {sorted(map(str, causes))}, not {cause}"
    most = max(i.get("copies", 0) for i in doubles)
    if copies and most != int(copies):
        return f"{most} copies, not {copies}"
    return ""


def say_wrong_row(row, findings, items, files):
    rule, count, severity, item, frames = row
    if rule == "-":
        return ""
    mine = [f for f in findings if f["rule"].get("code") in rule.split("|")]
    least, _, most = count.partition("-")
    if not int(least) <= len(mine) <= int(most or least):
        return f"{rule}: {len(mine)} findings, not {count}"
    if not mine:
        return ""
    worst = max((f["finding"]["severity"] for f in mine), key=SEVERITIES.index)
    if severity != "-" and worst not in severity.split("|"):
        return f"{rule}: {worst}, not {severity}"
    if frames != "-" and not place(read_frames(frames), [evidence(f, files) for f in mine]):
        return f"{rule}: frames {frames} are not in the evidence, which is " + \
            "; ".join(",".join(f"{n}/{f}" for n, f in sorted(evidence(x, files))) for x in mine)
    wrong = say_wrong_item(item, items) if item != "-" else ""
    return f"{rule}: {wrong}" if wrong else ""


def judge(case, folder):
    try:
        findings, items = run(folder, case["files"])
    except ValueError as e:
        return [str(e)]
    wrong = [say_wrong_row(row, findings, items, case["files"]) for row in case["rows"]]
    named = {rule for row in case["rows"] for rule in row[0].split("|")}
    for finding in findings:
        if finding["finding"]["severity"] != "info" and finding["rule"].get("code") not in named:
            wrong.append(f"not expected: {finding['finding']['severity']} {finding['rule']['id']} "
                         f"({finding['rule'].get('code')}): {finding['finding']['message']}")
    return [w for w in wrong if w]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1])
    table, folder = sys.argv[1:]
    passed = failed = 0
    for name, case in read_table(table).items():
        wrong = judge(case, folder)
        passed += not wrong
        failed += bool(wrong)
        for text in wrong:
            print(f"FAIL {name}: {text}")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
