"""The sketches of a query, merged as far as it does not tell them apart.

What was merged is remembered by how many there were and which was changed last. Everything here
runs inside the caller's snapshot. Must not enter: how sketches are kept (`durations.py`).
"""

import sqlite3
from collections.abc import Iterable

from proxypal.records.sketch import Sketch, decode_sketch
from proxypal.records.usage_metrics import PERCENTILES, DaySketch
from proxypal.records.usage_query import BY_SKETCHES, Query
from proxypal.store.durations import Place, open_sketches
from proxypal.store.remembered import Remembered
from proxypal.store.usage_places import Places, days_of

_OF_DAYS = "FROM sketches WHERE day >= ? AND day < ?"


def read_sketches_for(
    connection: sqlite3.Connection, query: Query, remembered: Remembered
) -> list[DaySketch]:
    """The sketches of all days that the query touches."""
    return _Reading(connection, query, remembered).sketches()


class _Reading:
    def __init__(
        self, connection: sqlite3.Connection, query: Query, remembered: Remembered
    ) -> None:
        self._connection = connection
        self._query = query
        self._remembered = remembered
        self._places = Places(query, cut_days_are_whole=True)
        self._first, self._end = days_of(query.range)
        # What has groups of its own; a query by anything else gets percentiles of the total only.
        by = query.by if BY_SKETCHES.issuperset(query.by) else ()
        self._is_kept = ("provider" in by, "model" in by)
        self._has_ttfts = any(
            name in PERCENTILES and name.endswith("_ttft_ms") for name in query.wanted
        )
        self._asked = (
            "sketches",
            query.where,
            query.by,
            query.range.since_hour,
            query.range.until_hour,
            self._has_ttfts,
        )

    def sketches(self) -> list[DaySketch]:
        """All that are kept, and the last values; one for each group."""
        (newest,) = self._connection.execute(
            f"SELECT max(day) {_OF_DAYS}", (self._first, self._end)
        ).fetchone()
        kept: list[DaySketch] = []
        if newest is not None:
            older = self._of_days(self._first, newest)
            kept = self._added(older, self._of_days(newest, newest + 1))
        later = open_sketches(self._connection, self._first, self._end)
        return self._added(kept, self._merged((place, *parts) for place, parts in later.items()))

    def _of_days(self, first: int, end: int) -> list[DaySketch]:
        marks = self._connection.execute(
            f"SELECT count(*), max(changed) {_OF_DAYS}", (first, end)
        ).fetchone()
        return self._remembered.get(
            (*self._asked, first, end, marks), lambda: self._merged(self._rows(first, end))
        )

    def _added(self, kept: list[DaySketch], later: list[DaySketch]) -> list[DaySketch]:
        """Both together; neither is changed, for they are remembered."""
        found = {self._key_of(one): one for one in kept}
        for one in later:
            key = self._key_of(one)
            found[key] = _together(found[key], one) if key in found else one
        return list(found.values())

    def _key_of(self, sketch: DaySketch) -> tuple[int, str, str]:
        by_provider, by_model = self._is_kept
        return (
            sketch.day,
            sketch.provider if by_provider else "",
            sketch.model if by_model else "",
        )

    def _rows(self, first: int, end: int) -> Iterable[tuple[Place, Sketch, Sketch]]:
        rows = self._connection.execute(
            f"SELECT day, provider, model, durations, ttfts {_OF_DAYS}", (first, end)
        )
        for day, provider, model, durations, ttfts in rows:
            if self._query.admits((provider, model, "", "", "")):
                ttft = decode_sketch(ttfts) if self._has_ttfts else Sketch()
                yield (day, provider, model), decode_sketch(durations), ttft

    def _merged(self, sketches: Iterable[tuple[Place, Sketch, Sketch]]) -> list[DaySketch]:
        found: dict[tuple[int, str, str], DaySketch] = {}
        for (day, provider, model), durations, ttft in sketches:
            if not self._query.admits((provider, model, "", "", "")):
                continue
            # Of what is not grouped by, the first name stands for all: each is admitted.
            one = DaySketch(self._places.day_for(day), provider, model, Sketch(), Sketch())
            known = found.setdefault(self._key_of(one), one)
            known.durations.merge(durations)
            known.ttft.merge(ttft)
        return list(found.values())


def _together(one: DaySketch, other: DaySketch) -> DaySketch:
    durations, ttft = one.durations.copy(), one.ttft.copy()
    durations.merge(other.durations)
    ttft.merge(other.ttft)
    return one._replace(durations=durations, ttft=ttft)
