from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import access_line, entry_line, log_of, model_line
from proxy_log import assert_counted_once, counted_ids, later_clock, request_lines
from proxypal.errors import StorageFull
from proxypal.records.labels import zone_offset
from proxypal.sources.log_batches import Notice, Reading
from proxypal.sources.log_chunks import MAX_LINE_BYTES
from proxypal.sources.log_files import LogSet
from proxypal.sources.log_reader import LogReader
from proxypal.sources.log_stream import LogStream
from proxypal.store import Store
from proxypal.store.values import Positions, SourceBatch, SourceOutcome

UTC = zone_offset(ZoneInfo("UTC"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        yield store


def opened(directory: Path) -> Store:
    return Store(directory / "data", history_limit=100_000, zone="UTC", clock=later_clock)


def ids(numbers: range) -> list[str]:
    return [f"{number:08x}" for number in numbers]


def pipe(
    store: Store, data: bytes, *, piece: int = 1 << 16, ends: bool = True
) -> list[Reading | Notice]:
    """Run `proxypal watch -` once over `data`, arriving in pieces."""
    stream = LogStream(store, UTC, clock=later_clock)
    found: list[Reading | Notice] = []
    for start in range(0, len(data), piece):
        found += stream.feed(data[start : start + piece])
    if ends:
        found += stream.feed(b"", is_over=True)
    return found


def notices(found: list[Reading | Notice]) -> list[str]:
    return [one.text for one in found if isinstance(one, Notice)]


def test_a_stream_is_counted(store: Store) -> None:
    """What is piped in is counted, the last line without a line feed too."""
    pipe(store, request_lines(range(5)).rstrip(b"\n"))
    assert_counted_once(store, ids(range(5)))


def test_a_stream_told_again_counts_once(store: Store) -> None:
    """`docker logs -f` tells everything again at each start; it counts once."""
    for end in (3, 3, 40, 41, 300):
        assert notices(pipe(store, request_lines(range(end)), piece=777, ends=False)) == []
        assert_counted_once(store, ids(range(end)))


def test_a_live_stream_is_counted_line_by_line(store: Store) -> None:
    """The first line is enough to begin: a quiet pipe does not wait for a kilobyte."""
    stream = LogStream(store, UTC, clock=later_clock)
    for number in range(4):
        list(stream.feed(request_lines([number])))
        assert_counted_once(store, ids(range(number + 1)))


def test_a_live_stream_goes_on_after_a_replay(store: Store) -> None:
    """After the part told again, each new line counts at once."""
    pipe(store, request_lines(range(3)))
    stream = LogStream(store, UTC, clock=later_clock)
    list(stream.feed(request_lines(range(3))))
    list(stream.feed(request_lines([3])))
    assert_counted_once(store, ids(range(4)))


@pytest.mark.parametrize("first", [1, 30, 298])
def test_a_stream_that_tells_its_end_again_counts_once(store: Store, first: int) -> None:
    """`docker logs --tail N`, or a log Docker rotated: the part told again is recognised."""
    pipe(store, request_lines(range(300)))
    pipe(store, request_lines(range(first, 310)), piece=500)
    pipe(store, request_lines(range(308, 320)))
    pipe(store, request_lines(range(330)))
    assert_counted_once(store, ids(range(330)))


def test_a_stream_that_goes_on_later_counts_whole(store: Store) -> None:
    """`docker logs --tail 0` tells nothing again: everything it tells is new."""
    pipe(store, request_lines(range(20)))
    pipe(store, request_lines(range(25, 30)), ends=False)
    assert_counted_once(store, [*ids(range(20)), *ids(range(25, 30))])


def test_another_log_is_counted_though_it_is_older(store: Store) -> None:
    """A second log piped in counts whole, when it ends or goes beyond what was counted."""
    pipe(store, request_lines(range(100, 200)))
    pipe(store, request_lines(range(50)))
    assert_counted_once(store, [*ids(range(100, 200)), *ids(range(50))])


def test_a_stream_that_differs_from_what_it_was_counts_what_is_new(store: Store) -> None:
    """The same beginning but another end: only requests newer than all counted are added."""
    pipe(store, request_lines(range(200)))
    changed = request_lines(range(100)) + request_lines(range(500, 520))
    assert len(notices(pipe(store, changed, piece=3000))) == 1
    assert_counted_once(store, [*ids(range(200)), *ids(range(500, 520))])


def test_a_live_stream_that_differs_does_not_wait_for_the_old_length(store: Store) -> None:
    """A restored container log that grows another way is counted at once, not swallowed."""
    pipe(store, request_lines(range(20_000)))
    stream = LogStream(store, UTC, clock=later_clock)
    list(stream.feed(request_lines(range(15_000))))
    list(stream.feed(request_lines([30_000])))
    assert counted_ids(store)[-1] == f"{30_000:08x}"
    assert store.get_usage_stats().total_requests == 20_001


def test_a_replica_piped_in_counts_whole(store: Store) -> None:
    """A second container's log that begins with the same kilobyte is another log."""
    started = log_of(*[entry_line(f"starting, step {step}") for step in range(30)])
    pipe(store, started, ends=False)
    for first in (0, 50, 100):
        for piece in (1000, 1 << 16):
            pipe(store, started + request_lines(range(first, first + 40)), piece=piece)
    assert_counted_once(store, [*ids(range(40)), *ids(range(50, 90)), *ids(range(100, 140))])


def test_a_file_and_a_stream_of_it_are_one_log(store: Store, tmp_path: Path) -> None:
    """`cat main.log | proxypal watch -` after watching the file, or the reverse, counts once."""
    path = tmp_path / "main.log"
    path.write_bytes(request_lines(range(100)))
    list(LogReader(LogSet(path), store, UTC, clock=later_clock).sweep())
    pipe(store, request_lines(range(150)))
    path.write_bytes(request_lines(range(160)))
    list(LogReader(LogSet(path), store, UTC, clock=later_clock).sweep())
    assert_counted_once(store, ids(range(160)))


def test_models_named_in_the_replay_are_remembered(store: Store) -> None:
    """A request in flight while proxypal restarts keeps the model told before."""
    told = request_lines(range(3)) + log_of(model_line("gpt-5", request_id="0000abcd"))
    pipe(store, told, ends=False)
    pipe(store, told + log_of(access_line(request_id="0000abcd")))
    assert store.get_request_history().requests[-1].model == "gpt-5"


class FullNowAndThen:
    """A store that refuses every other batch."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.batches = 0

    def positions(self) -> Positions:
        """See `RequestStore`."""
        return self.store.positions()

    def record_batch(self, batch: SourceBatch) -> SourceOutcome:
        """See `RequestStore`."""
        self.batches += 1
        if self.batches % 2:
            raise StorageFull(self.store.path)
        return self.store.record_batch(batch)


def test_a_full_disk_keeps_what_the_stream_told(store: Store) -> None:
    """What cannot be stored is held and stored later, with its models."""
    stream = LogStream(FullNowAndThen(store), UTC, clock=later_clock)
    data = request_lines(range(50))
    for start in range(0, len(data), 900):
        piece = data[start : start + 900]
        while True:
            try:
                list(stream.feed(piece))
            except StorageFull:
                piece = b""
            else:
                break
    assert_counted_once(store, ids(range(50)))
    models = {request.model for request in store.get_request_history().requests}
    assert models == {"claude-sonnet-4-5"}


def test_two_readers_of_one_stream_count_once(store: Store) -> None:
    """Two `docker logs -f | proxypal watch -` of one container count each request once."""
    streams = [LogStream(store, UTC, clock=later_clock) for _ in range(2)]
    list(streams[0].feed(request_lines(range(5))))
    list(streams[1].feed(request_lines(range(5))))
    for number in range(5, 30):
        for stream in streams if number % 3 else reversed(streams):
            list(stream.feed(request_lines([number])))
    assert_counted_once(store, ids(range(30)))


def test_leading_nuls_are_no_first_line(store: Store) -> None:
    """A stream of a cleared log begins behind its hole."""
    pipe(store, b"\0" * 10_000 + request_lines(range(2)), piece=999)
    pipe(store, request_lines(range(3)))
    assert_counted_once(store, ids(range(3)))


def test_a_monstrous_line_is_rejected_and_passed(store: Store) -> None:
    """A line without end fills no memory and hides no request."""
    data = request_lines([1]) + entry_line("x" * MAX_LINE_BYTES * 2).encode() + b"\n"
    found = pipe(store, data + request_lines([2]), piece=1 << 20)
    assert_counted_once(store, ids(range(1, 3)))
    rejected = [line for one in found if isinstance(one, Reading) for line in one.rejected]
    assert [line.line for line in rejected] == [3]
    pipe(store, data + request_lines([2, 3]), piece=1 << 20)
    assert_counted_once(store, ids(range(1, 4)))


@pytest.mark.parametrize("data", [b"", b"\n", b"\0\0", b"no log", b"no log\n\n"])
def test_what_is_no_log_counts_nothing(store: Store, data: bytes) -> None:
    """An empty or foreign stream ends without a request and without an error."""
    for _ in range(2):
        pipe(store, data)
    assert counted_ids(store) == []


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(60, 3000)), max_size=6)
)
@settings(max_examples=30)
def test_any_sequence_of_starts_counts_each_request_once(
    tmp_path_factory: pytest.TempPathFactory, starts: list[tuple[int, int, int]]
) -> None:
    """Started any number of times, told from the beginning or from anywhere known: exact."""
    with opened(tmp_path_factory.mktemp("stream")) as store:
        end = 0
        for back, more, piece in starts:
            first = 0 if back > 30 else max(0, end - 1 - back)
            end += more
            pipe(store, request_lines(range(first, end)), piece=piece, ends=False)
        assert_counted_once(store, ids(range(end)))
