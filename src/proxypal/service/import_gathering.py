"""Requests of a file becoming facts: sums of all of them, rows of the most recent.

Sums are kept by hour and names, so a file of any length costs the memory of its hours, models and
keys. Must not enter: what of a file is new (`import_sieve`), reading files.
"""

from collections.abc import Mapping
from heapq import heappush, heappushpop

from proxypal.records.counters import Counters, count_into, counters_of
from proxypal.records.imported import SOURCE, Basis, DayKeys, ImportedFacts, Names
from proxypal.records.labels import LocalHours, day_label, hour_label, hour_of_label
from proxypal.records.request import RequestLog
from proxypal.records.sketch import Sketch
from proxypal.store.values import StoreSettings

OTHER = "other"
"""What names beyond the cap count under."""

Cell = tuple[int, Names]


class Gathering:
    """Requests one after another, becoming facts. `hours` is the zone that labels are made in."""

    def __init__(self, hours: LocalHours, settings: StoreSettings) -> None:
        self.hours = hours
        self._settings = settings
        self._cells: dict[Cell, Counters] = {}
        self._days: dict[tuple[int, Names], Counters] = {}
        self._sketches: dict[tuple[int, str, str], tuple[Sketch, Sketch]] = {}
        self._capped: dict[Names, Names] = {}
        self._names: tuple[set[str], ...] = tuple(set() for _ in range(5))
        self._recent: list[tuple[int, int]] = []
        self._rows: dict[int, RequestLog] = {}
        self._oldest_ms: int | None = None
        self._count = 0

    def add(self, request: RequestLog) -> int:
        """Count an admitted request, and keep it as long as it is among the most recent.

        Returns its number, by which it can be changed.
        """
        count_into(self._counters(request), request)
        self._time(request)
        self._note_moment(request.timestamp)
        self._count += 1
        number = self._count
        self._rows[number] = request
        mark = (request.timestamp, number)
        if len(self._recent) < self._settings.history_limit:
            heappush(self._recent, mark)
        else:
            _, gone = heappushpop(self._recent, mark)
            self._rows.pop(gone, None)
        return number

    def change(self, number: int, old: RequestLog, new: RequestLog) -> None:
        """Count a request that was added as `new` from now on."""
        self._counters(old).add(counters_of(old), sign=-1)
        count_into(self._counters(new), new)
        self._time(old, sign=-1)
        self._time(new)
        self._note_moment(new.timestamp)
        if number in self._rows:
            self._rows[number] = new

    def take_off(self, number: int, request: RequestLog) -> None:
        """Count only the tokens of a request that was added: it is counted elsewhere."""
        self._counters(request).add(counters_of(request), sign=-1)
        self._time(request, sign=-1)
        self._rows.pop(number, None)
        self.add_tokens(request)

    def add_tokens(self, request: RequestLog) -> None:
        """Add tokens and cost, but no request."""
        tokens = tokens_alone(counters_of(request))
        if tokens:
            self._counters(request).add(tokens)
            self._note_moment(request.timestamp)

    def add_total(self, day: str, names: tuple[str, str], counters: Counters, at_ms: int) -> None:
        """Add what a model used on a day, told without an hour.

        A question about a part of a day cannot see it, one about whole days does.
        """
        place = (hour_of_label(day) // 24, self._admitted((*names, "", "", SOURCE)))
        self._days.setdefault(place, Counters()).add(counters)
        self._note_moment(at_ms)

    def _time(self, request: RequestLog, sign: int = 1) -> None:
        """Count how long a request took, or no more."""
        names = self._admitted((request.provider, request.model, "", "", ""))
        place = (self.hours(request.timestamp) // 24, names[0], names[1])
        sketches = self._sketches.get(place)
        if sketches is None:
            sketches = self._sketches[place] = (Sketch(), Sketch())
        for sketch, took_ms in zip(sketches, (request.duration_ms, request.ttft_ms), strict=True):
            if took_ms is not None and sign > 0:
                sketch.add(took_ms)
            elif took_ms is not None:
                one = Sketch()
                one.add(took_ms)
                sketch.subtract(one)

    def _counters(self, request: RequestLog) -> Counters:
        names = self._admitted(
            (
                request.provider,
                request.model,
                request.api_key or "",
                request.account or "",
                request.source or "",
            )
        )
        cell = (self.hours(request.timestamp), names)
        counters = self._cells.get(cell)
        if counters is None:
            counters = self._cells[cell] = Counters()
        return counters

    def _admitted(self, names: Names) -> Names:
        """The names, `other` in place of those beyond the cap; remembered, for they repeat."""
        found = self._capped.get(names)
        if found is None:
            if len(self._capped) > 50_000:
                self._capped.clear()
            capped = [self._within_cap(place, name) for place, name in enumerate(names)]
            found = (capped[0], capped[1], capped[2], capped[3], capped[4])
            self._capped[names] = found
        return found

    def _within_cap(self, place: int, name: str) -> str:
        known = self._names[place]
        if not name or name in known:
            return name
        if len(known) >= self._settings.label_cap:
            return OTHER
        known.add(name)
        return name

    def _note_moment(self, moment_ms: int) -> None:
        if self._oldest_ms is None or moment_ms < self._oldest_ms:
            self._oldest_ms = moment_ms

    def facts(
        self,
        keys: DayKeys | None = None,
        basis: Basis | None = None,
        span_ms: tuple[int, int] | None = None,
    ) -> ImportedFacts:
        """Everything so far, with what recognises it."""
        cells = {cell: counters for cell, counters in self._cells.items() if counters}
        rows = sorted((row.timestamp, number) for number, row in self._rows.items())
        return ImportedFacts(
            requests=[self._rows[number] for _, number in rows],
            sums=_summed(cells, self._days),
            cells=cells,
            days={place: counters for place, counters in self._days.items() if counters},
            sketches={
                place: sketches for place, sketches in self._sketches.items() if sketches[0].count
            },
            created_at_ms=self._oldest_ms,
            keys=keys or {},
            basis=basis,
            span_ms=span_ms,
        )


def tokens_alone(counters: Counters) -> Counters:
    """What counters hold of tokens and cost, and nothing of requests."""
    return Counters(
        tokens_in=counters.tokens_in,
        tokens_out=counters.tokens_out,
        tokens_cached=counters.tokens_cached,
        tokens_cache_write=counters.tokens_cache_write,
        tokens_reasoning=counters.tokens_reasoning,
        unpriced=counters.unpriced,
        cost_usd=counters.cost_usd,
    )


def _summed(
    cells: Mapping[Cell, Counters], days: Mapping[Cell, Counters]
) -> dict[tuple[str, str], Counters]:
    """What cells and sums of days add to each scope."""
    summed: dict[tuple[str, str], Counters] = {}
    for (day, (provider, model, *_)), counters in days.items():
        for key in (
            ("total", ""),
            ("day", day_label(day * 24)),
            ("model", model),
            ("provider", provider),
        ):
            summed.setdefault(key, Counters()).add(counters)
    for (hour, (provider, model, *_)), counters in cells.items():
        for key in (
            ("total", ""),
            ("day", day_label(hour)),
            ("hour", hour_label(hour)),
            ("model", model),
            ("provider", provider),
        ):
            summed.setdefault(key, Counters()).add(counters)
    return summed
