"""Databases are lost again and again: what the published files tell can still be joined."""

from pathlib import Path

import pytest

from builders import NOW_MS, SetClock, a_line, a_request, a_store, an_attempt
from proxypal.store import Store
from proxypal.store.values import StoreSettings
from telling import Log, books, is_sound, told

LOSSES = pytest.mark.parametrize("losses", [1, 2, 3])


def lose(directory: Path, times: int, clock: SetClock) -> None:
    """The database is deleted and the store opened, so often."""
    for _ in range(times):
        (directory / "proxypal.db").unlink()
        with a_store(directory, clock=clock):
            pass


def push(store: Store, requests: int) -> None:
    """So many requests that have nothing to do with what is looked at."""
    store.record([a_request(id="", duration_ms=n, timestamp=NOW_MS) for n in range(requests)])


@LOSSES
def test_a_line_joins_its_request_after_any_losses(tmp_path: Path, losses: int) -> None:
    """Also when others were recorded since: each loss skips numbers, but no request came by."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        told(store, an_attempt(request_id="00000001"))
    lose(tmp_path, losses, clock)
    with a_store(tmp_path, clock=clock) as store:
        push(store, 100)
        assert Log(store).says(a_line(request_id="00000001")).joined == 1
        assert books(store)[0] == 101
        assert is_sound(store)


@LOSSES
def test_a_next_attempt_and_a_repetition_find_their_request(tmp_path: Path, losses: int) -> None:
    """A retry belongs to the request that failed; what is pushed again is a duplicate."""
    clock = SetClock()
    pushed = a_request(id="once", timestamp=NOW_MS)
    with a_store(tmp_path, clock=clock) as store:
        told(store, an_attempt(1, NOW_MS - 5_000, request_id="00000001", failed=True))
        store.record([pushed])
    lose(tmp_path, losses, clock)
    with a_store(tmp_path, clock=clock) as store:
        push(store, 100)
        assert told(store, an_attempt(2, NOW_MS - 2_000, request_id="00000001")).joined == 1
        store.record([pushed])
        assert books(store)[0] == 102
        assert is_sound(store)


@LOSSES
def test_the_window_is_bounded_again_when_it_is_full(tmp_path: Path, losses: int) -> None:
    """What was restored goes when as many came as the window holds, and no later."""
    clock = SetClock()
    size = StoreSettings().join_window_requests
    with a_store(tmp_path, clock=clock) as store:
        told(store, an_attempt(request_id="00000001"), an_attempt(2, request_id="00000002"))
    lose(tmp_path, losses, clock)
    with a_store(tmp_path, clock=clock) as store:
        log = Log(store)
        push(store, size - 100)
        assert log.says(a_line(request_id="00000001")).joined == 1
        push(store, 1_000)
        assert log.says(a_line(request_id="00000002")).seen == 1
        assert books(store)[0] == size + 902


@LOSSES
def test_a_request_without_a_row_is_known_by_its_id(tmp_path: Path, losses: int) -> None:
    """The history had no room for it any more, so it is not in the window: still no new one."""
    clock = SetClock()
    names = [f"{n:08x}" for n in range(1, 31)]
    with a_store(tmp_path, clock=clock, history_limit=10) as store:
        for n, name in enumerate(names, 1):
            told(store, an_attempt(n, NOW_MS - 1_000 - n, request_id=name))
    lose(tmp_path, losses, clock)
    with a_store(tmp_path, clock=clock) as store:
        outcome = Log(store).says(*(a_line(request_id=name) for name in names))
        assert (outcome.recorded, outcome.joined, outcome.seen) == (0, 10, 20)
        assert books(store)[0] == 30
