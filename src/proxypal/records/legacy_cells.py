"""The rows of an old `history.json` by hour and names: of these alone that much is known.

Old files' totals say of most requests only on which day they were, or not even that. Pure. Must
not enter: what the totals are settled at (`legacy_settlement.py`).
"""

from collections.abc import Sequence

from proxypal.records.counters import COUNTER_FIELDS, Counters, count_into
from proxypal.records.imported import SOURCE, Names
from proxypal.records.labels import LocalHours, day_label
from proxypal.records.request import RequestLog
from proxypal.records.sketch import Sketch

Cells = dict[tuple[int, Names], Counters]
Sketches = dict[tuple[int, str, str], tuple[Sketch, Sketch]]


def cells_of_rows(
    rows: Sequence[RequestLog], sums: dict[tuple[str, str], Counters], hours: LocalHours
) -> tuple[Cells, Sketches]:
    """Cells, and durations by day, provider and model, of the rows that have a time.

    Only of days whose sum holds all of their rows: the parts must add up to it.
    """
    by_day: dict[int, list[tuple[int, RequestLog]]] = {}
    for row in rows:
        if row.timestamp:
            hour = hours(row.timestamp)
            by_day.setdefault(hour // 24, []).append((hour, row))
    cells: Cells = {}
    sketches: Sketches = {}
    for day, found in by_day.items():
        if not _holds(sums.get(("day", day_label(day * 24)), Counters()), found):
            continue
        for hour, row in found:
            names = (row.provider, row.model, row.api_key or "", row.account or "", SOURCE)
            count_into(cells.setdefault((hour, names), Counters()), row)
            took = sketches.setdefault((day, row.provider, row.model), (Sketch(), Sketch()))
            took[0].add(row.duration_ms)
            if row.ttft_ms is not None:
                took[1].add(row.ttft_ms)
    for counters in cells.values():
        counters.unpriced = 0  # the file's own cost covers them, as in its totals
    return cells, sketches


def _holds(sums: Counters, rows: Sequence[tuple[int, RequestLog]]) -> bool:
    together = Counters()
    for _, row in rows:
        count_into(together, row)
    together.unpriced = 0
    names = (*COUNTER_FIELDS, "success")
    return all(getattr(sums, name) >= getattr(together, name) for name in names)
