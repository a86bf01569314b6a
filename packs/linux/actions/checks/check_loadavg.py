#!/usr/bin/env python3
"""Prints the load average of this machine as a JSON object of minutes and loads.

Usage: check_loadavg.py [1|5|15|all]
"""

import json
import os
import sys

PERIODS = ("1", "5", "15")


def main(args):
    wanted = (args[0] if args else "") or "all"
    if wanted != "all" and wanted not in PERIODS:
        print("the period is %r; it can be 1, 5, 15 or all" % wanted, file=sys.stderr)
        return 2
    loads = dict(zip(PERIODS, os.getloadavg()))
    json.dump({p: round(loads[p], 2) for p in PERIODS if wanted in (p, "all")}, sys.stdout)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
