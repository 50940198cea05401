"""A lost database: what a queue told of before is known when it is told again."""

import sqlite3
from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_store, an_attempt
from proxypal.records.attempt import Attempt
from proxypal.store import Store
from proxypal.store.day_keys import add_keys
from proxypal.store.schema import upgrade
from proxypal.store.told_before import ToldBefore, remember_told
from proxypal.store.values import QueueBatch, QueueOutcome


def tell(store: Store, *attempts: Attempt) -> QueueOutcome:
    """The queue hands out attempts."""
    return store.record_attempts(QueueBatch(source="queue", attempts=attempts))


def test_a_record_told_again_counts_once(tmp_path: Path) -> None:
    """Also in one batch with itself, and after a second loss."""
    clock = SetClock()
    one, other = (an_attempt(key=n, request_id=None, started_ms=NOW_MS - n) for n in (1, 2))
    with a_store(tmp_path, clock=clock) as store:
        tell(store, one)
    for already in (0, 1):
        (tmp_path / "proxypal.db").unlink()
        with a_store(tmp_path, clock=clock) as store:
            outcome = tell(store, one, one, other)
            assert (outcome.repeated, outcome.recorded) == (2 + already, 1 - already)
            assert tell(store, one).repeated == 1
            assert store.get_usage_stats().total_requests == 2
            assert [finding for finding in store.check() if not finding.ok] == []


def test_what_began_after_the_loss_is_new(tmp_path: Path) -> None:
    """Only what can have been told before is asked about, and only for a time."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        tell(store, an_attempt(key=1, request_id=None))
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path, clock=clock) as store:
        twin = an_attempt(key=2, request_id=None)
        assert tell(store, twin).repeated == 1, "another one of the same millisecond and model"
        clock.now_ms += 3 * HOUR_MS
        assert tell(store, an_attempt(key=3, request_id=None)).recorded == 1
        assert store.get_usage_stats().total_requests == 2


@pytest.mark.parametrize("at_once", [True, False])
def test_twins_of_what_was_told_are_no_repetition(tmp_path: Path, at_once: bool) -> None:
    """Another request, its retries begun in the same milliseconds as those of one told before."""
    clock = SetClock()

    def retried(name: str, key: int) -> list[Attempt]:
        return [
            an_attempt(key + n, NOW_MS - 9_000 + n * 1_000, request_id=name, failed=n < 1)
            for n in range(2)
        ]

    with a_store(tmp_path, clock=clock) as store:
        assert tell(store, *retried("aaaaaaaa", 1)).recorded == 1
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path, clock=clock) as store:
        first, second = retried("bbbbbbbb", 5)
        outcomes = [tell(store, first, second)]
        if not at_once:
            third, fourth = retried("cccccccc", 9)
            outcomes = [tell(store, third), tell(store, fourth)]
        assert [sum(getattr(one, name) for one in outcomes)
                for name in ("recorded", "joined", "repeated")] == [1, 1, 0]  # fmt: skip
        assert tell(store, *retried("aaaaaaaa", 1)).repeated == 2


@pytest.fixture
def connection() -> sqlite3.Connection:
    """A database with one key told of twice, and one that an import brought."""
    made = sqlite3.connect(":memory:")
    upgrade(made)
    add_keys(made, "attempt", [(NOW_MS, 7), (NOW_MS, 7), (NOW_MS - 9 * DAY_MS, 8)])
    add_keys(made, "attempt", [(NOW_MS, 9)], "import-1")
    add_keys(made, "request", [(NOW_MS, 5)])
    return made


def test_each_is_taken_as_often_as_it_was_told(connection: sqlite3.Connection) -> None:
    """Two attempts of one millisecond stay two; imports are not asked about here."""
    remember_told(connection, NOW_MS, HOUR_MS, 100)
    told = ToldBefore(connection, NOW_MS)

    def takes(started_ms: int, key: int, request: int | None = None) -> bool:
        return told.takes(started_ms, key, request, is_request=False)

    assert [takes(NOW_MS, 7) for _ in range(3)] == [True, True, False]
    assert not takes(NOW_MS, 9)
    assert not takes(NOW_MS - 9 * DAY_MS, 8), "nobody tells of that again"
    told = ToldBefore(connection, NOW_MS + HOUR_MS)
    assert not takes(NOW_MS + 1, 7)
    assert takes(NOW_MS, 7)


def test_requests_that_begin_together_are_told_apart_by_id(connection: sqlite3.Connection) -> None:
    """Only an attempt of a request that the queue told of is one of them."""
    remember_told(connection, NOW_MS, HOUR_MS, 100)
    told = ToldBefore(connection, NOW_MS)
    assert not told.takes(NOW_MS, 7, 33, is_request=False)
    assert told.takes(NOW_MS, 7, 5, is_request=False)
    assert told.takes(NOW_MS, 7, 33, is_request=True), "known from its row in history"


def test_it_is_forgotten_in_time(connection: sqlite3.Connection) -> None:
    """Nothing stays of it when the window is over."""
    remember_told(connection, NOW_MS, HOUR_MS, 100)
    late = ToldBefore(connection, NOW_MS + HOUR_MS + 1)
    assert not late.takes(NOW_MS, 7, None, is_request=True)
    assert connection.execute("SELECT count(*) FROM caches").fetchone() == (0,)
