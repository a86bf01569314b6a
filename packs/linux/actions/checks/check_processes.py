#!/usr/bin/env python3
"""Finds processes of this machine in /proc and prints them as a JSON list.

Usage: check_processes.py state|name|pid CRITERIA [pidlist]

CRITERIA is the letter of a state (D, R, S, Z...), a part of a name, or an id. With
pidlist only the ids are printed, with blanks between them, on standard error.
"""

import json
import os
import sys


def read(pid, name):
    with open(os.path.join("/proc", pid, name), "rb") as f:
        return f.read().decode("utf-8", "replace")


def process(pid):
    """Returns what /proc says of a process, or None if it has ended meanwhile."""
    try:
        stat = read(pid, "stat")
        cmdline = read(pid, "cmdline")
    except OSError:
        return None
    # The name stands in parentheses and may hold any character, also a parenthesis.
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    state = stat[stat.rindex(")") + 2]
    return {"pid": int(pid), "name": name, "state": state, "cmdline": cmdline.replace("\0", " ").strip()}


def processes():
    found = (process(pid) for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid())
    return sorted((p for p in found if p), key=lambda p: p["pid"])


MATCHES = {
    "state": lambda p, criteria: p["state"] == criteria.upper(),
    "name": lambda p, criteria: criteria in p["name"] or criteria in p["cmdline"],
    "pid": lambda p, criteria: str(p["pid"]) == criteria,
}


def main(args):
    search, criteria, form = (args + ["", "", ""])[:3]
    matches = MATCHES.get(search or "name")
    if matches is None or not criteria:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    found = [p for p in processes() if matches(p, criteria)]
    if form == "pidlist":
        print(" ".join(str(p["pid"]) for p in found), file=sys.stderr)
    else:
        json.dump(found, sys.stdout)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
