"""Figures as people read them, by their unit. Exact ones for tables, short ones for axes.

Rounded for reading, never to a falsehood: what is not nothing does not read as nothing, and what
failed once does not read as 100 %. A number and its unit are joined by a no-break space.
"""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from proxypal.charts.chart import Number
from proxypal.charts.visible_text import NBSP

NOT_KNOWN: Final = "–"  # noqa: RUF001 - a dash of a figure's width, meant for people

_LETTERS = ("", "K", "M", "B", "T", "Q")
_SINGULAR = {"requests": "request", "tokens": "token"}


def figure(value: Number | None, unit: str) -> str:
    """A figure in full: `1,234 requests`, `$0.0042`, `3.4 s`, `98.7 %`."""
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    formatted = _FULL.get(unit)
    if formatted is not None:
        return formatted(value)
    text = _whole(value)
    noun = _SINGULAR.get(unit, unit) if text == "1" else unit
    return f"{text}{NBSP}{noun}" if noun else text


def short_figure(value: Number | None, unit: str) -> str:
    """The same for an axis, a bar or the middle of a ring: `1.2 K`, `$12.5 K`, `3.4 s`."""
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    formatted = _SHORT.get(unit)
    return short_count(value) if formatted is None else formatted(value)


def table_figure(value: Number | None, unit: str) -> str:
    """The same for a cell whose column names the unit: `1,234`, `$0.0042`, `3.4 s`."""
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    formatted = _FULL.get(unit)
    return _whole(value) if formatted is None else formatted(value)


def short_count(value: Number) -> str:
    """Three digits and a letter: `999`, `1.23 K`, `12.3 K`, `123 K`, `1.23 M`."""
    number = float(value)
    if abs(number) < 1000:
        return _plain(_three_digits(number)) if number else "0"
    power = 0
    while abs(number) >= 999.5 and power < len(_LETTERS) - 1:
        number, power = number / 1000, power + 1
    return f"{_plain(_three_digits(number))}{NBSP}{_LETTERS[power]}"


def money(value: Number) -> str:
    """US dollars: cents from a dollar up, two significant digits at least below."""
    number = float(value)
    if not number:
        return "$0"
    sign = "-" if number < 0 else ""
    size = abs(number)
    if size >= 0.995:
        return f"{sign}${size:,.2f}"
    places = max(2, 1 - math.floor(math.log10(size)))
    return f"{sign}${size:.{min(places, 12)}f}"


def short_money(value: Number) -> str:
    """US dollars on an axis: `$0.05`, `$2.50`, `$12`, `$1.5 K`."""
    number = float(value)
    if abs(number) >= 1000:
        return f"${short_count(number)}"
    if number == int(number):
        return f"${int(number)}"
    return money(number)


def duration(milliseconds: Number) -> str:
    """`850 ms`, `3.4 s`, `2 m 05 s`, `1 h 02 m`."""
    whole = round(float(milliseconds))
    if whole < 1000:
        text = "<1" if not whole and milliseconds > 0 else str(whole)
        return f"{text}{NBSP}ms"
    if whole < 9_950:
        return f"{_plain(f'{whole / 1000:.1f}')}{NBSP}s"
    seconds = round(whole / 1000)
    if seconds < 60:
        return f"{seconds}{NBSP}s"
    if seconds < 3600:
        minutes, rest = divmod(seconds, 60)
        return _pair(f"{minutes}{NBSP}m", rest, "s")
    hours, rest = divmod(round(seconds / 60), 60)
    return _pair(f"{hours:,}{NBSP}h", rest, "m")


def percent(share: Number) -> str:
    """A share of 1: only none reads `0 %`, only all `100 %`."""
    part = float(share)
    tenths = int(part * 1000 + 0.5)
    if 0 < part < 1:
        tenths = min(max(tenths, 1), 999)
    return f"{tenths / 10:.1f}{NBSP}%" if tenths % 1000 else f"{tenths // 10}{NBSP}%"


def part_of(value: Number, whole: Number) -> str:
    """`value` as a share of `whole` in words; nothing where there is no whole."""
    return percent(float(value) / float(whole)) if whole > 0 else ""


def _pair(first: str, rest: int, unit: str) -> str:
    return f"{first}{NBSP}{rest:02d}{NBSP}{unit}" if rest else first


def _whole(value: Number) -> str:
    if value == int(value):
        return f"{int(value):,}"
    number = float(value)
    return f"{number:,.1f}" if abs(number) >= 10 else _plain(_three_digits(number))


def _three_digits(number: float) -> str:
    size = abs(number)
    if size >= 99.95:
        return f"{number:,.0f}"
    if size >= 9.995:
        return f"{number:.1f}"
    places = 2 if size >= 0.1 else min(12, 1 - math.floor(math.log10(size)))
    return f"{number:.{places}f}"


def _plain(text: str) -> str:
    """Without zeros at the end of a fraction."""
    return text.rstrip("0").rstrip(".") if "." in text else text


_FULL: dict[str, Callable[[Number], str]] = {"usd": money, "ms": duration, "share": percent}
_SHORT: dict[str, Callable[[Number], str]] = {
    "usd": short_money,
    "ms": duration,
    "share": percent,
}


def unit_title(unit: str) -> str:
    """What a column or an axis of this unit is headed with."""
    return {"usd": "cost (US$)", "ms": "duration", "share": "share"}.get(unit, unit)


def as_number(value: float | Decimal | None) -> float | None:
    """A value as it is drawn: None if it is not known or not finite, 0 if it is negative."""
    if value is None or not math.isfinite(value):
        return None
    return max(0.0, float(value))
