"""Renders templates with Debian's python3-jinja2: JSON lines in, JSON lines out."""
import json
import sys

import jinja2.sandbox


@jinja2.pass_context
def as_it_is(context, value):
    return value


def environment(undefined, autoescape):
    # Constant expressions are evaluated like others, not folded: neither by the optimizer, which raises errors where
    # they are not reached, nor in "{{ }}" (a finalizer that needs the context prevents it), which forgets what is safe.
    env = jinja2.sandbox.SandboxedEnvironment(
        optimized=False, finalize=as_it_is, undefined=undefined, autoescape=autoescape, trim_blocks=True, lstrip_blocks=True)
    env.tests["in"] = lambda item, items: item in items
    return env


environments = {
    "strict": environment(jinja2.StrictUndefined, False),
    "lenient": environment(jinja2.Undefined, False),
    "escaping": environment(jinja2.StrictUndefined, True),
}
context = json.loads(sys.stdin.readline())

for line in sys.stdin:
    kind, source = json.loads(line)
    try:
        result = {"text": environments[kind].from_string(source).render(json.loads(json.dumps(context)))}
    except Exception as e:
        result = {"error": type(e).__name__, "message": str(e)}
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
