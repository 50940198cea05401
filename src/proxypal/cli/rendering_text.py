"""Numbers, money, times and untrusted names as short text. Pure; no terminal, no library.

Exact figures belong to `--json`; here they are rounded for reading, never to a falsehood: what
is not zero does not read as zero, and what failed once does not read as 100 %.
"""

import time
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from math import ceil
from typing import Final

from proxypal.records.labels import Offset

NOTHING: Final = "-"
"""Stands where a number is not known."""

_UNITS = ("K", "M", "B", "T", "Q")
_BAR_EIGHTHS = " ▏▎▍▌▋▊▉"
_HEIGHTS = ("▁▂▃▄▅▆▇█", "_.-=+*%#")
_SHADES = ("░▒▓█", ".+*#")
SHADE_COUNT: Final = 4


def grouped(count: int) -> str:
    """`1234567` as `1,234,567`."""
    return f"{count:,}"


def counted(count: int, noun: str) -> str:
    """`1 request`, `2 requests`: `noun` in the singular."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def short_count(count: int) -> str:
    """Exact below 10,000, then with one decimal and K, M, B, T: `12.3K`, `1.2M`."""
    if count < 10_000:
        return f"{count:,}"
    unit, scale = 0, 1_000
    # 999,950 would round up to 1000.0K, so the next unit begins there.
    while count * 20 >= scale * 19_999 and unit < len(_UNITS) - 1:
        unit, scale = unit + 1, scale * 1_000
    tenths = (count * 20 + scale) // (scale * 2)
    return f"{tenths // 10:,}.{tenths % 10}{_UNITS[unit]}"


def money(amount: Decimal) -> str:
    """US dollars: cents from a dollar up, below that two significant digits at least."""
    if not amount:
        return "$0"
    if amount >= 1:
        return f"${amount:,.2f}"
    places = max(2, 1 - amount.adjusted())
    return f"${amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN):f}"


def spent(amount: Decimal, unpriced: int) -> str:
    """The cost as part of a sentence, with what it does not cover."""
    if not unpriced:
        return money(amount)
    if not amount:
        return f"no cost known ({counted(unpriced, 'request')} without a price)"
    return f"{money(amount)} and {counted(unpriced, 'request')} without a price"


def percent(part: int, whole: int) -> str:
    """One decimal, rounded so that only none reads `0.0 %` and only all reads `100.0 %`."""
    if not whole:
        return NOTHING
    tenths = (part * 2000 + whole) // (whole * 2)
    if 0 < part < whole:
        tenths = min(max(tenths, 1), 999)
    return f"{tenths // 10}.{tenths % 10} %"


def rate(share: float) -> str:
    """A share of 1 like `percent`: only none reads `0.0 %`, only all `100.0 %`."""
    tenths = int(share * 1000 + 0.5)
    if 0 < share < 1:
        tenths = min(max(tenths, 1), 999)
    return f"{tenths // 10}.{tenths % 10} %"


def duration(milliseconds: float) -> str:
    """`850 ms`, `1.24 s`, `2 m 41 s`, `1 h 02 m`."""
    whole = round(milliseconds)
    if whole < 1_000:
        return f"{whole} ms"
    if whole < 60_000:
        return f"{whole / 1000:.2f} s" if whole < 10_000 else f"{whole / 1000:.1f} s"
    seconds = round(whole / 1000)
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60:,} h {minutes % 60:02d} m"


def wall_time(timestamp_ms: int, offset: Offset) -> str:
    """`YYYY-MM-DD HH:MM:SS` in the zone of `offset`."""
    return _clock_face(timestamp_ms // 1000, offset)


@lru_cache(maxsize=1024)  # a backlog holds many requests of the same second
def _clock_face(seconds: int, offset: Offset) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds + offset(seconds)))


def wall_date(timestamp_ms: int, offset: Offset) -> str:
    """`YYYY-MM-DD` in the zone of `offset`."""
    return wall_time(timestamp_ms, offset)[:10]


def harmless(text: str) -> str:
    """`text` with whatever could move a cursor, colour or reorder a line written as an escape.

    Everything recorded is untrusted: a model's name may hold ANSI sequences or a bidi override.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def harmless_lines(text: str) -> str:
    """The same for a text of several lines, which stay lines."""
    return "\n".join(harmless(line) for line in text.split("\n"))


def bar(value: int, most: int, width: int, *, blocks: bool = True) -> str:
    """A bar of at most `width` characters; what is above zero is always seen."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, value * width * 8 // most)
    if not blocks:
        return "#" * max(1, (eighths + 4) // 8)
    return ("█" * (eighths // 8) + _BAR_EIGHTHS[eighths % 8]).rstrip()


def sparkline(values: Sequence[float], *, blocks: bool = True) -> str:
    """A character for each value, as high as it is large."""
    return _graded(values, max(values, default=0), _HEIGHTS[0 if blocks else 1], blocks=blocks)


def shades(values: Sequence[float], most: float, *, blocks: bool = True) -> str:
    """A character for each value, as dark as it is large beside `most`."""
    return _graded(values, most, _SHADES[0 if blocks else 1], blocks=blocks)


def _graded(values: Sequence[float], most: float, grades: str, *, blocks: bool) -> str:
    """What is above zero is always seen; nothing is a dot, or a space where `.` is a grade."""
    nothing = "·" if blocks else " "
    last = len(grades) - 1
    return "".join(
        grades[max(0, min(last, ceil(value * len(grades) / most) - 1))] if value > 0 else nothing
        for value in values
    )
