"""Today until now beside what is usual by now: the mean of the same hours of the days before.

Pure. Must not enter: how the hours are asked for, how the comparison is shown.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from proxypal.records.labels import Offset, day_label, hour_of_label
from proxypal.records.usage_answer import Answer, Row
from proxypal.records.usage_query import QueryWords

DAYS_BEFORE = 7
MEASURES = ("requests", "tokens", "cost_usd")

_HOUR_CHARS = len("2026-11-03T14")
_ZERO = Decimal(0)

_SMALL_HOURS = 3
_FEW_REQUESTS = 3

Amounts = Mapping[str, Decimal]
"""By measure."""


class UsualDay(NamedTuple):
    """Figures of today until now, and the means of so many `days` before, up to the same time.

    Without `days` nothing is usual yet.
    """

    today: Amounts
    usual: Amounts
    days: int


def hours_wanted(now_hour: int, where: Sequence[str] = ()) -> QueryWords:
    """The question whose answer `usual_day` reads."""
    return QueryWords(
        since=day_label((now_hour // 24 - DAYS_BEFORE) * 24),
        where=where,
        by=["hour"],
        metrics=MEASURES,
    )


def usual_day(found: Answer, now_hour: int, minute: int) -> UsualDay:
    """The comparison at a local hour and minute.

    Of the hour that has just begun, the days before count with the part that has gone by: a
    figure that jumped at every full hour would say nothing. Days that were not tracked from
    their beginning are left out, and what is known by its day only is in no hour.
    """
    today = now_hour // 24
    tracked = _tracked_since(found)
    days = [day for day in range(today - DAYS_BEFORE, today) if day * 24 >= tracked]
    begun = Decimal(minute + 1) / 60
    until_now, before = dict.fromkeys(MEASURES, _ZERO), dict.fromkeys(MEASURES, _ZERO)
    for row in found.rows:
        hour = _hour_of(row)
        if hour is None or hour % 24 > now_hour % 24:
            continue
        if hour // 24 == today:
            _add(until_now, row, Decimal(1))
        elif hour // 24 in days:
            _add(before, row, begun if hour % 24 == now_hour % 24 else Decimal(1))
    usual = {name: amount / len(days) for name, amount in before.items()} if days else {}
    return UsualDay(until_now, usual, len(days))


def minute_of_hour(now_ms: int, offset: Offset) -> int:
    """Which minute of the hour a local clock shows."""
    seconds = now_ms // 1000
    return (seconds + offset(seconds)) // 60 % 60


def known_amounts(amounts: Amounts) -> Mapping[str, Decimal | None]:
    """The same, None for what no request told."""
    has_requests = bool(amounts.get("requests"))
    return {name: amount or (None if has_requests else amount) for name, amount in amounts.items()}


def is_too_early(found: UsualDay, local_hour: int) -> bool:
    """Whether a comparison says nothing yet: it is night, and hardly a request is usual."""
    return local_hour < _SMALL_HOURS and found.usual.get("requests", _ZERO) < _FEW_REQUESTS


def _tracked_since(found: Answer) -> int:
    """The local hour that tracking began in, as far as the answer says."""
    told = (note.until for note in found.notes if note.kind == "beforeTracking")
    return max((hour_of_label(label) for label in told if label), default=0)


def _hour_of(row: Row) -> int | None:
    label = row.labels[0]
    return hour_of_label(label) if len(label) == _HOUR_CHARS else None


def _add(sums: dict[str, Decimal], row: Row, share: Decimal) -> None:
    for name in MEASURES:
        sums[name] += Decimal(getattr(row, name) or 0) * share
