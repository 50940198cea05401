"""The axis of time: which of the labels are written, how, and in how much room.

Labels are those of answers: `2026-11-03T14`, `2026-11-03`, `2026-W45`, `2026-11`. Others are
taken as they are. Must not enter: markup.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from proxypal.charts.visible_text import short_name

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LABEL = re.compile(r"(\d{4})-(?:W(\d\d)|(\d\d)(?:-(\d\d)(?:T(\d\d))?)?)", re.ASCII)

NARROW, MEDIUM, WIDE = 4, 7, 13
"""How many labels fit beside each other on a phone, in a card, over the whole page."""

_LEAST_SHARE = {1: 0.14, 2: 0.08, 3: 0.045}
"""What share of the width a label on the second line needs, by its tier."""

Span = str
"""`hour`, `day`, `week`, `month`, or `` where the labels are no times."""


class Tick(NamedTuple):
    """A label that is written.

    At the middle of the `place`, or, where it `starts` a day or a year, at its left end on
    a second line. `tier` 1 is always shown, 2 and 3 only where there is room.
    """

    place: int
    text: str
    tier: int
    starts: bool = False


class Moment(NamedTuple):
    """A label, understood: when it begins, and the hour if it is one."""

    span: Span
    day: date
    hour: int = 0


def moment_of(label: str) -> Moment | None:
    """What an answer's label of time means; None if it is none."""
    found = _LABEL.fullmatch(label)
    if found is None:
        return None
    year, week, month, day, hour = (None if part is None else int(part) for part in found.groups())
    try:
        if week is not None:
            return Moment("week", date.fromisocalendar(year or 0, week, 1))
        start = date(year or 0, month or 0, day or 1)
    except ValueError:
        return None
    if hour is not None:
        return Moment("hour", start, hour) if hour < 24 else None
    return Moment("month" if day is None else "day", start)


def moments_of(labels: Sequence[str]) -> list[Moment] | None:
    """All labels understood as times of one kind, or None."""
    found = [moment_of(label) for label in labels]
    moments = [moment for moment in found if moment is not None]
    is_one_kind = len({moment.span for moment in moments}) == 1
    return moments if is_one_kind and len(moments) == len(found) else None


def spoken(label: str) -> str:
    """A label for a tooltip or a sentence: `Tue, Nov 3, 2026, 14:00`."""
    moment = moment_of(label)
    if moment is None:
        return short_name(label)
    day, year = moment.day, moment.day.year
    if moment.span == "month":
        return f"{_MONTHS[day.month - 1]} {year}"
    if moment.span == "week":
        return f"Week of {_day(day)}, {year}"
    text = f"{_WEEKDAYS[day.weekday()]}, {_day(day)}, {year}"
    if moment.span == "hour":
        return f"{text}, {moment.hour:02d}:00–{(moment.hour + 1) % 24:02d}:00"  # noqa: RUF001 - a range, meant for people
    return text


def noun_of(labels: Sequence[str]) -> str:
    """What one place of the axis is: `hour`, `day`, `week`, `month`, or `group`."""
    moments = moments_of(labels)
    return moments[0].span if moments else "group"


def time_ticks(labels: Sequence[str]) -> list[Tick]:
    """The labels that are written along the axis, so that none meets another."""
    count = len(labels)
    moments = moments_of(labels)
    if moments is None:
        texts = [short_name(label, 12) for label in labels]
        return _tiers([*range(count)], lambda index: texts[index])
    span = moments[0].span
    if span == "hour" and count <= 72:
        hours = [moment.hour for moment in moments]
        step = 3 if count <= 30 else 6
        places = [index for index in range(count) if not hours[index] % step]
        ticks = _tiers(places, lambda index: f"{hours[index]:02d}:00")
        return ticks + _starts(moments, lambda moment: moment.day, lambda m: _day(m.day))
    if span == "hour":
        places = [index for index in range(count) if not moments[index].hour]
    else:
        places = [*range(count)]
    ticks = _tiers(places, lambda index: _short(moments[index]))
    years = {moment.day.year for moment in moments}
    if len(years) > 1 or span == "month":
        ticks += _starts(moments, lambda moment: moment.day.year, lambda m: str(m.day.year))
    return ticks


def _tiers(places: list[int], text: Callable[[int], str]) -> list[Tick]:
    """Every n-th of the places, so that the labels of each tier are evenly apart.

    They are counted from the last one: now is what is looked at.
    """
    fine = _every(len(places), WIDE)
    medium = _multiple(fine, len(places), MEDIUM)
    coarse = _multiple(medium, len(places), NARROW)
    ticks = []
    for back, index in enumerate(reversed(places)):
        if back % fine:
            continue
        tier = 1 if not back % coarse else 2 if not back % medium else 3
        ticks.append(Tick(index, text(index), tier))
    return ticks[::-1]


def _every(count: int, most: int) -> int:
    """The smallest handy step that leaves at most so many of `count`."""
    steps = (1, 2, 3, 4, 5, 7, 10, 14, 21, 28)
    rough = max(1, -(-count // most))
    return next((step for step in steps if step >= rough), -(-rough // 28) * 28)


def _multiple(step: int, count: int, most: int) -> int:
    times = 1
    while -(-count // (step * times)) > most:
        times += 1
    return step * times


def _starts(
    moments: Sequence[Moment],
    key: Callable[[Moment], date | int],
    text: Callable[[Moment], str],
) -> list[Tick]:
    """Where a day or a year begins, as far as there is room behind it."""
    firsts = [
        index
        for index, moment in enumerate(moments)
        if not index or key(moment) != key(moments[index - 1])
    ]
    ticks = []
    for index, following in zip(firsts, [*firsts[1:], len(moments)], strict=True):
        room = (following - index) / len(moments)
        tier = next((tier for tier, least in _LEAST_SHARE.items() if room >= least), None)
        if tier is not None:
            ticks.append(Tick(index, text(moments[index]), tier, starts=True))
    return ticks


def _short(moment: Moment) -> str:
    return _MONTHS[moment.day.month - 1] if moment.span == "month" else _day(moment.day)


def _day(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.day}"
