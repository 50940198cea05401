"""Which rows of a file are new: natural keys against what the store counted, day by day.

The n-th row of a key is known if the store counted n of it. Memory is bounded by days, not rows:
a day that was not asked about for a while is packed to four bytes a key. Must not enter: what is
done with a new row.
"""

from array import array
from collections import Counter, OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from proxypal.records.imported import Basis, DayKeys, Recognition, Spans, merged
from proxypal.records.natural_key import KeyKind, key_day
from proxypal.records.request import RequestLog

Verdict = Literal["new", "known", "repeated"]

_HOT_KEYS = 200_000
"""So many keys are held in a form that can be asked; the days asked least recently are packed."""


class _Day(msgspec.Struct):
    """What is left of a day's known keys, and the contents of the file's rows so far."""

    known: Counter[int]
    seen: set[int]

    @property
    def size(self) -> int:
        return len(self.known) + len(self.seen)


class Sieve:
    """Sorts the rows of one file; `recognition` is the store's, or a preview's."""

    def __init__(self, recognition: Recognition, hot_keys: int = _HOT_KEYS) -> None:
        self.recognition = recognition
        self.taken: DayKeys = {}
        self._known: DayKeys = {}
        self._sequence = recognition.sequence()
        self._hot: OrderedDict[tuple[KeyKind, int], _Day] = OrderedDict()
        self._cold: dict[tuple[KeyKind, int], tuple[array[int], array[int]]] = {}
        self._hot_keys = hot_keys
        self._size = 0

    def sort(self, kind: KeyKind, moment_ms: int, key: int, content: int | None) -> Verdict:
        """What a row is. `content` (64 bits, signed) tells two rows of one key apart.

        Without a content no row of the file repeats another one.
        """
        place = (kind, key_day(moment_ms))
        day = self._hot.get(place) or self._warm(place)
        if content is not None:
            if content in day.seen:
                return "repeated"
            day.seen.add(content)
            self._size += 1
        left = day.known.get(key, 0)
        if not left:
            _append(self.taken, place, key)
            return "new"
        if left == 1:
            del day.known[key]
            self._size -= 1
        else:
            day.known[key] = left - 1
        _append(self._known, place, key)
        return "known"

    def _warm(self, place: tuple[KeyKind, int]) -> _Day:
        packed = self._cold.pop(place, None)
        if packed is None:
            day = _Day(self.recognition.known_keys(*place), set())
        else:
            day = _Day(Counter(packed[0]), set(packed[1]))
        self._hot[place] = day
        self._size += day.size
        while self._size > self._hot_keys and len(self._hot) > 1:
            coldest, cooled = self._hot.popitem(last=False)
            self._size -= cooled.size
            self._cold[coldest] = (array("I", cooled.known.elements()), array("q", cooled.seen))
        return day

    def basis(
        self,
        spans: Spans = (),
        within: tuple[int, int] | None = None,
        days: frozenset[int] = frozenset(),
        free: frozenset[str] = frozenset(),
        watermark_ms: int | None = None,
    ) -> Basis:
        """What the verdicts rest on, with what else was asked of the store."""
        return Basis(
            sequence=self._sequence,
            known=self._known,
            log_spans=spans,
            within=within,
            days_without_totals=days,
            days_without_requests=free,
            watermark_ms=watermark_ms,
        )


def _append(keys: DayKeys, place: tuple[KeyKind, int], key: int) -> None:
    found = keys.get(place)
    if found is None:
        found = keys[place] = array("I")
    found.append(key)


class PreviewRecognition:
    """A store's answers as they would be once the files previewed so far were in it."""

    def __init__(self, recognition: Recognition) -> None:
        self._store = recognition
        self._keys: dict[tuple[KeyKind, int], Counter[int]] = {}
        self._totals: dict[int, str] = {}
        self._spans: list[tuple[int, int]] = []
        self._days: set[str] = set()

    def add(self, keys: DayKeys, days: Collection[str], name: str) -> None:
        """Take the keys of a previewed file for known; `days` have requests by it."""
        for place, found in keys.items():
            self._keys.setdefault(place, Counter()).update(found)
            if place[0] == "day":
                self._totals.setdefault(place[1], name)
        self._days.update(days)

    def add_log(self, span: tuple[int, int]) -> None:
        """Take a span for covered by a previewed log."""
        self._spans.append(span)

    def sequence(self) -> int:
        """See `Recognition.sequence`."""
        return self._store.sequence()

    def known_keys(self, kind: KeyKind, day: int) -> Counter[int]:
        """See `Recognition.known_keys`."""
        return self._store.known_keys(kind, day) + self._keys.get((kind, day), Counter())

    def log_spans(self) -> Spans:
        """See `Recognition.log_spans`."""
        return merged([*self._store.log_spans(), *self._spans])

    def day_totals(self) -> Mapping[int, str]:
        """See `Recognition.day_totals`."""
        return {**self._totals, **self._store.day_totals()}

    def is_free(self, day: str) -> bool:
        """See `Recognition.is_free`."""
        return day not in self._days and self._store.is_free(day)

    def has_rows(self, requests: Sequence[RequestLog]) -> Sequence[bool]:
        """See `Recognition.has_rows`."""
        return self._store.has_rows(requests)
