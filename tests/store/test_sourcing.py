"""What a source reads: its requests and its position are committed together, or neither is."""

from pathlib import Path

import pytest

from builders import DAY_MS, NOW_MS, a_request, a_store, facts_of
from proxypal.records.request import MAX_INTEGER, RequestLog
from proxypal.store import Store
from proxypal.store.values import Gap, SourceBatch, SourceOutcome, StoredPosition


def read(
    store: Store,
    requests: list[RequestLog],
    start: StoredPosition | None = None,
    *,
    generation: int | None = None,
    state: bytes = b'{"offset":1}',
    gaps: list[Gap] | None = None,
) -> SourceOutcome:
    """Record what a log says from a position on."""
    return store.record_batch(
        SourceBatch(
            source="main.log",
            start=start,
            generation=store.positions().generation if generation is None else generation,
            state=state,
            requests=requests,
            gaps=gaps or [],
        )
    )


def test_a_position_moves_with_its_requests(tmp_path: Path) -> None:
    """D12: after any stop, reading goes on where the recorded requests end."""
    with a_store(tmp_path) as store:
        first = read(store, [a_request()], state=b'{"offset":10}')
        assert first.position is not None
        assert (first.position.version, first.recorded) == (1, 1)
        second = read(store, [a_request()] * 2, first.position, state=b'{"offset":30}')
        assert second.position is not None
        assert second.position.version == 2
        assert store.positions().rows == [second.position]
    with a_store(tmp_path) as store:
        assert store.positions().rows == [second.position]
        assert store.get_usage_stats().total_requests == 3


def test_a_batch_that_was_overtaken_is_thrown_away(tmp_path: Path) -> None:
    """D14: of two readers of one log the slower one counts nothing and reads again."""
    with a_store(tmp_path) as one, a_store(tmp_path) as other:
        start = read(one, []).position
        assert read(one, [a_request()], start, state=b'{"offset":2}').recorded == 1
        late = read(other, [a_request()] * 5, start, state=b'{"offset":9}')
        assert late.position is None
        assert late.recorded == 0
        assert one.get_usage_stats().total_requests == 1
        assert other.positions().rows[0].state == b'{"offset":2}'


def test_a_new_log_is_begun_once(tmp_path: Path) -> None:
    """D14: two readers that discover the same log at once do not both count it."""
    with a_store(tmp_path) as one, a_store(tmp_path) as other:
        generation = one.positions().generation
        assert read(one, [a_request()], generation=generation).position is not None
        assert read(other, [a_request()], generation=generation).position is None
        assert one.get_usage_stats().total_requests == 1


def test_an_unknown_position_is_stale(tmp_path: Path) -> None:
    """A position of another store is not taken for one of ours."""
    with a_store(tmp_path) as store:
        stranger = StoredPosition(id=77, source="main.log", version=1, state=b"{}")
        assert read(store, [a_request()], stranger).position is None


def test_a_position_can_move_without_requests(tmp_path: Path) -> None:
    """Lines that are no requests are passed once and not read for ever."""
    with a_store(tmp_path) as store:
        start = read(store, []).position
        moved = read(store, [], start, state=b'{"offset":500}')
        assert moved.position is not None
        assert store.get_usage_stats().total_requests == 0


def test_what_the_old_files_counted_is_not_counted_again(tmp_path: Path) -> None:
    """After a migration or import, log lines up to its end are older; later ones are counted."""
    with a_store(tmp_path) as store:
        store.import_facts(facts_of([], watermark_ms=NOW_MS - 100), fingerprint="f")
        assert store.watermark_ms() == NOW_MS - 100
        batch = [a_request(timestamp=NOW_MS - 100 + n) for n in (-1, 0, 1, 2)]
        outcome = read(store, batch)
        assert (outcome.recorded, outcome.older) == (2, 2)
        assert store.get_usage_stats().total_requests == 2


def test_a_rejection_names_the_place_in_the_batch(tmp_path: Path) -> None:
    """The index of what is rejected counts all requests given, older ones included."""
    huge = a_request(tokens_in=MAX_INTEGER - 900)
    with a_store(tmp_path) as store:
        store.import_facts(facts_of([], watermark_ms=NOW_MS - 100), fingerprint="f")
        old = a_request(timestamp=NOW_MS - 200)
        outcome = read(store, [old, old, huge, a_request(), huge])
        assert outcome.older == 2
        assert [r.index for r in outcome.rejected] == [3, 4]
        assert "2^53" in outcome.rejected[0].reason


def test_equal_lines_of_a_log_are_all_counted(tmp_path: Path) -> None:
    """D16: a log that says the same thing fifty times means fifty requests."""
    with a_store(tmp_path) as store:
        assert read(store, [a_request(id="", request_id=None)] * 50).recorded == 50


def test_a_forged_future_is_recorded_as_now(tmp_path: Path) -> None:
    """A log line from tomorrow does not open tomorrow's day; what it claimed is kept."""
    with a_store(tmp_path) as store:
        read(store, [a_request(timestamp=NOW_MS + DAY_MS)])
        assert [p.label for p in store.get_usage_stats().requests_by_day] == ["2026-01-09"]
        (row,) = store.get_request_history().requests
        assert (row.timestamp, row.timestamp_claimed) == (NOW_MS, NOW_MS + DAY_MS)


def test_gaps_are_remembered(tmp_path: Path) -> None:
    """A stretch of a log that is known to be lost is reported until the end of time."""
    gap = Gap(source="main.log", from_ms=None, until_ms=NOW_MS, reason="a rotated file is missing")
    with a_store(tmp_path) as store:
        start = read(store, [], gaps=[gap]).position
        assert read(store, [], None, generation=99, gaps=[gap]).position is None, "stale"
        read(store, [a_request()], start)
        assert store.gaps() == [gap]
        findings = {f.check: f.detail for f in store.check()}
        assert findings["gap in main.log"] == "a rotated file is missing"
        assert findings["source main.log"] == "files read so far: 1"


def test_a_lost_database_reads_on_where_it_stood(tmp_path: Path) -> None:
    """D12: positions are published too, so a rebuilt store counts no line twice."""
    with a_store(tmp_path) as store:
        position = read(store, [a_request()], state=b'{"offset":10}').position
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path) as store:
        (found,) = store.positions().rows
        assert position is not None
        assert (found.id, found.version, found.source) == (
            position.id,
            position.version,
            position.source,
        )
        assert read(store, [a_request()], position).recorded == 1
        assert store.get_usage_stats().total_requests == 2


@pytest.mark.parametrize(
    ("request_id", "age_ms", "expected"),
    [("a1b2c3d4", 0, True), (None, 0, False), ("a1b2c3d4", 3 * 3_600_000, False)],
)
def test_only_what_another_source_could_add_to_stays_open(
    tmp_path: Path, request_id: str | None, age_ms: int, expected: bool
) -> None:
    """A fresh line with the proxy's request id can be completed; a backlog fills no window."""
    with a_store(tmp_path) as store:
        read(store, [a_request(request_id=request_id, timestamp=NOW_MS - age_ms)])
        name = store.get_request_history().requests[0].id
        assert store.revise(name, {"tokens_in": 7}) is expected
