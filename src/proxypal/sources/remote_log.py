"""Reads the log of a proxy on another machine, as its management API tells it.

The position is that of a file, by content, and moves in the transaction of the requests before
it; the proxy's cursor stands beside it and saves searching. So a log that was read as a file goes
on over HTTP where it stopped. Must not enter: waiting, refused keys, leases.
"""

import secrets
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import msgspec

from proxypal.clock import Clock
from proxypal.records.labels import Offset
from proxypal.sources.log_batches import KnownLogs, Notice, PositionStore, Reading
from proxypal.sources.log_identity import KnownLog
from proxypal.sources.management_log import Page
from proxypal.sources.remote_counting import PositionTaken, RemoteCounting, RemotePosition
from proxypal.sources.remote_place import behind_mark, find_end, find_place
from proxypal.store.values import Gap

FIRST_LINES = 200_000
"""What is read of a log that was never read: some 30 MB, and a bound on what the proxy sends."""

_PAGE_LINES = 20_000
_PRIMING_LINES = 3_000
_RECENT_LINES = 500
_SEAM_TRIES = 3
_FIRST_BYTES = 4096
_STILL_FRESH_MS = 60_000
_ASK_ZONE_MS = 900_000

_OLDER_UNREAD = f"only its newest {FIRST_LINES:,} lines are read; import the older files"
_DIFFERS = "is not as it was when it was last read; only newer requests are counted"
_LOST = "the proxy's log went on without us and no longer holds what came next"


class Tail(Protocol):
    """What is asked of the proxy; see `ManagementLog`."""

    def tail(self, limit: int, mark: str = "") -> Page:
        """The newest lines."""
        ...

    def follow(self, cursor: str, limit: int) -> Page:
        """What follows a cursor."""
        ...


class LogReadElsewhere(Exception):
    """This log is read as `source` by somebody now: it is not read twice."""

    def __init__(self, source: str) -> None:
        self.source = source
        super().__init__(source)


class _Text(NamedTuple):
    """The end of the log: whole lines, and the cursor exactly behind them, if there are cursors.

    `is_whole` unless the log may hold more before it.
    """

    data: bytes
    cursor: str
    is_whole: bool


