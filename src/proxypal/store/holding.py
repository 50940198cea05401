"""Requests on their way in: group commit, and the memory that holds them while the disk cannot.

Callers that wait at the same time share one transaction. Pushed requests that cannot be written
are held, bounded, and written once when the disk is back; batches of a source are not held,
because their log is the buffer.
"""

import threading
from collections.abc import Callable, Iterable, Sequence

import msgspec

from proxypal.clock import Clock
from proxypal.errors import CannotWrite, StorageFull, StoreError
from proxypal.records.incoming import admit
from proxypal.records.request import RequestLog
from proxypal.store import forking
from proxypal.store.attempts import AttemptBatch
from proxypal.store.engine import Engine
from proxypal.store.recording import Counted, Prepared, prepare
from proxypal.store.sourcing import apply_batch
from proxypal.store.state import Change, write_progress
from proxypal.store.values import (
    QueueBatch,
    QueueOutcome,
    Recorded,
    Rejection,
    SourceBatch,
    SourceOutcome,
)

HELD_AT_MOST = 10_000


class _Work:
    """One caller's batch, and what became of it."""

    def __init__(self, act: Callable[[Change], object]) -> None:
        self.act = act
        self.result: object = None
        self.error: BaseException | None = None
        self.done = False


def _recognisable(place: int, said: RequestLog, admitted: RequestLog) -> Prepared:
    """Prepared so that the same line sent again has the same digest.

    A time that was made now, because none was given or it lay in the future, is another one then.
    """
    if said.timestamp == admitted.timestamp:
        return prepare(place, admitted)
    as_said = msgspec.structs.replace(
        admitted, timestamp=said.timestamp, timestamp_claimed=said.timestamp_claimed
    )
    return prepare(place, as_said)._replace(request=admitted)


PriceRequests = Callable[[Sequence[RequestLog]], Sequence[RequestLog]]
"""Requests to the same ones with their cost, where it is known; see `service.pricing`."""


