"""Lines of JSON to durable requests, each answered for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxypal import Recorded, RequestLog, StorageFull, Store
from proxypal.service.arrivals import Arrivals
from proxypal.service.recording import Answers, Recorder, Tally, record_stream

LINE = b'{"path": "/v1/messages", "status": 200}'


class Heard(Answers):
    """Answers, written down."""

    def __init__(self) -> None:
        self.said: list[tuple[str, int, object]] = []

    def acknowledge(self, recorded: int, duplicates: int) -> None:
        """So many are durable."""
        self.said.append(("acknowledge", recorded, duplicates))

    def refuse(self, line: int, reason: str) -> None:
        """Not recorded."""
        self.said.append(("refuse", line, reason))

    def repeat(self, line: int, request_id: str) -> None:
        """Recorded before."""
        self.said.append(("repeat", line, request_id))

    def hold(self, held: int) -> None:
        """Waiting."""
        self.said.append(("hold", held, None))


class FullDisk(Store):
    """A store whose disk is full until told otherwise, with room for three in memory."""

    is_full = True
    waiting = 0

    @property
    def held(self) -> int:
        """What waits; it is written the moment there is room."""
        if not self.is_full:
            self.waiting = 0
        return self.waiting

    def record(self, requests: object) -> Recorded:
        """Hold, refuse at the bound, or take everything."""
        assert isinstance(requests, list)
        if not self.is_full:
            self.waiting = 0
            return Recorded(recorded=len(requests))
        if self.waiting + len(requests) > 3:
            raise StorageFull(self.path, self.waiting)
        self.waiting += len(requests)
        return Recorded(held=len(requests))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


@pytest.fixture
def full(tmp_path: Path) -> Iterator[FullDisk]:
    with FullDisk(tmp_path) as opened:
        yield opened


def test_a_batch_is_acknowledged_once_it_is_durable(store: Store, heard: Heard) -> None:
    """The acknowledgement counts the lines of this run and comes after the commit."""
    recorder = Recorder(store, heard)
    recorder.record([(1, LINE), (2, LINE)])
    assert store.get_usage_stats().total_requests == 2
    recorder.record([(3, LINE)])
    assert heard.said == [("acknowledge", 2, 0), ("acknowledge", 3, 0)]


def test_each_line_is_answered_for(store: Store, heard: Heard) -> None:
    """Refused and repeated lines are told by number; the lines around them count."""
    named = b'{"id": "r-1", "timestamp": 5, "path": "/v1/messages", "status": 200}'
    recorder = Recorder(store, heard)
    recorder.record([(1, LINE), (2, b"{"), (3, b""), (4, named), (5, named), (6, None)])
    assert [(what, line) for what, line, _ in heard.said] == [
        ("refuse", 2),
        ("refuse", 6),
        ("repeat", 5),
        ("acknowledge", 2),
    ]
    assert recorder.tally == Tally(recorded=2, duplicates=1, refused=2)


def test_what_the_store_rejects_is_told_with_its_line(store: Store, heard: Heard) -> None:
    """A request that would push a total beyond exact numbers is refused by its line number."""
    huge = b'{"path": "/v1/messages", "status": 200, "tokensIn": 9007199254740991}'
    recorder = Recorder(store, heard)
    recorder.record([(7, huge), (8, b"nonsense"), (9, huge)])
    assert [(what, line) for what, line, _ in heard.said] == [
        ("refuse", 8),
        ("refuse", 9),
        ("acknowledge", 1),
    ]


def test_held_requests_are_acknowledged_once_they_are_written(full: FullDisk, heard: Heard) -> None:
    """On a full disk nothing is acknowledged; when there is room, everything is."""
    recorder = Recorder(full, heard)
    recorder.record([(1, LINE), (2, LINE)])
    assert recorder.let_held_go() is False
    assert heard.said == [("hold", 2, None)]
    assert recorder.tally.unsafe_from == 1
    full.is_full = False
    assert recorder.let_held_go() is True
    assert heard.said[1:] == [("acknowledge", 2, 0)]
    assert recorder.tally == Tally(recorded=2)


def test_the_next_batch_takes_the_held_ones_along(full: FullDisk, heard: Heard) -> None:
    """One acknowledgement covers the held lines and the batch that brought them through."""
    recorder = Recorder(full, heard)
    recorder.record([(1, LINE)])
    full.is_full = False
    recorder.record([(2, LINE)])
    assert heard.said == [("hold", 1, None), ("acknowledge", 2, 0)]


def test_at_the_bound_it_stops_and_knows_what_is_safe(full: FullDisk, heard: Heard) -> None:
    """When memory is full too it stops, and names the first line that is not safe."""
    recorder = Recorder(full, heard)
    full.is_full = False
    recorder.record([(1, LINE)])
    full.is_full = True
    recorder.record([(2, LINE), (3, LINE)])
    with pytest.raises(StorageFull):
        recorder.record([(4, LINE), (5, LINE)])
    assert recorder.tally.recorded == 1
    assert recorder.tally.unsafe_from == 2


def test_a_stream_is_recorded_to_its_end(store: Store, heard: Heard) -> None:
    """Everything up to the end counts, also a last line without newline."""
    reading, writing = os.pipe()
    os.write(writing, LINE + b"\n\n" + LINE)
    os.close(writing)
    tally = record_stream(Recorder(store, heard), Arrivals(reading))
    os.close(reading)
    assert tally == Tally(recorded=2)
    assert store.get_usage_stats().total_requests == 2


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes_are_recorded_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    """No line makes it fail: each is recorded, refused with a reason, or blank."""
    heard = Heard()
    with Store(tmp_path_factory.mktemp("data")) as store:
        recorder = Recorder(store, heard)
        recorder.record(list(enumerate([*lines, LINE], 1)))
        tally = recorder.tally
        assert store.get_usage_stats().total_requests == tally.recorded
    blank = sum(not line.strip() for line in lines)
    assert tally.recorded + tally.refused + tally.duplicates + blank == len(lines) + 1
    assert all(reason for what, _, reason in heard.said if what == "refuse")


def test_a_request_of_ours_is_understood(store: Store, heard: Heard) -> None:
    """What history.json holds can be recorded elsewhere, field for field."""
    line = (
        b'{"id": "r-9", "timestamp": 1766394932000, "provider": "claude", "model": "m", '
        b'"method": "POST", "path": "/v1/messages", "status": 200, "durationMs": 1234, '
        b'"tokensIn": 500, "tokensOut": 300}'
    )
    Recorder(store, heard).record([(1, line)])
    (request,) = store.get_request_history().requests
    assert request == RequestLog(
        id="r-9",
        timestamp=1_766_394_932_000,
        provider="claude",
        model="m",
        path="/v1/messages",
        status=200,
        duration_ms=1234,
        tokens_in=500,
        tokens_out=300,
    )
