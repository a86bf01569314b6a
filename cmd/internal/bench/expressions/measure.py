"""Times expressions with Debian's python3-yaql and python3-jinja2.

Standard input: {"seconds": 1, "rounds": 5, "context": {...}, "expressions": [{"language": "yaql", "text": "<% ctx().a %>"}]}.
Standard output: a number a line, the evaluations a second of each in its best round; nothing where the module is not installed.
As in the original nothing parsed is kept. What the original does besides (copying the context, finding the
language) is left out, so these numbers are higher than StackStorm's.
"""
import json
import re
import sys
import time

work = json.load(sys.stdin)


def yaql_evaluator(context):
    import yaql
    from yaql.language import factory, specs, utils

    data = utils.convert_input_data(context)

    @specs.name("ctx")
    def ctx():
        return data

    engine, root = factory.YaqlFactory().create(), yaql.create_context()
    root.register_function(ctx)
    blocks = re.compile("<%(.*?)%>")
    return lambda text: [engine(e.strip()).evaluate(context=root.create_child_context()) for e in blocks.findall(text)]


def jinja_evaluator(context):
    import jinja2

    env = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, cache_size=0)
    return lambda text: env.from_string(text).render(ctx=lambda: context)


def rate(evaluate, text):
    n, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < work["seconds"] / work["rounds"]:
        evaluate(text)
        n += 1
    return n / (time.perf_counter() - begin)


evaluators = {}
for language, make in ("yaql", yaql_evaluator), ("jinja", jinja_evaluator):
    try:
        evaluators[language] = make(work["context"])
    except ImportError:
        pass
for e in work["expressions"]:
    if e["language"] in evaluators:
        print(max(rate(evaluators[e["language"]], e["text"]) for _ in range(work["rounds"])))
    else:
        print()