class Intake:
    """Takes batches from many threads and commits them together."""

    def __init__(self, engine: Engine, clock: Clock, warn: Callable[[str], None]) -> None:
        self._engine = engine
        self._clock = clock
        self._warn = warn
        self._queue: list[_Work] = []
        self._queue_lock = threading.Lock()
        self._held: list[Prepared] = []
        self._trouble: StorageFull | CannotWrite | None = None
        self.price: PriceRequests | None = None
        engine.on_tick = self._write_held
        forking.watch(self)

    def record(self, requests: Iterable[RequestLog]) -> Recorded:
        """Admit, commit, and say what became of each; see `RequestStore.record`."""
        now_ms = self._clock()
        admitted: list[Prepared] = []
        rejected: list[Rejection] = []
        for place, request in enumerate(requests):
            verdict = admit(request, now_ms)
            if isinstance(verdict, str):
                rejected.append(Rejection(place, verdict))
            else:
                admitted.append(_recognisable(place, request, verdict))
        if not admitted:
            return Recorded(rejected=rejected)
        admitted = self._priced(admitted)
        try:
            counted = self._submit(lambda change: self._push(change, admitted))
        except (StorageFull, CannotWrite) as error:
            if self._engine.read_only and self._engine.trouble is None:
                raise  # opened for reading only: it will never be written
            return Recorded(held=self._hold(admitted, error), rejected=rejected)
        assert isinstance(counted, Counted)  # noqa: S101 - what _push returns
        return Recorded(
            recorded=counted.recorded,
            duplicates=counted.duplicates,
            rejected=[*rejected, *counted.rejected],
        )

    def _priced(self, admitted: list[Prepared]) -> list[Prepared]:
        """With a cost where there are tokens, no cost yet, and a known price.

        A repetition is known by what was said, so the cost is no part of the digest.
        """
        if self.price is None:
            return admitted
        places = [
            place
            for place, (_, request, *_) in enumerate(admitted)
            if request.cost_usd is None and (request.tokens_in or request.tokens_out)
        ]
        if not places:
            return admitted
        priced = self.price([admitted[place].request for place in places])
        for place, request in zip(places, priced, strict=True):
            admitted[place] = admitted[place]._replace(request=request)
        return admitted

    def record_batch(self, batch: SourceBatch) -> SourceOutcome:
        """Commit a source's batch with its position, or neither."""
        outcome = self._submit(lambda change: apply_batch(change, self._engine.recording, batch))
        assert isinstance(outcome, SourceOutcome)  # noqa: S101 - what apply_batch returns
        return outcome

    def record_attempts(self, batch: QueueBatch) -> QueueOutcome:
        """Commit what a usage queue handed out."""
        outcome = self._submit(
            lambda change: AttemptBatch(change, self._engine.recording).record(batch)
        )
        assert isinstance(outcome, QueueOutcome)  # noqa: S101 - what AttemptBatch gives
        return outcome

    def _push(self, change: Change, admitted: list[Prepared]) -> Counted:
        counted = self._engine.recording.add(
            change.connection, change.state, admitted, change.now_ms, pushed=True
        )
        write_progress(change.connection, change.state)
        return counted

    def pause(self) -> None:
        """Let no thread be in the middle of anything; see `forking`."""
        self._engine.lock.acquire()
        self._engine.breakdown.reading.acquire()
        self._queue_lock.acquire()

    def resume(self, *, in_child: bool) -> None:
        """Go on; what the parent's threads have in hand is the parent's."""
        if in_child:
            self._queue, self._held = [], []
        self._queue_lock.release()
        self._engine.breakdown.reading.release()
        if in_child:
            self._engine.breakdown.begin_anew()
        self._engine.lock.release()

    # -- group commit

    def _submit(self, act: Callable[[Change], object]) -> object:
        work = _Work(act)
        with self._queue_lock:
            self._queue.append(work)
        with self._engine.lock:
            if not work.done:
                with self._queue_lock:
                    batch, self._queue = self._queue, []
                self._commit(batch)
        if work.error is not None:
            raise work.error
        return work.result

    def _commit(self, batch: list[_Work]) -> None:
        def act(change: Change) -> list[object]:
            if self._held:
                self._push(change, self._held)
            return [work.act(change) for work in batch]

        try:
            results = self._engine.write(act)
        except BaseException as error:  # noqa: BLE001 - handed to each waiting caller below
            is_bug = isinstance(error, Exception) and not isinstance(error, StoreError)
            if len(batch) > 1 and is_bug:
                # A bug in one caller's batch must not take the others' down with it.
                for work in batch:
                    self._commit([work])
                return
            for work in batch:
                work.error, work.done = error, True
            return
        self._let_held_go()
        for work, result in zip(batch, results, strict=True):
            work.result, work.done = result, True

    # -- holding

    def _hold(self, admitted: list[Prepared], error: StorageFull | CannotWrite) -> int:
        with self._engine.lock:
            if self._engine.is_sealed:
                raise error
            if len(self._held) + len(admitted) > HELD_AT_MOST:
                raise self._with_held(error)
            if not self._held:
                self._warn(str(error))
            self._trouble = error
            self._held.extend(admitted)
            self._engine.wake_in(2.0)
            return len(admitted)

    def _with_held(self, error: StorageFull | CannotWrite) -> StoreError:
        held = len(self._held)
        if isinstance(error, StorageFull):
            return StorageFull(self._engine.directory, held)
        return CannotWrite(self._engine.directory, error.reason, held)

    def _let_held_go(self) -> None:
        if self._held:
            self._warn(f"{len(self._held)} requests held in memory are written now.")
            self._held = []

    def _write_held(self) -> bool:
        """Try again; whether some are still waiting. Called by the engine's timer."""
        with self._engine.lock:
            if self._held:
                self._commit([])
            return bool(self._held)

    @property
    def held(self) -> int:
        """How many requests wait in memory for the disk."""
        return len(self._held)

    @property
    def trouble(self) -> StoreError | None:
        """Why nothing can be written, as far as was tried."""
        return self._engine.trouble or (self._trouble if self._held else None)

    def close(self) -> None:
        """Write what is held, then close the engine."""
        with self._engine.lock:
            self._write_held()
            self._engine.close()
            if self._held and self._trouble is not None:
                error = self._with_held(self._trouble)
                self._held = []
                raise error
