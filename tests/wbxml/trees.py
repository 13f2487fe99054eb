#!/usr/bin/env python3
"""XML documents as element trees, in twos: trees.py DIRECTORY NAMES, with a line "N<tab>NAME" on standard
input for each DIRECTORY/N.theirs and N.ours. Says "same", or "FAIL NAME: " and where they differ.

The case of names and white space around texts do not count. Opaque data is base64 in one kind of theirs
and itself in ours, <hex> when XML cannot hold it.
"""
import base64
import binascii
import sys
import xml.etree.ElementTree as ET


def names_read(path):
    names = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("#"):
                page, theirs, ours = line.rstrip("\n").lower().split("\t")
                names.setdefault((page, theirs), set()).add(ours)
    return names


def name_of(element):
    page, _, local = element.tag.lower().rpartition("}")
    return page.strip("{:"), local


def octets(element):
    if len(element) == 1 and name_of(element[0])[1] == "hex":
        return binascii.unhexlify(element[0].text or "")
    return (element.text or "").strip().encode()


def same_text(theirs, ours):
    want, have = octets(theirs), octets(ours)
    if want == have:
        return True
    try:
        return base64.b64decode(want, validate=True).strip() == have
    except binascii.Error:
        return False


def same_name(theirs, ours, names):
    (page, local), (our_page, our_local) = name_of(theirs), name_of(ours)
    if local == "unknown":  # it has no page of its own then
        return our_local == local or our_local in names.get((our_page, local), ())
    return page == our_page and (local == our_local or our_local in names.get((page, local), ()))


def differs(theirs, ours, names, path):
    path = path + "/" + name_of(ours)[1]
    if not same_name(theirs, ours, names):
        return f"{path}: they call it {theirs.tag}"
    children = [] if octets(ours) and len(theirs) == 0 else list(ours)
    if len(theirs) != len(children):
        return f"{path}: {len(theirs)} children there, {len(children)} here"
    if not children and not same_text(theirs, ours):
        return f"{path}: {theirs.text!r} there, {ours.text!r} here"
    for one, other in zip(theirs, children):
        found = differs(one, other, names, path)
        if found:
            return found
    return None


def judged(directory, number, names):
    try:
        theirs, ours = (ET.parse(f"{directory}/{number}.{whose}").getroot() for whose in ("theirs", "ours"))
    except ET.ParseError as error:
        return f"no XML: {error}"
    return differs(theirs, ours, names, "")


def main():
    directory, names = sys.argv[1], names_read(sys.argv[2])
    for line in sys.stdin:
        number, name = line.rstrip("\n").split("\t")
        found = judged(directory, number, names)
        print(f"FAIL {name}: {found}" if found else "same")
    return 0


sys.exit(main())
