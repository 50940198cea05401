"""Counters and numbers as short text: what keeps the published files small.

Must not enter: files, SQLite.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from proxypal.records.aggregate import Aggregate
from proxypal.records.counters import COUNT_FIELDS, Counters
from proxypal.store.totals import Sums, counter_values

SCOPES = ("total", "undated", "day", "hour", "model", "provider")

_LETTERS = "abcdefghijklmno"
_PACKED = re.compile(r"([a-o])(-?\d+)|\$([-0-9.E+]+)")


def pack_counters(counters: Counters) -> str:
    """All non-zero counters as letters and numbers in field order, money after a dollar sign."""
    packed = "".join(
        f"{letter}{value}"
        for letter, value in zip(_LETTERS, counter_values(counters)[:-1], strict=True)
        if value
    )
    return f"{packed}${counters.cost_usd}" if counters.cost_usd else packed


def unpack_counters(text: str) -> Counters:
    """The reverse of `pack_counters`."""
    counters = Counters()
    for letter, value, money in _PACKED.findall(text):
        if money:
            counters.cost_usd = Decimal(money)
        else:
            setattr(counters, COUNT_FIELDS[_LETTERS.index(letter)], int(value))
    return counters


def pack_arrivals(arrivals: Sequence[int]) -> str:
    """Numbers as runs: `1-480,490`."""
    runs: list[list[int]] = []
    for arrival in arrivals:
        if runs and arrival == runs[-1][1] + 1:
            runs[-1][1] = arrival
        else:
            runs.append([arrival, arrival])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def unpack_arrivals(text: str) -> list[int]:
    """The reverse of `pack_arrivals`."""
    arrivals: list[int] = []
    for run in filter(None, text.split(",")):
        first, _, last = run.partition("-")
        arrivals.extend(range(int(first), int(last or first) + 1))
    return arrivals


def sums_from(aggregate: Aggregate, details: dict[str, str]) -> Sums:
    """The sums an `aggregate.json` of ours was made from; the reverse of `render_aggregate`."""
    labels = {
        "total": [""],
        "undated": [""],
        "day": [point.label for point in aggregate.requests_by_day],
        "hour": [point.label for point in aggregate.requests_by_hour],
        "model": sorted(aggregate.model_stats),
        "provider": sorted(aggregate.provider_stats),
    }
    sums: Sums = {}
    for scope in SCOPES:
        packed = details.get(scope, "").split(";")
        sums.update(
            ((scope, label), unpack_counters(text))
            for label, text in zip(labels[scope], packed, strict=False)
            if text
        )
    return sums
