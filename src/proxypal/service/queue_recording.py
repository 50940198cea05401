"""Payloads of a usage queue into the store: understood, priced, committed, or held until then.

A queue hands a record out once, so a batch that the store refuses is offered again and again,
and nothing more is taken meanwhile. Must not enter: connections.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from proxypal.clock import Clock
from proxypal.errors import CannotWrite, DamagedDatabase, StorageFull, StoreBusy, StoreError
from proxypal.records.attempt import Attempt
from proxypal.records.queue_payload import Control, NotUnderstood
from proxypal.service.watch_events import (
    Note,
    QueueHeld,
    QueueLost,
    Recorded,
    StoreRecovered,
    WatchEvent,
)
from proxypal.store.protocol import RequestStore
from proxypal.store.values import Gap, QueueBatch, Span

PASSING_TROUBLE = (StoreBusy, StorageFull, CannotWrite, DamagedDatabase)
"""What the user can end while we wait; a closed store or a newer one is for the caller."""

_FIRST_RETRY_MS = 500
_LAST_RETRY_MS = 16_000

ReadPayload = Callable[[bytes], Attempt | NotUnderstood | Control]
Price = Callable[[Sequence[Attempt]], Sequence[Attempt]]
Tell = Callable[[WatchEvent], None]
Describe = Callable[["Taken"], tuple[Span | None, bytes]]
"""For records about to be committed: what is covered with them, and the status then."""


class Taken(NamedTuple):
    """What became of payloads. `ended_ms` are the first and the last moment they tell of.

    Not `is_recorded`: we were told to stop while the store took nothing, and they are lost.
    """

    is_recorded: bool = True
    records: int = 0
    ended_ms: Span | None = None


class QueueRecorder:
    """Records batches of one queue, in their order. For one thread.

    A `patient` one waits until the store takes a batch; another one raises its trouble.
    """

    def __init__(  # noqa: PLR0913 - made in one place, every part named
        self,
        source: str,
        store: RequestStore,
        read: ReadPayload,
        price: Price,
        *,
        clock: Clock,
        stop: threading.Event,
        tell: Tell,
        patient: bool,
    ) -> None:
        self.source = source
        self._store = store
        self._read = read
        self._price = price
        self._clock = clock
        self._stop = stop
        self._tell = tell
        self._patient = patient

    def record(
        self,
        payloads: Sequence[bytes],
        describe: Describe,
        *,
        gaps: Sequence[Gap] = (),
        waiting: Callable[[], int] = int,
    ) -> Taken:
        """Commit payloads with what else is to be kept. Waits as long as the store refuses.

        `waiting` tells how many more records are held elsewhere, for showing.

        Raises:
            StoreError: it cannot be waited out, or we do not wait (`once`).
        """
        attempts, unread = self._understood(payloads)
        count = len(attempts) + len(unread)
        taken = Taken(records=count, ended_ms=self._span(attempts))
        covered, status = describe(taken)
        batch = QueueBatch(
            source=self.source,
            attempts=self._price(attempts) if attempts else (),
            unread=unread,
            covered=covered,
            gaps=gaps,
            status=status,
        )
        if self._commit(batch, count, waiting):
            return taken
        if count:
            self._tell(QueueLost(self.source, count))
        return taken._replace(is_recorded=False)

    def _understood(self, payloads: Sequence[bytes]) -> tuple[list[Attempt], list[bytes]]:
        attempts: list[Attempt] = []
        unread: list[bytes] = []
        reasons: Counter[str] = Counter()
        for payload in payloads:
            found = self._read(payload)
            if isinstance(found, Attempt):
                attempts.append(found)
            elif isinstance(found, NotUnderstood):
                unread.append(found.payload)
                reasons[found.reason] += 1
        for reason, count in reasons.items():
            text = f"not understood, kept for a later version: {count} x {reason}"
            self._tell(Note(self.source, text))
        return attempts, unread

    def _commit(self, batch: QueueBatch, count: int, waiting: Callable[[], int]) -> bool:
        delay_ms = 0
        said: tuple[str, int] | None = None
        while True:
            try:
                outcome = self._store.record_attempts(batch)
            except PASSING_TROUBLE as error:
                if not self._patient:
                    raise
                delay_ms = min(delay_ms * 2 or _FIRST_RETRY_MS, _LAST_RETRY_MS)
                held = count + waiting()
                if said != (str(error), held):
                    said = (str(error), held)
                    self._tell(QueueHeld(error, held, delay_ms))
                if self._stop.wait(delay_ms / 1000):
                    return self._try_last(batch)
            else:
                if said:
                    self._tell(StoreRecovered())
                for rejection in outcome.rejected:
                    self._tell(Note(self.source, f"a record was not kept: {rejection.reason}"))
                if outcome.requests:
                    self._tell(Recorded(self.source, outcome.requests))
                return True

    def _try_last(self, batch: QueueBatch) -> bool:
        try:
            outcome = self._store.record_attempts(batch)
        except StoreError:
            return False
        if outcome.requests:
            self._tell(Recorded(self.source, outcome.requests))
        return True

    def _span(self, attempts: Sequence[Attempt]) -> Span | None:
        """When the first and the last of them ended; a clock ahead of ours is not believed."""
        if not attempts:
            return None
        now_ms = self._clock()
        ended = [min(attempt.ended_ms, now_ms) for attempt in attempts]
        return Span(min(ended), max(ended))
