#!/usr/bin/env python3
"""Judges the records of `machine fit` and `verify` by docs/davscope-machine-1.schema.json.

The captures are some talks and the samples of the project, and those beside it where they are there. What is
judged: every record, no repeated keys, that the sums of a verdict add up, that its exit code is the one the
manual names, and that every kind of record, verdict and optional member was seen at least once.
DAVSCOPE and MKPCAP name the programs. Ends with "N passed, N failed".
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

from validate import DAVSCOPE, ROOT, Wrong, jsonschema, no_constant, object_once, paths_of

MKPCAP = os.environ.get("MKPCAP", os.path.join(ROOT, "build", "tests", "tool", "mkpcap"))
CODES = {"VERIFIED": 0, "STILL_BROKEN": 1, "PARTIAL": 1, "NOT_EXERCISED": 4, "INCONCLUSIVE": 4}
TALKS = ("kb923164-before", "kb923164-after", "ok-hotfix-reads", "hours-later", "ok-tagged", "ok-moved",
         "ok-inner-refused", "lost-then-fresh", "uid-same", "snaplen")
GOLDEN = ("snaplen",)
PAIRS = (("kb923164-before", "ok-hotfix-reads"), ("kb923164-before", "hours-later"),
         ("kb923164-before", "ok-tagged"), ("kb923164-before", "kb923164-after"), ("ok-tagged", "uid-same"))


class Judge:
    def __init__(self):
        with open(os.path.join(ROOT, "docs", "davscope-machine-1.schema.json"), encoding="utf-8") as f:
            self.schema = json.load(f)
        jsonschema.Draft202012Validator.check_schema(self.schema)
        self.validator = jsonschema.Draft202012Validator(self.schema)
        self.seen, self.verdicts = set(), set()

    def records(self, args, codes):
        run = subprocess.run([DAVSCOPE, *args, "--format", "json"], capture_output=True, check=False)
        if run.returncode not in codes:
            raise Wrong(f"exit code {run.returncode}: {run.stderr.decode(errors='replace').strip()}")
        for number, line in enumerate(run.stdout.decode("utf-8").splitlines(), 1):
            record = json.loads(line, object_pairs_hook=object_once, parse_constant=no_constant)
            error = jsonschema.exceptions.best_match(self.validator.iter_errors(record))
            if error is not None:
                raise Wrong(f"line {number}: {error.json_path}: {error.message[:300]}")
            self.seen |= {(record["record"], key) for key in record}
            yield record, run.returncode

    def fit(self, paths):
        return sum(1 for _ in self.records(["machine", "fit", "--profile", "ideal", *paths], (0, 4)))

    def verify(self, args):
        for record, code in self.records(["verify", *args], (0, 1, 4)):
            self.verdicts.add(record["verdict"])
            if code != CODES[record["verdict"]]:
                raise Wrong(f"{record['verdict']} with exit code {code}")
            for side in (record.get("before"), record["after"]):
                if side is not None and side["items"] != sum(v for k, v in side.items()
                                                             if k != "items" and isinstance(v, int)):
                    raise Wrong("the parts of a side are not its items")
            if record["verified_triggers"] not in (0, record["after"]["well"]):
                raise Wrong("verified_triggers is not what ended well")
        return record["verdict"]

    def complete(self):
        """A member of the schema that no record has is a mistake of one of the two."""
        known = {(kind, path) for kind in self.schema["properties"]["record"]["enum"]
                 for path in paths_of(self.schema["$defs"][kind]) if "." not in path}
        missing = sorted(map(" ".join, known - self.seen)) + sorted(CODES.keys() - self.verdicts)
        if missing:
            raise Wrong("never seen: " + ", ".join(missing))
        return len(known) + len(CODES)


def talks(work):
    for name in TALKS:
        folder = ("samples",) if name.startswith("kb923164-") else ("tests", "kb923164")
        path, pcap = os.path.join(ROOT, *folder, name + ".talk"), os.path.join(work, name + ".pcap")
        if name in GOLDEN:
            path = os.path.join(ROOT, "tests", "golden", name, "in.talk")
        subprocess.run([MKPCAP, path, pcap], check=True, capture_output=True)
        yield pcap


def captures():
    for pattern in ("samples/*.pcap*", "../shared/captures/lab/fault-*.pcap"):
        yield from sorted(glob.glob(os.path.join(ROOT, *pattern.split("/"))))


def main():
    judge, failed = Judge(), 0
    with tempfile.TemporaryDirectory() as work:
        made = list(talks(work))
        jobs = [(path, lambda p=path: judge.fit([p])) for path in (*made, *captures())]
        jobs += [(f"verify {path}", lambda p=path: judge.verify([p, "--profile", "ideal"]))
                 for path in (*made, *captures())]
        jobs += [(f"{before}, {after}", lambda b=before, a=after: judge.verify(
            ["--before", f"{work}/{b}.pcap", "--after", f"{work}/{a}.pcap", "--profile", "ideal"]))
            for before, after in PAIRS]
        jobs.append(("two captures", lambda: judge.fit(made[:2])))
        jobs.append(("all that the schema knows", judge.complete))
        for name, job in jobs:
            try:
                print(f"ok   {os.path.basename(name)}: {job()}")
            except (Wrong, ValueError, OSError, subprocess.SubprocessError) as wrong:
                failed += 1
                print(f"FAIL {name}: {wrong}")
    print(f"{len(jobs) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
