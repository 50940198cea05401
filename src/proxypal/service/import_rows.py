"""Requests of a file, row by row, as facts a store can add at once.

Sums are kept for all of them, rows only of the most recent ones: a file of any length costs the
memory of its days, models and providers. Must not enter: opening files.
"""

import hashlib
from collections.abc import Callable, Iterator
from heapq import heappush, heappushpop
from typing import BinaryIO, NamedTuple

from proxypal.records.counters import Counters, count_into
from proxypal.records.exports import parse_history_csv
from proxypal.records.imported import ImportedFacts
from proxypal.records.incoming import admit, parse_request_line
from proxypal.records.labels import LocalHours, day_label, hour_label
from proxypal.records.request import RequestLog
from proxypal.service.arrivals import MAX_LINE_BYTES, Lines
from proxypal.service.import_report import BadRow
from proxypal.store.protocol import StoreSettings

OTHER = "other"
"""What names beyond the cap count under."""

_READ_BYTES = 1 << 20

Advance = Callable[[int], None]
"""Told how many bytes of the file are done."""


class RowFacts(NamedTuple):
    """What the rows came to, what was no request, and the fingerprint of the whole file."""

    facts: ImportedFacts
    bad_rows: list[BadRow]
    fingerprint: str


class Gathering:
    """Requests one after another, becoming facts. `hours` is the zone that labels are made in."""

    def __init__(self, hours: LocalHours, settings: StoreSettings) -> None:
        self._hours = hours
        self._settings = settings
        self._sums: dict[tuple[str, str], Counters] = {}
        self._names: dict[str, set[str]] = {"model": set(), "provider": set()}
        self._recent: list[tuple[int, int, RequestLog]] = []
        self._oldest_ms: int | None = None
        self._count = 0

    def add(self, request: RequestLog) -> None:
        """Count an admitted request, and keep it as long as it is among the most recent."""
        hour = self._hours(request.timestamp)
        for key in (
            ("total", ""),
            ("day", day_label(hour)),
            ("hour", hour_label(hour)),
            ("model", self._capped("model", request.model)),
            ("provider", self._capped("provider", request.provider)),
        ):
            sums = self._sums.get(key)
            if sums is None:
                sums = self._sums[key] = Counters()
            count_into(sums, request)
        if self._oldest_ms is None or request.timestamp < self._oldest_ms:
            self._oldest_ms = request.timestamp
        self._count += 1
        row = (request.timestamp, self._count, request)
        if len(self._recent) < self._settings.history_limit:
            heappush(self._recent, row)
        else:
            heappushpop(self._recent, row)

    def _capped(self, kind: str, name: str) -> str:
        names = self._names[kind]
        if name not in names:
            if len(names) >= self._settings.label_cap:
                return OTHER
            names.add(name)
        return name

    def facts(self) -> ImportedFacts:
        """Everything so far."""
        return ImportedFacts(
            requests=[request for _, _, request in sorted(self._recent)],
            sums=self._sums,
            created_at_ms=self._oldest_ms,
        )


def ndjson_facts(file: BinaryIO, gathering: Gathering, now_ms: int, advance: Advance) -> RowFacts:
    """A request per line, as `proxypal record` takes them.

    Raises:
        OSError: the file cannot be read on.
    """
    digest = hashlib.sha256()
    bad_rows: list[BadRow] = []
    for number, line in _lines(file, digest.update, advance):
        if line is None:
            bad_rows.append(BadRow(number, f"it is longer than {MAX_LINE_BYTES >> 20} MiB"))
        elif line and not line.isspace():
            request = parse_request_line(line, now_ms)
            if isinstance(request, str):
                bad_rows.append(BadRow(number, request))
            else:
                gathering.add(request)
    return RowFacts(gathering.facts(), bad_rows, digest.hexdigest())


def _lines(
    file: BinaryIO, seen: Callable[[bytes], None], advance: Advance
) -> Iterator[tuple[int, bytes | None]]:
    lines = Lines()
    done_bytes = 0
    while chunk := file.read(_READ_BYTES):
        seen(chunk)
        yield from lines.feed(chunk.removeprefix(b"\xef\xbb\xbf") if not done_bytes else chunk)
        done_bytes += len(chunk)
        advance(done_bytes)
    yield from lines.end()


def csv_facts(data: bytes, gathering: Gathering, now_ms: int) -> RowFacts:
    """The rows of a CSV that proxypal exported."""
    found = parse_history_csv(data.decode("utf-8", "replace"))
    bad_rows = [BadRow(rejection.line, rejection.reason) for rejection in found.rejected]
    for request in found.requests:
        admitted = admit(request, now_ms)
        if isinstance(admitted, str):
            bad_rows.append(BadRow(0, admitted))
        else:
            gathering.add(admitted)
    return RowFacts(gathering.facts(), bad_rows, hashlib.sha256(data).hexdigest())
