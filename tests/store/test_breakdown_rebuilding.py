"""A lost database: its cells, sketches and keys are back, and what is not is not claimed."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import (
    DAY_MS,
    HOUR_MS,
    NOW_MS,
    SetClock,
    a_line,
    a_request,
    a_store,
    an_attempt,
    facts_of,
    json_file,
)
from month_files import month_files, months_in
from proxypal.store import Store
from proxypal.store.values import QueueBatch, SourceBatch, Span

JANUARY, DECEMBER, NOVEMBER = "2026-01", "2025-12", "2025-11"
MONTHS = (NOVEMBER, DECEMBER, JANUARY)


def some(count: int, **changes: Any) -> list[Any]:
    """Requests of three months, several models and keys."""
    return [
        a_request(
            timestamp=NOW_MS - n * (11 * DAY_MS + HOUR_MS) % (60 * DAY_MS),
            model=f"m{n % 5}",
            api_key=f"sk-{n % 3}",
            ttft_ms=n,
            **changes,
        )
        for n in range(count)
    ]


def recent(count: int, **changes: Any) -> list[Any]:
    """Requests of the last hours: those that history keeps."""
    return [
        msgspec.structs.replace(request, timestamp=NOW_MS + n)
        for n, request in enumerate(some(count, **changes))
    ]


def lose(directory: Path, *names: str) -> None:
    """The database, and what else is named."""
    for name in ("proxypal.db", *names):
        (directory / name).unlink()


def asked(store: Store) -> tuple[Any, ...]:
    """What only the breakdown can answer."""
    since = NOW_MS - 30 * DAY_MS
    return (
        store.usage_by("model", since, NOW_MS),
        store.usage_by("provider", since, NOW_MS + DAY_MS),
        [month.placed for month in store.breakdown_months()],
        sorted(store._engine.read(lambda c: (c.state.cells_since, c.state.sketches_since))),
    )


def test_nothing_of_the_breakdown_is_lost(tmp_path: Path) -> None:
    """After a clean close every answer about any range is the same without the database."""
    with a_store(tmp_path) as store:
        store.record(some(700))
        store.record_attempts(QueueBatch(source="queue", attempts=[an_attempt(key=3)]))
        before = asked(store), months_in(store, *MONTHS)
    for _ in range(2):
        lose(tmp_path)
        with a_store(tmp_path) as store:
            assert (asked(store), months_in(store, *MONTHS)) == before
            assert len(store.warnings) == 1
            assert [finding for finding in store.check() if not finding.ok] == []


def killed(directory: Path, image: Path, *batches: list[Any]) -> tuple[Any, ...]:
    """A store killed after the pair was published; the months are those after the first batch."""
    with a_store(directory) as store:
        store.record(batches[0])
        store._engine.breakdown.now()
        for batch in batches[1:]:
            store.record(batch)
        store.publish()
        shutil.copytree(directory, image)
        return asked(store)


def test_what_came_after_the_file_is_taken_from_the_history(tmp_path: Path) -> None:
    """Requests of the last minute are in their cells again as long as they are in history."""
    directory, image = tmp_path / "data", tmp_path / "image"
    before = killed(directory, image, some(900), recent(300, status=500), recent(100))
    lose(image)
    with a_store(image) as store:
        assert asked(store) == before
        assert [finding for finding in store.check() if not finding.ok] == []
    assert sum(found.requests for found in month_files(image).values()) == 1300


def test_what_is_lost_is_said_and_counts_as_unknown(tmp_path: Path) -> None:
    """More than history holds in a minute: totals are right, and what has no cell is said."""
    directory, image = tmp_path / "data", tmp_path / "image"
    killed(directory, image, some(100), recent(450), recent(400))
    lose(image)
    with a_store(image) as store:
        said = [warning for warning in store.warnings if "not known any more" in warning]
        missing = sum(month.requests - month.placed for month in store.breakdown_months())
        assert missing == 350
        assert [warning.split()[1:5] for warning in said] == [["350", "requests", "of", JANUARY]]
        total = store.usage_by("model", 0, NOW_MS + DAY_MS)
        assert sum(row.sums.requests for row in total) == 950
        assert {row.label: row.sums.requests for row in total}["unknown"] == 350
        assert [finding for finding in store.check() if not finding.ok] == []
        store.record([a_request(model="later")] * 2)
        assert store.breakdown_months()[-1].placed >= 2
    with a_store(image) as store:
        assert store.warnings == []


@pytest.mark.parametrize("month", MONTHS)
def test_a_lost_month_beside_a_lost_database(tmp_path: Path, month: str) -> None:
    """Without one of the months all totals are there, the others are whole, and it is said."""
    with a_store(tmp_path, history_limit=20) as store:
        store.record(some(600))
        before = store.get_aggregate(), {m.month: m for m in store.breakdown_months()}
        lost = before[1][month].placed
    lose(tmp_path, f"breakdown/{month}.json")
    with a_store(tmp_path) as store:
        assert store.get_aggregate() == before[0]
        after = {m.month: m for m in store.breakdown_months()}
        known = after.pop(month).placed
        assert 0 <= known < lost
        assert all(found.placed == before[1][name].placed for name, found in after.items())
        assert f"Of {lost - known} requests of {month}" in store.warnings[-1]
        assert [finding for finding in store.check() if not finding.ok] == []


def test_the_months_make_up_for_the_aggregate(tmp_path: Path) -> None:
    """With the database and `aggregate.json` lost, every request that has an hour is counted."""
    with a_store(tmp_path, history_limit=5) as store:
        store.record(some(300))
        store.record(some(2, status=429))
        before = store.get_aggregate()
    lose(tmp_path, "aggregate.json")
    with a_store(tmp_path) as store:
        after = store.get_aggregate()
        for name in ("total_requests", "model_stats", "provider_stats", "requests_by_day"):
            assert getattr(after, name) == getattr(before, name), name
        assert "aggregate.json is gone too" in store.warnings[0]
        assert [finding for finding in store.check() if not finding.ok] == []
        # What a log says of that time was counted: how far it was read is lost.
        batch = SourceBatch(
            source="log",
            start=None,
            generation=store.positions().generation,
            state=b"{}",
            requests=[a_line(NOW_MS - DAY_MS), a_line(NOW_MS + 1)],
        )
        assert store.record_batch(batch).older == 1


def test_months_from_before_a_reset_are_not_counted_again(tmp_path: Path) -> None:
    """D39: a crash between a reset and its files leaves old months; they stay out."""
    with a_store(tmp_path) as store:
        store.record(some(40))
    months = tmp_path / "months"
    shutil.copytree(tmp_path / "breakdown", months)
    with a_store(tmp_path) as store:
        store.reset_aggregate_stats()
        store.record([a_request(model="after")])
    shutil.rmtree(tmp_path / "breakdown")
    shutil.copytree(months, tmp_path / "breakdown")
    lose(tmp_path)
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 1
        assert [(m.month, m.placed) for m in store.breakdown_months()] == [(JANUARY, 1)]
        assert "from before a reset" in store.warnings[-1]


def test_an_older_month_does_not_pass_for_the_newest(tmp_path: Path) -> None:
    """A month put back from an old copy is used for what it holds; the rest is unknown."""
    with a_store(tmp_path, history_limit=3) as store:
        store.record([a_request(model="old")] * 5)
    old = (tmp_path / "breakdown" / "2026-01.json").read_bytes()
    with a_store(tmp_path) as store:
        store.record([a_request(model="new")] * 9)
        before = store.get_aggregate()
    (tmp_path / "breakdown" / "2026-01.json").write_bytes(old)
    lose(tmp_path)
    with a_store(tmp_path) as store:
        assert store.get_aggregate() == before
        known = {r.label: r.sums.requests for r in store.usage_by("model", 0, NOW_MS + DAY_MS)}
        assert known == {"old": 5, "new": 3, "unknown": 6}


def an_import(store: Store) -> None:
    """An old file with rows of two months."""
    rows = [a_request(timestamp=NOW_MS - n * DAY_MS, model="gpt-4", id=f"i{n}") for n in range(12)]
    assert store.import_facts(facts_of(rows), fingerprint="f") is not None


def test_an_import_comes_back_and_is_undone_to_the_last_cell(tmp_path: Path) -> None:
    """What an import added is in the months too: undone after the loss nothing is left of it."""
    with a_store(tmp_path) as store:
        store.record(some(30))
        before = months_in(store, *MONTHS), store.get_aggregate()
        an_import(store)
    lose(tmp_path)
    with a_store(tmp_path) as store:
        (backup,) = store.list_backups()
        store.restore(backup.name)
        assert store.get_aggregate() == before[1]
        assert [finding for finding in store.check() if not finding.ok] == []
        assert [(m.requests, m.placed) for m in store.breakdown_months()] == [
            (m.requests, m.requests) for m in store.breakdown_months()
        ]


def told(*keys: int) -> QueueBatch:
    """Usage records of a queue that was read for five hours, one a second."""
    began_ms = NOW_MS - 3 * HOUR_MS
    return QueueBatch(
        source="queue",
        attempts=[
            an_attempt(key=key, started_ms=began_ms + key * 1000, request_id=f"{key:08x}")
            for key in keys
        ],
        covered=Span(NOW_MS - 5 * HOUR_MS, NOW_MS),
    )


def test_files_that_overlap_are_recognised_after_the_loss(tmp_path: Path) -> None:
    """The natural keys of what was captured live outlast the database."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        store.record_attempts(told(1, 2, 3))
        day = (NOW_MS - 3 * HOUR_MS) // DAY_MS
        before = [store.recognition().known_keys(kind, day) for kind in ("attempt", "request")]
        assert [sum(found.values()) for found in before] == [3, 3]
    lose(tmp_path)
    with a_store(tmp_path, clock=clock) as store:
        after = [store.recognition().known_keys(kind, day) for kind in ("attempt", "request")]
        assert after == before


