"""Answers, line by line, when APScheduler's cron trigger fires next.

A question is {"fields": {...}, "zone": ..., "after": seconds}; the answer has the library's
own "plain" answer and the one of the trigger below, null for never, or the "error".
"""
import datetime
import json
import sys

import pytz
from apscheduler.triggers.cron import CronTrigger
from apscheduler.util import localize

UTC = datetime.timezone.utc
END = datetime.datetime(2037, 1, 1, tzinfo=UTC)  # pytz knows no later changes of clocks


class Repaired(CronTrigger):
    """Begins days, months and years when the wall says so after the clock was put forward."""

    def _increment_field_value(self, dateval, fieldnum):
        moved, field = super()._increment_field_value(dateval, fieldnum)
        if 0 <= field <= 2:
            before = datetime.timezone(dateval.utcoffset())
            wall = moved.astimezone(before).replace(tzinfo=None)
            if moved.replace(tzinfo=None) > wall:
                moved = localize(wall, self.timezone)
        return moved, field


def ask(kind, question):
    trigger = kind(timezone=question["zone"], end_date=END, **question["fields"])
    after = datetime.datetime.fromtimestamp(question["after"], UTC)
    fires = trigger.get_next_fire_time(None, after + datetime.timedelta(microseconds=1))
    return fires and int(fires.timestamp())


for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = {"plain": ask(CronTrigger, question), "repaired": ask(Repaired, question)}
    except (ValueError, pytz.UnknownTimeZoneError) as error:
        answer = {"error": str(error) or type(error).__name__}
    print(json.dumps(answer), flush=True)