class RemoteLog:
    """Counts what is there, each time `read` is called.

    Args:
        store: gives positions and takes batches.
        url: the proxy, as it is shown; the log's source is `log:` and it.
        zones: the zone of the log, None for the one the proxy tells of; and that of this machine.
        clock: Unix milliseconds.
        is_read_elsewhere: whether somebody reads the log of another source now.
    """

    def __init__(
        self,
        store: PositionStore,
        url: str,
        zones: tuple[Offset | None, Offset],
        *,
        clock: Clock,
        is_read_elsewhere: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.source = f"log:{url}"
        self._url = url
        self._known = KnownLogs(store, self.source)
        self._is_told_zone = zones[0] is not None
        self._machine_zone = zones[1]
        self._zone = zones[0] or zones[1]
        self._counting = RemoteCounting(self._known, url, self._zone, clock)
        self._clock = clock
        self._is_read_elsewhere = is_read_elsewhere
        self._cursor = ""
        self._has_cursors = True
        self._is_ready = False
        self._read_ms = self._zone_asked_ms = 0

    def forget(self) -> None:
        """Begin at what the store says the next time: somebody else may have read meanwhile."""
        self._is_ready = False
        self._known.forget()

    def read(self, tail: Tail) -> Iterator[Reading | Notice]:
        """Read everything there is now; each batch was offered to the store.

        Raises:
            QueueError: the proxy does not tell it.
            StoreError: the store did not take a batch; the next call starts from what it holds.
            LogReadElsewhere: see there.
        """
        was_ready, self._is_ready = self._is_ready, False
        try:
            if not was_ready:
                yield from self._resume(tail)
            elif not self._cursor:
                yield from self._look(tail, _RECENT_LINES)
            elif not self._is_told_zone and self._clock() - self._zone_asked_ms >= _ASK_ZONE_MS:
                yield from self._learn_zone(tail)
            yield from self._follow(tail)
        except PositionTaken:
            self._known.forget()
            return
        self._read_ms = self._clock()
        self._is_ready = True

    def _follow(self, tail: Tail) -> Iterator[Reading | Notice]:
        while self._cursor:
            page = tail.follow(self._cursor, _PAGE_LINES)
            if page.is_reset:
                yield from self._look(tail, FIRST_LINES)
                return
            if page.lines:
                self._cursor = page.cursor
                yield from self._counting.take(page.data, page.cursor)
            # Each question writes a line: the end is never further than one page is full.
            if len(page.lines) < _PAGE_LINES:
                return

    def _own(self) -> KnownLog | None:
        own = self._known.of_source()
        return max(own, key=lambda log: log.position.newest_ms) if own else None

    def _resume(self, tail: Tail) -> Iterator[Reading | Notice]:
        """Go on where the store stands; the lines before are read for the models in them."""
        self._cursor = ""
        self._counting.stand(None, None)
        yield from self._learn_zone(tail)
        own = self._own()
        cursor = _cursor_of(own) if own is not None else ""
        if own is None or not cursor:
            yield from self._look(tail, FIRST_LINES)
            return
        page = tail.tail(_PRIMING_LINES)
        place = find_place(page.data, [own])
        self._counting.stand(own.stored, own.position, page.data[: place.told] if place else b"")
        self._cursor = cursor

    def _look(self, tail: Tail, limit: int) -> Iterator[Reading | Notice]:
        """Find by content where to go on, in the newest lines; in more of them if need be."""
        # Before the lines: a reader who is further than they reach would not be found in them.
        self._known.forget()
        known_logs = self._known.all()
        text = _fetch(tail, limit, may_have_cursors=self._has_cursors)
        data, self._cursor, _ = text
        self._has_cursors = bool(text.cursor)
        end = find_end(data, self._counting.recent)
        if end is not None:
            self._counting.let_go()
            yield from self._counting.take(data[end:], text.cursor)
            return
        if not text.is_whole and limit < FIRST_LINES:
            yield from self._look(tail, FIRST_LINES)
            return
        place = find_place(data, known_logs)
        if place is None:
            yield from self._begin(text)
            return
        known, told = place
        source = known.stored.source
        if source != self.source and self._is_read_elsewhere(source):
            raise LogReadElsewhere(source)
        self._counting.stand(known.stored, known.position, data[:told])
        yield from self._counting.take(data[told:], text.cursor)

    def _begin(self, text: _Text) -> Iterator[Reading | Notice]:
        """A log that was never read, or that no longer holds where it was read up to."""
        own = self._own()
        if own is None:
            if not text.is_whole:
                yield Notice(self._url, _OLDER_UNREAD)
            self._counting.stand(None, None)
        else:
            known_ms = own.position.newest_ms
            first_ms = self._counting.newest_ms_of(_first_lines(text.data))
            if first_ms > known_ms or not text.data:
                was_read = self._clock() - self._read_ms <= _STILL_FRESH_MS and text.is_whole
                until_ms = first_ms or None
                gap = Gap(source=self.source, from_ms=known_ms, until_ms=until_ms, reason=_LOST)
                self._counting.stand(own.stored, None, gaps=[] if was_read else [gap])
            else:
                yield Notice(self._url, _DIFFERS)
                self._counting.stand(own.stored, None, floor_ms=known_ms)
        yield from self._counting.take(text.data, text.cursor)

    def _learn_zone(self, tail: Tail) -> Iterator[Notice]:
        """Read the times as the proxy means them, unless the user said how."""
        if self._is_told_zone:
            return
        mark = secrets.token_hex(8)
        tail.tail(1, mark)
        page = tail.tail(_RECENT_LINES)
        self._zone_asked_ms = self._clock()
        now_s = self._zone_asked_ms // 1000
        told = page.offset(mark, now_s)
        if told is None or told(now_s) == self._zone(now_s):
            return
        is_ours = told(now_s) == self._machine_zone(now_s)
        self._zone = self._machine_zone if is_ours else told
        self._counting.read_in(self._zone)
        if not is_ours:
            yield Notice(self._url, f"the log is written in {_utc(told(now_s))}")


def _fetch(tail: Tail, limit: int, *, may_have_cursors: bool) -> _Text:
    """The newest lines, and a cursor exactly behind them.

    The cursor that comes with lines may be further: what is written in between is in neither. So
    the cursor is asked for first, and the line that this question leaves in the log is the seam.
    """
    mark = secrets.token_hex(8)
    start = tail.tail(1, mark) if may_have_cursors else None
    page = tail.tail(limit)
    is_whole = len(page.lines) < limit
    if start is None or not page.cursor:
        # The last line may be cut off; it comes again, for our next question follows it.
        return _Text(page._replace(lines=page.lines[:-1]).data, "", is_whole)
    for _ in range(_SEAM_TRIES if start.cursor else 0):
        rest = tail.follow(start.cursor, _PAGE_LINES)
        before, after = page.data, rest.data
        first, second = behind_mark(before, mark), behind_mark(after, mark)
        if rest.is_reset or (first is None and second is None):
            break  # it was rotated meanwhile, or our questions are not logged there
        if first is not None and second is not None:
            return _Text(before[:first] + after[second:], rest.cursor, is_whole)
        page = tail.tail(limit)
    return _Text(page.data, page.cursor, is_whole)


def _cursor_of(log: KnownLog) -> str:
    try:
        return msgspec.json.decode(log.stored.state, type=RemotePosition).cursor
    except msgspec.DecodeError:
        return ""


def _first_lines(data: bytes) -> bytes:
    return data[: data.rfind(b"\n", 0, _FIRST_BYTES) + 1 or data.find(b"\n") + 1]


def _utc(offset_s: int) -> str:
    sign = "-" if offset_s < 0 else "+"
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    return f"UTC{sign}{hours:02d}:{minutes:02d}"
