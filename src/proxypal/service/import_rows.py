"""Requests of a file of ours, row by row, as facts a store can add at once.

A row with an id is known if it is in the store: by its id and time for ever if it was imported,
while it is in history or the join window if it was recorded; and by the proxy's request id if the
usage queue told of it. Must not enter: opening files.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, NamedTuple

from proxypal.records.exports import parse_history_csv
from proxypal.records.imported import DayKeys, ImportedFacts
from proxypal.records.incoming import admit, parse_request_line
from proxypal.records.joining_rule import SLACK_MS
from proxypal.records.labels import day_label
from proxypal.records.natural_key import KeyKind, key_day, request_key, row_key
from proxypal.records.request import RequestLog
from proxypal.service.arrivals import MAX_LINE_BYTES, Lines
from proxypal.service.import_gathering import Gathering
from proxypal.service.import_report import BadRow, BadRows, RowTally
from proxypal.service.import_sieve import Sieve

_READ_BYTES = 1 << 20
CHUNK_ROWS = 2_000

Advance = Callable[[int], None]
"""Told how many bytes of the file are done."""

PriceRequests = Callable[[Sequence[RequestLog]], Sequence[RequestLog]]
Numbered = tuple[int, RequestLog]


class RowFacts(NamedTuple):
    """What the rows came to, what was no request, and the fingerprint of the whole file."""

    facts: ImportedFacts
    tally: RowTally
    bad_rows: list[BadRow]
    skipped: list[str]
    fingerprint: str


class RowCounting:
    """Counts the requests of one file."""

    def __init__(self, gathering: Gathering, sieve: Sieve, price: PriceRequests) -> None:
        self.tally = RowTally()
        self.totalled: Counter[int] = Counter()
        self._gathering = gathering
        self._sieve = sieve
        self._price = price
        self._totals = sieve.recognition.day_totals()
        self._told: dict[int, Mapping[int, int]] = {}
        self._days: set[int] = set()

    def add(self, requests: Sequence[RequestLog]) -> None:
        """Count admitted requests in their order."""
        self.tally.rows += len(requests)
        are_recent = self._sieve.recognition.has_rows(requests)
        for request, is_recent in zip(self._price(requests), are_recent, strict=True):
            day = self._gathering.hours(request.timestamp) // 24
            if day in self._totals:
                self.totalled[day] += 1
            elif request.id and (is_recent or self._is_told(request)):
                self.tally.known += 1
            elif self._is_new(request):
                self._days.add(day)
                self.tally.requests += 1
                self._gathering.add(request)

    def _is_new(self, request: RequestLog) -> bool:
        if not request.id:
            return True
        moment_ms = request.timestamp
        key = row_key(request.id, moment_ms)
        verdict = self._sieve.sort("row", moment_ms, key, hash((request.id, moment_ms)))
        self.tally.known += verdict == "known"
        self.tally.repeated += verdict == "repeated"
        return verdict == "new"

    def _is_told(self, request: RequestLog) -> bool:
        """Whether a usage queue told of it, by the proxy's own id."""
        if not request.request_id:
            return False
        key = request_key(request.request_id)
        around = (request.timestamp - SLACK_MS, request.timestamp + SLACK_MS)
        return any(key in self._told_on(day) for day in {key_day(moment) for moment in around})

    def _told_on(self, day: int) -> Mapping[int, int]:
        if day not in self._told:
            if len(self._told) > 60:
                self._told.clear()
            self._told[day] = self._sieve.recognition.known_keys("request", day)
        return self._told[day]

    def outcome(self, bad_rows: list[BadRow], fingerprint: str) -> RowFacts:
        """Everything so far, and what it rests on."""
        basis = self._sieve.basis(days=frozenset(self._days))
        facts = self._gathering.facts(self._sieve.taken, basis)
        skipped = totalled_notes(self.totalled, self._totals, "requests")
        return RowFacts(facts, self.tally, bad_rows, skipped, fingerprint)


def row_keys(requests: Iterable[RequestLog]) -> DayKeys:
    """The natural keys of those requests that have an id and a time."""
    keys: DayKeys = {}
    for request in requests:
        if request.id and request.timestamp:
            place: tuple[KeyKind, int] = ("row", key_day(request.timestamp))
            key = row_key(request.id, request.timestamp)
            keys.setdefault(place, array("I")).append(key)
    return keys


def totalled_notes(totalled: Mapping[int, int], totals: Mapping[int, str], what: str) -> list[str]:
    """What was left out because a day's total counts it, a sentence for each day."""
    return [
        f"{day_label(day * 24)}: its total was imported before, so {count} of its {what} were "
        f"left out (`proxypal restore {totals[day]}` takes that total off)"
        for day, count in sorted(totalled.items())
    ]


def ndjson_facts(file: BinaryIO, counting: RowCounting, now_ms: int, advance: Advance) -> RowFacts:
    """A request per line, as `proxypal record` takes them.

    Raises:
        OSError: the file cannot be read on.
    """
    digest = hashlib.sha256()
    bad_rows = BadRows()
    chunk: list[RequestLog] = []
    for number, line in numbered_lines(file, digest.update, advance):
        if line is None:
            bad_rows.add(BadRow(number, f"it is longer than {MAX_LINE_BYTES >> 20} MiB"))
        elif line and not line.isspace():
            request = parse_request_line(line, now_ms)
            if isinstance(request, str):
                bad_rows.add(BadRow(number, request))
                continue
            chunk.append(request)
            if len(chunk) >= CHUNK_ROWS:
                counting.add(chunk)
                chunk = []
    counting.add(chunk)
    return counting.outcome(bad_rows.rows(), digest.hexdigest())


def numbered_lines(
    file: BinaryIO, seen: Callable[[bytes], None], advance: Advance
) -> Iterator[tuple[int, bytes | None]]:
    """The lines of a file, from 1; None for one that is too long. `seen` gets every byte."""
    lines = Lines()
    done_bytes = 0
    while chunk := file.read(_READ_BYTES):
        seen(chunk)
        yield from lines.feed(chunk.removeprefix(b"\xef\xbb\xbf") if not done_bytes else chunk)
        done_bytes += len(chunk)
        advance(done_bytes)
    yield from lines.end()


def csv_facts(data: bytes, counting: RowCounting, now_ms: int) -> RowFacts:
    """The rows of a CSV that proxypal exported."""
    found = parse_history_csv(data.decode("utf-8", "replace"))
    bad_rows = BadRows()
    for rejection in found.rejected:
        bad_rows.add(BadRow(rejection.line, rejection.reason))
    admitted = []
    for request in found.requests:
        checked = admit(request, now_ms)
        if isinstance(checked, str):
            bad_rows.add(BadRow(0, checked))
        else:
            admitted.append(checked)
    counting.add(admitted)
    return counting.outcome(bad_rows.rows(), hashlib.sha256(data).hexdigest())
