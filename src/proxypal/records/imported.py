"""What a file or export comes to, ready to be added to a store, and what that rests on.

Values, and the questions that a store answers about them. Must not enter: reading, adding.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from proxypal.records.counters import Counters
from proxypal.records.natural_key import KeyKind
from proxypal.records.request import RequestLog
from proxypal.records.sketch import Sketch

if TYPE_CHECKING:
    from array import array

Names = tuple[str, str, str, str, str]
"""Provider, model, key label, account label, source; empty text where there is none."""

SOURCE = "import"
"""`RequestLog.source` of what another program's file told of."""

DayKeys = dict[tuple[KeyKind, int], "array[int]"]
"""Natural keys (32 bits) by kind and day, see `records.natural_key`."""

Spans = tuple[tuple[int, int], ...]
"""Spans of time, (first, last) in Unix milliseconds, in order and apart from each other."""


class Basis(msgspec.Struct, kw_only=True):
    """What was found in the store while a file was read, and decided what of it is new.

    The store looks again in the transaction that adds the facts, and refuses them where it has
    changed. `sequence` is its number when reading began; `known` are the keys that were not
    taken, because it had them; `log_spans` are the spans its logs cover, cut to `within`;
    `days_without_totals` (local days, since 1970) were not counted by a day's total, and
    `days_without_requests` (labels) held no request. `watermark_ms` is None where it did not
    matter.
    """

    sequence: int
    known: DayKeys = {}
    log_spans: Spans = ()
    within: tuple[int, int] | None = None
    days_without_totals: frozenset[int] = frozenset()
    days_without_requests: frozenset[str] = frozenset()
    watermark_ms: int | None = None


def merged(spans: Iterable[tuple[int, int]]) -> Spans:
    """Spans in order, those that meet made one."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def cut_to(spans: Spans, within: tuple[int, int] | None) -> Spans:
    """The parts of spans that lie between two moments."""
    if within is None:
        return ()
    first, last = within
    return tuple(
        (max(start, first), min(end, last))
        for start, end in spans
        if end >= first and start <= last
    )


class ImportedFacts(msgspec.Struct, kw_only=True):
    """Facts of a file or export, ready to add.

    `requests` enter history if they are recent enough; they add nothing by themselves. `sums`
    are what the totals grow by: scope (`total`, `day`, `hour`, `model`, `provider`, `undated`)
    and label to counters, already consistent: days + undated = models = providers = total.
    `cells` are the part of it whose local hour and names are known, by (hour, names); `days` the
    part whose names are known and whose hours are not, by (day since 1970-01-01, names).
    `sketches` are durations and times to first token of requests in cells, by day, provider and
    model.
    `created_at_ms` moves "tracked since" back if it is earlier. `watermark_ms`: log lines up to
    here were counted by the old files.

    `keys` recognise what is in the sums, for ever. `span_ms` is the time that attempts of the
    file cover, first to last. `basis` is None for old files, which are recognised as a whole.
    """

    requests: list[RequestLog]
    sums: dict[tuple[str, str], Counters]
    cells: dict[tuple[int, Names], Counters] = {}
    days: dict[tuple[int, Names], Counters] = {}
    sketches: dict[tuple[int, str, str], tuple[Sketch, Sketch]] = {}
    created_at_ms: int | None = None
    watermark_ms: int | None = None
    history_extras: dict[str, Any] = {}
    aggregate_extras: dict[str, Any] = {}
    notes: list[str] = []
    keys: DayKeys = {}
    span_ms: tuple[int, int] | None = None
    basis: Basis | None = None


class Recognition(Protocol):
    """What a store already has of a file: asked while it is read, checked when it is added."""

    def sequence(self) -> int:
        """The store's number now; it grows with whatever happens."""
        ...

    def known_keys(self, kind: KeyKind, day: int) -> Counter[int]:
        """How often each natural key of a day (see `records.natural_key`) was counted."""
        ...

    def log_spans(self) -> Spans:
        """When logs told of every request: an attempt that ended then is counted already."""
        ...

    def day_totals(self) -> Mapping[int, str]:
        """Local days since 1970 that a day's total was imported for, and the backup of it."""
        ...

    def is_free(self, day: str) -> bool:
        """Whether a day (`YYYY-MM-DD`) holds nothing but totals that were imported for it."""
        ...

    def has_rows(self, requests: Sequence[RequestLog]) -> Sequence[bool]:
        """For each, whether history or the join window has one of the same id and time."""
        ...


class OldData(msgspec.Struct, kw_only=True, frozen=True):
    """What was read of old files: `facts` is None if nothing could be.

    `unreadable` says which file could not be read and why, a sentence each.
    """

    facts: ImportedFacts | None
    unreadable: list[str]
