#!/usr/bin/env python3
"""Judges JSON lines by docs/davscope-1.schema.json.

usage: validate.py [FILE...]    without files: every golden output and sample of -T json

Checks beside the schema: no repeated keys, one record a line, a closing stats record, paths in
"unobserved" that exist, and that schema and field table name the same fields.
DAVSCOPE names the program (default ./davscope). Ends with "N passed, N failed".
"""
import glob
import json
import os
import re
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DAVSCOPE = os.environ.get("DAVSCOPE", os.path.join(ROOT, "davscope"))
KINDS = ("transaction", "flow", "anomaly", "loss", "operation", "item", "session", "sync", "finding")


class Wrong(Exception):
    """What is wrong, for people."""


def object_once(pairs):
    """A JSON object without repeated keys."""
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise Wrong("repeated key among: " + ", ".join(keys))
    return dict(pairs)


def no_constant(name):
    raise Wrong(name + " is not JSON")


def load_schema():
    with open(os.path.join(ROOT, "docs", "davscope-1.schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def paths_of(node, prefix=""):
    """Every path the schema of one record knows: fields and the objects around them."""
    for key, below in node.get("properties", {}).items():
        path = prefix + key
        yield path
        yield from paths_of(below, path + ".")
        yield from paths_of(below.get("items", {}), path + ".")


def check_record(record, validator, known):
    error = jsonschema.exceptions.best_match(validator.iter_errors(record))
    if error is not None:
        raise Wrong(f"{error.json_path}: {error.message[:300]}")
    for path in record.get("unobserved", []):
        if path not in known[record["event_type"]]:
            raise Wrong(f"unobserved: {path} is no field of a {record['event_type']}")


def check_lines(data, validator, known):
    lines = data.split(b"\n")
    if lines.pop() != b"":
        raise Wrong("the last line has no end")
    ids = set()
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line.decode("utf-8"), object_pairs_hook=object_once,
                                parse_constant=no_constant)
            check_record(record, validator, known)
            name = record["id"], record.get("finding", {}).get("update", 0)
            # What several records say of one item or session is named by that.
            if name in ids and record["event_type"] not in ("item", "session"):
                raise Wrong(f"id {record['id']} is not the first of its name")
            ids.add(name)
        except (Wrong, ValueError) as wrong:
            raise Wrong(f"line {number}: {wrong}") from None
    if not lines or record["event_type"] != "stats":
        raise Wrong("no closing stats record")
    return len(lines)


def listed_fields():
    """Those of the records in KINDS, those of the stats record."""
    table = subprocess.run([DAVSCOPE, "--list", "fields"], capture_output=True, check=True, text=True)
    records, stats = set(), set()
    for line in table.stdout.splitlines():
        name, _, _, kinds, _ = line.split(maxsplit=4)
        (stats if kinds == "stats" else records).add(name)
    return records, stats


def check_fields(known):
    """The field table and the schema name the same fields; of the closing record a few suffice."""
    records, stats = listed_fields()
    schema = set().union(*(known[kind] for kind in KINDS))
    inner = {path for path in schema if any(other.startswith(path + ".") for other in schema)}
    ours = {path for path in schema if not path.endswith("_b64")} - {"sensor", "unobserved"}
    missing = sorted(records - schema) + sorted(ours - inner - records)
    missing += sorted(stats - known["stats"])
    if missing:
        raise Wrong("in one of field table and schema only: " + ", ".join(missing))
    return len(records) + len(stats)


def golden_files():
    for args in sorted(glob.glob(os.path.join(ROOT, "tests", "golden", "*", "args"))):
        with open(args, encoding="utf-8") as f:
            if re.search(r"-T\s*json\b", f.read()):
                yield os.path.join(os.path.dirname(args), "expected")


def sample_files():
    for ext in ("pcap", "pcapng"):
        yield from sorted(glob.glob(os.path.join(ROOT, "samples", "*." + ext)))


def read_file(path):
    with open(path, "rb") as f:
        return f.read()


def run_sample(path):
    run = subprocess.run([DAVSCOPE, "-r", path, "-T", "json"], capture_output=True, check=False)
    if run.returncode not in (0, 4):
        raise Wrong(f"exit code {run.returncode}: {run.stderr.decode(errors='replace').strip()}")
    return run.stdout


def main():
    schema = load_schema()
    validator = jsonschema.Draft202012Validator(schema)
    known = {kind: set(paths_of(schema["$defs"][kind])) for kind in (*KINDS, "stats")}
    jobs = [(path, lambda p=path: check_lines(read_file(p), validator, known))
            for path in sys.argv[1:] or golden_files()]
    if len(sys.argv) == 1:
        jobs += [(path, lambda p=path: check_lines(run_sample(p), validator, known))
                 for path in sample_files()]
        jobs.append(("field table", lambda: check_fields(known)))
    failed = 0
    for name, job in jobs:
        try:
            print(f"ok   {os.path.relpath(name) if os.sep in name else name}: {job()}")
        except (Wrong, OSError, subprocess.SubprocessError) as wrong:
            failed += 1
            print(f"FAIL {name}: {wrong}")
    print(f"{len(jobs) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
