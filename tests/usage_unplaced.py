"""What an answer must say where of some requests the day alone is known, or not even the model."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import NamedTuple
from zoneinfo import ZoneInfo

from proxypal.records.request import RequestLog
from usage_beside import Item
from usage_questions import CONDITIONS, Asked, facts_about

NAMES = {"provider", "model", "key", "account", "source"}
_NAMELESS = {"provider": "unknown", "model": "unknown", "key": "", "account": "", "source": ""}


class Expected(NamedTuple):
    """The requests of each group, and how many are told of in notes of each kind."""

    groups: dict[tuple[str, ...], list[RequestLog]]
    notes: Counter[str]


def expected_of(items: Sequence[Item], zone: ZoneInfo, asked: Asked) -> Expected:
    """The answer, request by request."""
    groups, notes = defaultdict(list), Counter[str]()
    conditions = [CONDITIONS[text] for text in asked.where]
    filters = [one for one in conditions if one[0] in NAMES]
    outcomes = [one for one in conditions if one[0] == "outcome"]
    for item in items:
        facts = facts_about(item.request, zone)
        extent = _extent(facts, asked, item)
        if extent == "outside" or not _admits(outcomes, facts):
            continue
        if item.level == "day" and not _admits(filters, facts):
            continue
        if extent == "cut":
            notes["noHour"] += 1
            continue
        if item.level == "total":
            notes["noNames"] += bool(filters) or not NAMES.isdisjoint(asked.by)
            if filters:
                continue
            facts |= _NAMELESS
        if item.level != "hour":
            notes["noHour"] += not {"hour", "weekday-hour"}.isdisjoint(asked.by)
            facts |= {"hour": facts["day"], "weekday-hour": facts["weekday-hour"][:3]}
        if item.level == "hour" and not _admits(filters, facts):
            continue
        groups[tuple(facts[name] for name in asked.by)].append(item.request)
    return Expected(dict(groups), +notes)


def _admits(conditions: Sequence[tuple[str, str, bool]], facts: dict[str, str]) -> bool:
    return all(fnmatchcase(facts[name], glob) == yes for name, glob, yes in conditions)


def _extent(facts: dict[str, str], asked: Asked, item: Item) -> str:
    """Whether what is known of a request lies within the range, outside it, or across its end."""
    hour = datetime.strptime(facts["hour"], "%Y-%m-%dT%H")  # noqa: DTZ007 - a wall clock
    first, end = hour, hour + timedelta(hours=1)
    if item.level != "hour":
        first = hour.replace(hour=0)
        end = first + timedelta(days=1)
    if asked.since <= first and end <= asked.until:
        return "within"
    return "cut" if first < asked.until and asked.since < end else "outside"
