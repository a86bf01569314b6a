"""Evaluates YAQL expressions for the differential test: one JSON string a line in, one JSON outcome a line out."""
import datetime, json, math, re, signal, sys
import yaql
from yaql.language import factory, specs, utils

DATA = utils.convert_input_data(json.loads(sys.argv[1]))
ENGINE = factory.YaqlFactory().create()

@specs.name("ctx")
def ctx():
    return DATA

ROOT = yaql.create_context()
ROOT.register_function(ctx)

def plain(v):
    if v is None or isinstance(v, (bool, str)): return v
    if isinstance(v, int): return {"i": str(v)}
    if isinstance(v, float): return {"f": repr(v)}
    if isinstance(v, (list, tuple)): return {"l": [plain(x) for x in v]}
    if isinstance(v, (set, frozenset)): return {"s": sorted((plain(x) for x in v), key=json.dumps)}
    if isinstance(v, dict): return {"d": [[plain(k), plain(x)] for k, x in v.items()]}
    if isinstance(v, datetime.datetime): return {"t": v.isoformat()}
    if isinstance(v, datetime.timedelta): return {"u": v // datetime.timedelta(microseconds=1)}
    return {"o": type(v).__name__}

def run(expr):
    try:
        return {"ok": plain(ENGINE(expr).evaluate(context=ROOT.create_child_context()))}
    except Exception as e:
        return {"error": type(e).__name__, "msg": str(e)[:200]}

for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