def test_what_the_queue_told_is_not_taken_for_an_import_without_need(tmp_path: Path) -> None:
    """With all keys there, a log line that nobody told of counts after the loss as before."""
    for harm, seen in ((False, 0), (True, 1)):
        directory = tmp_path / str(harm)
        clock = SetClock()
        with a_store(directory, clock=clock) as store:
            store.record_attempts(told(1))
        lose(directory, *(["breakdown/2026-01.json"] if harm else []))
        with a_store(directory, clock=clock) as store:
            line = a_line(NOW_MS - 4 * HOUR_MS, request_id="deadbeef")
            outcome = store.record_batch(
                SourceBatch(
                    source="log",
                    start=None,
                    generation=store.positions().generation,
                    state=b"{}",
                    requests=[line],
                )
            )
            assert (outcome.seen, outcome.recorded) == (seen, 1 - seen)


@pytest.mark.parametrize("lost", [[], ["aggregate.json"], ["history.json"]])
def test_read_only_the_months_are_read_too(tmp_path: Path, lost: list[str]) -> None:
    """A store that cannot be written answers from the files, months included, and leaves them."""
    with a_store(tmp_path) as store:
        store.record(some(50))
        before = store.usage_by("model", NOW_MS - 30 * DAY_MS, NOW_MS)
    lose(tmp_path, *lost)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with a_store(tmp_path, read_only=True) as store:
        assert store.usage_by("model", NOW_MS - 30 * DAY_MS, NOW_MS) == before
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_all_months_lost_with_the_database(tmp_path: Path) -> None:
    """Without the folder totals are there, and history gives hour and names of its requests."""
    with a_store(tmp_path) as store:
        store.record(some(700))
        before = store.get_aggregate()
    tree = json_file(tmp_path / "aggregate.json")
    assert set(tree["published"]["breakdown"]) == set(MONTHS)
    shutil.rmtree(tmp_path / "breakdown")
    lose(tmp_path)
    with a_store(tmp_path) as store:
        assert store.get_aggregate() == before
        assert sum(m.placed for m in store.breakdown_months()) == 500
        assert f"Of 200 requests of {NOVEMBER} it is not known any more" in store.warnings[-1]
