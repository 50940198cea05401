"""What happens, as numbered events for everybody who watches: made once, sent to all.

One thread looks four times a second whether the store has changed, by whichever process, and
only then reads anything; while nobody watches it does not even look. Whoever falls behind, or
comes back after a break, goes on by number, or is told to load anew if that is too long ago. Must
not enter: HTTP, waiting for clients.
"""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from proxypal.errors import StoreClosed, StoreError
from proxypal.records.request import RequestLog, encode_request
from proxypal.service.source_states import Notice
from proxypal.store import Store

Kind = Literal["requests", "totals", "notices", "snapshot"]

LOOK_EVERY_S = 0.25
TOTALS_EVERY_LOOKS = 4
"""Totals change with every request; once a second is as fast as anybody reads."""

EVENTS_KEPT = 500
BYTES_KEPT = 4 << 20

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_SERIES = (
    "requests_by_day",
    "tokens_by_day",
    "cost_by_day",
    "requests_by_hour",
    "tokens_by_hour",
)
"""Ten years of them are half a megabyte: who draws them asks for them."""


class LiveEvent(NamedTuple):
    """`number` is `BOOT-N`, N growing by one; `data` is one JSON object on one line."""

    number: str
    kind: Kind
    data: bytes


class LiveFeed:
    """See the module's docstring. Any thread may ask.

    Args:
        store: what is watched.
        notices: everything a person must know now.
    """

    def __init__(self, store: Store, notices: Callable[[], Sequence[Notice]]) -> None:
        self._store = store
        self._notices = notices
        self._boot = os.urandom(4).hex()
        self._count = 0
        self._ring: deque[LiveEvent] = deque()
        self._ring_bytes = 0
        self._lock = threading.Condition()
        self._wakers: list[Callable[[], None]] = []
        self._closed = False
        self._looking = threading.Lock()
        self._telling = threading.Lock()
        self._sequence = -1
        self._rows: Mapping[str, RequestLog] = {}
        self._told_notices = b""
        self._owed_totals = False
        self._looks_since_totals = 0
        self._is_readable = True
        with contextlib.suppress(StoreError):
            self._sequence = store.sequence()
            self._rows = self._read_rows()
        self._told_notices = _ENCODER.encode(notices())

    # -- watching

    @property
    def number(self) -> str:
        """The number of the newest event.

        Whoever shows data and wants to be told what happens after takes it before reading them.
        """
        return self._numbered(self._count)

    @property
    def is_closed(self) -> bool:
        """Whether nothing follows any more."""
        return self._closed

    @contextlib.contextmanager
    def watched(self, wake: Callable[[], None]) -> Iterator[None]:
        """While this lasts, `wake` is called, from another thread, whenever there is news."""
        with self._lock:
            self._wakers.append(wake)
            self._lock.notify_all()
        try:
            yield
        finally:
            with self._lock:
                self._wakers.remove(wake)

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._wakers)

    def since(self, number: str) -> list[LiveEvent] | None:
        """The events after this number, oldest first; None if that cannot be told any more.

        That is so when it is too long ago, or the number of another run.
        """
        boot, _, digits = number.partition("-")
        if boot != self._boot or not (digits.isascii() and digits.isdigit() and len(digits) < 16):
            return None
        with self._lock:
            missing = self._count - int(digits)
            if not 0 <= missing <= len(self._ring):
                return None
            return list(self._ring)[len(self._ring) - missing :]

    def snapshot(self) -> LiveEvent:
        """How things are now; what follows it has a higher number.

        Raises:
            StoreError: the store cannot be read.
        """
        number = self.number
        notices = _ENCODER.encode(self.notices())
        data = b'{"totals":%b,"notices":%b}' % (self._encoded_totals(), notices)
        return LiveEvent(number, "snapshot", data)

    def notices(self) -> Sequence[Notice]:
        """Everything a person must know now.

        Whoever has been shown it is told when it changes, even if nobody watched in between.
        """
        with self._telling:
            notices = self._notices()
            encoded = _ENCODER.encode(notices)
            if encoded != self._told_notices:
                self._told_notices = encoded
                self._add("notices", encoded)
            return notices

    # -- looking

    def run(self, stop: threading.Event) -> None:
        """Look until stopped; then whoever watches is woken, to find the feed closed."""
        try:
            while not stop.is_set():
                with self._lock:
                    if not self._wakers:
                        self._lock.wait(1.0)
                        continue
                self.look()
                stop.wait(LOOK_EVERY_S)
        finally:
            self.close()

    def close(self) -> None:
        """Nothing follows any more."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
            wakers = [*self._wakers]
        for wake in wakers:
            wake()

    def look(self) -> None:
        """Make events of whatever is new. What cannot be read becomes a notice."""
        with self._looking:
            try:
                self._look_at_store()
                self._is_readable = True
            except StoreClosed:
                raise
            except StoreError:
                self._is_readable = False  # the notices say why
            self.notices()

    def _look_at_store(self) -> None:
        sequence = self._store.sequence()
        if sequence != self._sequence:
            rows = self._read_rows()
            self._tell_rows(rows)
            self._rows, self._sequence = rows, sequence
            self._owed_totals = True
        self._looks_since_totals += 1
        if self._owed_totals and self._looks_since_totals >= TOTALS_EVERY_LOOKS:
            totals = self._encoded_totals()
            self._owed_totals, self._looks_since_totals = False, 0
            self._add("totals", totals)

    def _read_rows(self) -> Mapping[str, RequestLog]:
        """The history by id, oldest first. Of several with one id, the newest is shown."""
        return {request.id: request for request in self._store.get_request_history().requests}

    def _tell_rows(self, rows: Mapping[str, RequestLog]) -> None:
        before = self._rows
        new = [row for key, row in rows.items() if key not in before]
        changed = [row for key, row in rows.items() if key in before and before[key] != row]
        gone = [key for key in before if key not in rows]
        # Told even if empty: a page may show what came and went since the last look.
        data = b'{"rows":[%b],"changed":[%b],"gone":%b}' % (
            b",".join(map(encode_request, new)),
            b",".join(map(encode_request, changed)),
            _ENCODER.encode(gone),
        )
        self._add("requests", data)

    def _encoded_totals(self) -> bytes:
        stats = self._store.get_usage_stats(series=False)
        names = msgspec.structs.fields(type(stats))
        return _ENCODER.encode(
            {
                field.encode_name: getattr(stats, field.name)
                for field in names
                if field.name not in _SERIES
            }
        )

    def _add(self, kind: Kind, data: bytes) -> None:
        with self._lock:
            self._count += 1
            self._ring.append(LiveEvent(self._numbered(self._count), kind, data))
            self._ring_bytes += len(data)
            while len(self._ring) > EVENTS_KEPT or (
                self._ring_bytes > BYTES_KEPT and len(self._ring) > 1
            ):
                self._ring_bytes -= len(self._ring.popleft().data)
            wakers = [*self._wakers]
        for wake in wakers:
            wake()

    def _numbered(self, count: int) -> str:
        return f"{self._boot}-{count}"
