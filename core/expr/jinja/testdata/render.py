"""Renders templates with Debian's python3-jinja2: JSON lines in, JSON lines out."""
import json
import sys

import jinja2.sandbox

# Not optimized: else an error in a constant expression is raised while compiling, even where it is not reached.
env = jinja2.sandbox.SandboxedEnvironment(
    optimized=False, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
env.tests["in"] = lambda item, items: item in items
context = json.loads(sys.stdin.readline())

for line in sys.stdin:
    source = json.loads(line)
    try:
        result = {"text": env.from_string(source).render(json.loads(json.dumps(context)))}
    except Exception as e:
        result = {"error": type(e).__name__, "message": str(e)}
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
