#!/usr/bin/env python3
"""Has this machine's service manager do something with a service.

Usage: service.py start|stop|restart|status|... SERVICE
"""

import os
import shutil
import sys


def command(act, service):
    """Returns the command of the service manager that is in charge, or None."""
    if os.path.isdir("/run/systemd/system") and shutil.which("systemctl"):
        return ["systemctl", act, "--", service]
    if shutil.which("service"):
        return ["service", service, act]
    if shutil.which("rc-service"):
        return ["rc-service", service, act]
    script = os.path.join("/etc/init.d", os.path.basename(service))
    return [script, act] if os.access(script, os.X_OK) else None


def main(args):
    if len(args) != 2 or not args[0] or not args[1] or args[1].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    line = command(*args)
    if line is None:
        print("no service manager that knows %r: no systemctl, service or rc-service, and no script in /etc/init.d" % args[1], file=sys.stderr)
        return 1
    os.execvp(line[0], line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
