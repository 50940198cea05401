"""How much the join window holds, and what it says of itself when it does not hold all."""

import sqlite3
from pathlib import Path

import pytest

from builders import HOUR_MS, NOW_MS, SetClock, a_line, a_request, a_store, an_attempt
from proxypal.store.joining import hashes_of, oldest_arrival, open_request, remember
from proxypal.store.schema import upgrade
from proxypal.store.values import StoreSettings
from proxypal.store.window_bounds import is_cut, let_excess_go, let_old_go, note_cut
from telling import Log, books, told

WINDOW_MS = StoreSettings().join_window_ms
TEN = StoreSettings(join_window_requests=10)


@pytest.fixture
def connection() -> sqlite3.Connection:
    """Empty tables, in memory."""
    made = sqlite3.connect(":memory:")
    upgrade(made)
    return made


def came(connection: sqlite3.Connection, first: int, size: int, arrived_at: int = NOW_MS) -> None:
    """A batch of so many requests arrived."""
    batch = []
    for arrival in range(first, first + size):
        request = a_request(id=f"id-{arrival}")
        batch.append(open_request(request, arrival, *hashes_of(request), (490_000, 1)))
    remember(connection, batch, arrived_at, 0)


def left(connection: sqlite3.Connection) -> list[int]:
    """Numbers of the first requests of the batches that are left."""
    rows = connection.execute("SELECT first FROM join_window ORDER BY first")
    return [first for (first,) in rows]


def test_it_is_bounded_by_number(connection: sqlite3.Connection) -> None:
    """At most the set number of requests stay, the newest ones, with room for those to come."""
    for arrival in range(1, 31):
        came(connection, arrival, 1)
    let_excess_go(connection, 0, TEN)
    assert left(connection) == list(range(21, 31))
    let_excess_go(connection, 3, TEN)
    assert left(connection) == list(range(24, 31))


def test_a_batch_goes_when_all_of_it_is_beyond(connection: sqlite3.Connection) -> None:
    """What came together goes together, and never too early."""
    came(connection, 1, 4)
    came(connection, 5, 4)
    came(connection, 9, 5)
    let_excess_go(connection, 0, TEN)
    assert left(connection) == [1, 5, 9]
    let_excess_go(connection, 1, TEN)
    assert left(connection) == [5, 9]


def test_numbers_that_were_skipped_take_no_room(connection: sqlite3.Connection) -> None:
    """Only requests count that are in it."""
    for arrival in range(1, 11):
        came(connection, arrival * 5_000, 1)
    let_excess_go(connection, 0, TEN)
    assert len(left(connection)) == 10


def test_it_is_bounded_by_age(connection: sqlite3.Connection) -> None:
    """Two hours after it arrived a request can be neither changed nor recognised."""
    for arrival in range(1, 11):
        came(connection, arrival, 1, NOW_MS + arrival * 60_000)
    let_old_go(connection, NOW_MS + 5 * 60_000 + WINDOW_MS, StoreSettings())
    assert oldest_arrival(connection) == 5
    let_old_go(connection, NOW_MS + 60 * 60_000 + WINDOW_MS, StoreSettings())
    assert oldest_arrival(connection) == 0


def test_it_is_cut_until_age_would_have_cut_it(connection: sqlite3.Connection) -> None:
    """Only dropping by number cuts it, until the newest that was dropped would be too old."""
    came(connection, 1, 1, NOW_MS)
    came(connection, 2, 1, NOW_MS + 7)
    came(connection, 3, 10, NOW_MS + 9)
    let_old_go(connection, NOW_MS + WINDOW_MS, StoreSettings())
    assert not is_cut(connection, NOW_MS)
    let_excess_go(connection, 0, TEN)
    assert is_cut(connection, NOW_MS + 7 + WINDOW_MS)
    assert not is_cut(connection, NOW_MS + 8 + WINDOW_MS)
    note_cut(connection, NOW_MS)
    assert is_cut(connection, NOW_MS + 7 + WINDOW_MS), "what was known of it stays"


def test_a_backlog_does_not_push_the_present_out(tmp_path: Path) -> None:
    """Long logs are read at first start while the queue is followed: their lines take no room."""
    size = StoreSettings().join_window_requests
    with a_store(tmp_path) as store:
        told(store, an_attempt(1, request_id="00000001"))
        old = [a_line(NOW_MS - 9 * HOUR_MS - n, request_id=None) for n in range(size + 1_000)]
        backlog = Log(store, "main-old.log")
        for start in range(0, len(old), 1_000):
            backlog.says(*old[start : start + 1_000])
        told(store, an_attempt(2, request_id="00000002"))
        names = ["00000001", "00000002"]
        assert Log(store).says(*(a_line(request_id=name) for name in names)).joined == 2
        assert books(store)[0] == len(old) + 2


def test_a_line_that_comes_when_its_request_has_just_left(tmp_path: Path) -> None:
    """A long one: told of at its first attempt, its line ended minutes later and is read late."""
    clock = SetClock(NOW_MS)
    line = a_line(NOW_MS + 600_000, request_id="00000001", duration_ms=660_000)
    with a_store(tmp_path, clock=clock) as store:
        told(store, an_attempt(request_id="00000001"))
        clock.now_ms = NOW_MS + WINDOW_MS + 60_000
        store.record([a_request(id="", duration_ms=n) for n in range(100)])
        assert Log(store).says(line).recorded == 0
        assert books(store)[0] == 101
