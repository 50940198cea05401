"""The machine's clock is set a year ahead, and a year back: nothing is lost, doubled or stuck."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from builders import DAY_MS, NOW_MS, SetClock, a_line, a_request, a_store, an_attempt
from fake_proxy import FakeProxy
from law import audit_files, read_json
from law_breakdown import audit_months
from proxypal.errors import AlreadyUndone
from queue_runs import QueueWatching, open_queue_store
from telling import Log, books, is_sound, told
from watch_runs import until

YEAR_MS = 365 * DAY_MS
JUMPS = (
    pytest.param((YEAR_MS, -YEAR_MS), id="ahead and back"),
    pytest.param((-YEAR_MS, YEAR_MS), id="back and right again"),
    pytest.param((YEAR_MS, -2 * YEAR_MS, YEAR_MS), id="ahead, far back, right again"),
)
Jumps = Sequence[int]


@pytest.mark.parametrize("jumps", JUMPS)
def test_what_is_recorded_meanwhile_counts_once(jumps: Jumps, tmp_path: Path) -> None:
    """Pushed or read from a log, dated by whatever clock, every request is in the totals once."""
    clock = SetClock()
    counted = 0
    with a_store(tmp_path, clock=clock) as store:
        log = Log(store)
        for number, jump_ms in enumerate((0, *jumps)):
            clock.now_ms += jump_ms
            pushed = a_request(id=f"pushed-{number}", timestamp=0)
            assert store.record([pushed]).recorded == 1
            assert store.record([pushed]).duplicates == [0]
            log.says(a_line(clock.now_ms - 500, request_id=f"{number:08x}"))
            counted += 2
            assert store.get_usage_stats().total_requests == counted
            assert store.get_usage_stats().history_count == counted
        assert is_sound(store)
        assert store.warnings == []
    aggregate, history = audit_files(tmp_path)
    audit_months(tmp_path, aggregate)
    assert aggregate["totalRequests"] == len(history["requests"]) == counted
    with a_store(tmp_path) as store:
        assert store.warnings == []
        assert is_sound(store)


def test_the_files_follow_whatever_the_clock_says(tmp_path: Path) -> None:
    """The two files are published soon after each request, by a clock that cannot be set."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        for number, jump_ms in enumerate((YEAR_MS, -2 * YEAR_MS), 1):
            clock.now_ms += jump_ms
            store.record([a_request(timestamp=0)])
            until(lambda: read_json(tmp_path / "aggregate.json")["totalRequests"] == number)  # noqa: B023 - waited for at once


@pytest.mark.parametrize("jumps", JUMPS)
def test_undoing_across_a_jump(jumps: Jumps, tmp_path: Path) -> None:
    """What was put aside before or during a jump can be brought back after it, once."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        names = []
        for number, jump_ms in enumerate((0, *jumps)):
            clock.now_ms += jump_ms
            store.record([a_request(id=f"{number}", timestamp=0)])
            names.append(store.reset_aggregate_stats().name)
            cleared = store.clear_request_history()
            assert cleared is not None
            names.append(cleared.name)
        assert store.get_usage_stats().total_requests == 0
        assert {backup.name for backup in store.list_backups()} == set(names)
        for name in names:
            store.restore(name)
            with pytest.raises(AlreadyUndone):
                store.restore(name)
        stats = store.get_usage_stats()
        assert stats.total_requests == stats.history_count == len(jumps) + 1
        assert is_sound(store)


def test_a_clock_ahead_takes_no_recent_backup(tmp_path: Path) -> None:
    """The last ten are kept whatever the clock says; they can be undone when it is right again."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        for number in range(12):
            store.record([a_request(id=f"{number}")])
            store.reset_aggregate_stats()
            clock.now_ms += 60_000
        clock.now_ms += YEAR_MS
        store.record([a_request(id="ahead")])
        store.reset_aggregate_stats()
        kept = store.list_backups()
        assert len(kept) == 10
        clock.now_ms -= YEAR_MS
        for backup in kept:
            store.restore(backup.name)
        assert store.get_usage_stats().total_requests == 10


@pytest.mark.parametrize("jump_ms", [YEAR_MS, -YEAR_MS])
def test_a_lease_of_a_wrong_clock_binds_nobody(jump_ms: int, tmp_path: Path) -> None:
    """Who became the reader by a wrong clock is not the reader for a year."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as one, a_store(tmp_path, clock=clock) as other:
        clock.now_ms += jump_ms
        assert one.acquire_lease("main.log", 15_000)
        assert not other.acquire_lease("main.log", 15_000)
        clock.now_ms -= jump_ms
        assert other.acquire_lease("main.log", 15_000)
        assert not one.acquire_lease("main.log", 15_000)


@pytest.mark.parametrize("jumps", JUMPS)
def test_a_request_told_across_a_jump(jumps: Jumps, tmp_path: Path) -> None:
    """A line before the jump and its usage record after it are one request."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        Log(store).says(a_line())
        for jump_ms in jumps:
            clock.now_ms += jump_ms
            store.record([a_request(id=f"{clock.now_ms}", timestamp=0)])
        outcome = told(store, an_attempt(started_ms=NOW_MS - 2_000))
        assert (outcome.joined, outcome.recorded) == (1, 0)
        assert books(store)[0] == len(jumps) + 1


@pytest.mark.parametrize("jumps", JUMPS)
def test_watching_goes_on(jumps: Jumps, tmp_path: Path) -> None:
    """Log and queue are read on while proxy and watcher see the clock jump; each counts once."""
    with (
        FakeProxy(tmp_path / "proxy") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
        QueueWatching(store, fake, fake.log.main) as watching,
    ):
        watching.until_connected()
        for jump_ms in (0, *jumps):
            fake.clock.advance(jump_ms / 1000)
            fake.request("claude-sonnet-4-5")
            fake.retried("gpt-5")
            until(lambda: not fake.truth.expected().differences(store.get_usage_stats()))
        assert store.warnings == []
        assert is_sound(store)
