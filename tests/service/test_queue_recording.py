"""Payloads into the store, whatever state it is in."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_proxy import FakeProxy
from proxypal.errors import StorageFull, StoreClosed
from proxypal.service.queue_recording import QueueRecorder, Taken
from proxypal.service.watch_events import (
    Note,
    QueueHeld,
    QueueLost,
    Recorded,
    StoreRecovered,
    WatchEvent,
)
from proxypal.store import Store
from proxypal.store.values import QueueBatch, QueueOutcome, Span
from queue_runs import READ, open_queue_store
from watch_runs import until

SOURCE = "queue http://127.0.0.1:8317"


class Refusing(Store):
    """A store that can be put in trouble."""

    trouble: Exception | None = None
    tried = 0

    def record_attempts(self, batch: QueueBatch) -> QueueOutcome:
        """See `RequestStore`."""
        self.tried += 1
        if self.trouble is not None:
            raise self.trouble
        return super().record_attempts(batch)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Refusing]:
    with Refusing(tmp_path / "data", zone="UTC") as opened:
        yield opened


@pytest.fixture
def payloads(tmp_path: Path) -> list[bytes]:
    """What a proxy hands out for three requests."""
    with FakeProxy(tmp_path / "logs") as fake:
        for _ in range(3):
            fake.request()
        fake.settle()
        return [item.payload for item in fake.queue.pop(9)]


class Recording:
    """A recorder, and what it told."""

    def __init__(self, store: Store, *, patient: bool = True) -> None:
        self.events: list[WatchEvent] = []
        self.stop = threading.Event()
        self.recorder = QueueRecorder(
            SOURCE,
            store,
            READ,
            list,
            clock=lambda: 2**42,
            stop=self.stop,
            tell=self.events.append,
            patient=patient,
        )

    def record(self, payloads: list[bytes], **more: Any) -> Taken:
        """Record payloads with a status that says nothing."""
        return self.recorder.record(payloads, lambda _: (None, b"{}"), **more)

    def of(self, kind: type[WatchEvent]) -> list[WatchEvent]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def test_records_are_durable_when_it_returns(store: Refusing, payloads: list[bytes]) -> None:
    """Recorded, told, and with the span of time they tell of."""
    recording = Recording(store)
    taken = recording.record(payloads)
    assert (taken.is_recorded, taken.records) == (True, 3)
    assert taken.ended_ms is not None
    assert store.get_usage_stats().total_requests == 3
    (event,) = recording.of(Recorded)
    assert isinstance(event, Recorded)
    assert [request.timestamp for request in event.requests][:1] == [taken.ended_ms.from_ms]


def test_words_of_the_proxy_are_no_records(store: Refusing) -> None:
    """Control messages are skipped, what nobody understands is kept and counted."""
    recording = Recording(store)
    payloads = [b'{"support_refresh":true}', b'{"refresh":true}', b"[1]", b"?", b'{"refresh":true}']
    assert recording.record(payloads) == Taken(records=2)
    (state,) = store.queues()
    assert (state.records, state.unread) == (2, 2)
    assert len(recording.of(Note)) == 2


def test_what_is_covered_and_the_status_come_with_the_records(
    store: Refusing, payloads: list[bytes]
) -> None:
    """They describe the moment after the records, in the same transaction."""
    seen: list[Taken] = []

    def describe(taken: Taken) -> tuple[Span | None, bytes]:
        seen.append(taken)
        return None, b'{"state":"connected"}'

    Recording(store).recorder.record(payloads, describe)
    assert [taken.records for taken in seen] == [3]
    assert store.queues()[0].status == b'{"state":"connected"}'


def test_a_full_disk_is_waited_out(store: Refusing, payloads: list[bytes]) -> None:
    """The records are offered again until they are in, and it is told once how many wait."""
    store.trouble = StorageFull(store.path)
    recording = Recording(store)
    thread = threading.Thread(
        target=recording.record, args=(payloads,), kwargs={"waiting": lambda: 40}
    )
    thread.start()
    until(lambda: store.tried >= 2)
    store.trouble = None
    thread.join(20)
    held = recording.of(QueueHeld)
    assert [event.held for event in held if isinstance(event, QueueHeld)] == [43]
    assert len(recording.of(StoreRecovered)) == 1
    assert store.get_usage_stats().total_requests == 3


def test_what_is_held_is_told_as_it_grows(store: Refusing, payloads: list[bytes]) -> None:
    """Whoever shows how many records would be lost now has the number of now."""
    store.trouble = StorageFull(store.path)
    recording = Recording(store)
    waiting = iter([0, 0, 7, 7, 7])
    thread = threading.Thread(
        target=recording.record, args=(payloads,), kwargs={"waiting": lambda: next(waiting, 7)}
    )
    thread.start()
    until(lambda: len(recording.of(QueueHeld)) == 2)
    store.trouble = None
    thread.join(20)
    told = [event.held for event in recording.of(QueueHeld) if isinstance(event, QueueHeld)]
    assert told == [3, 10]


def test_who_has_to_end_tries_once_more_and_says_what_is_lost(
    store: Refusing, payloads: list[bytes]
) -> None:
    """A stop during trouble is not waited out, and the loss is not silent."""
    recording = Recording(store)
    recording.stop.set()
    store.trouble = StorageFull(store.path)
    assert not recording.record(payloads).is_recorded
    assert recording.of(QueueLost) == [QueueLost(SOURCE, 3)]


def test_trouble_that_does_not_pass_is_raised(store: Refusing, payloads: list[bytes]) -> None:
    """A closed store ends the reader; a run that shall end does not wait for a disk."""
    store.trouble = StoreClosed()
    with pytest.raises(StoreClosed):
        Recording(store).record(payloads)
    store.trouble = StorageFull(store.path)
    with pytest.raises(StorageFull):
        Recording(store, patient=False).record(payloads)


def test_a_clock_ahead_of_ours_is_not_believed(tmp_path: Path, payloads: list[bytes]) -> None:
    """A record from the future does not make the future covered."""
    with open_queue_store(tmp_path / "data") as store:
        recorder = QueueRecorder(
            SOURCE,
            store,
            READ,
            list,
            clock=lambda: 1_000,
            stop=threading.Event(),
            tell=lambda _: None,
            patient=True,
        )
        assert recorder.record(payloads, lambda _: (None, b"")).ended_ms == Span(1_000, 1_000)
