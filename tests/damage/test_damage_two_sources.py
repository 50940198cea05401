"""Log and queue after files were lost: what was told before still joins, and counts once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from builders import DAY_MS, SetClock, a_store
from harming import DATABASE, HARMS, Harm
from law import NOW_MS, Found, expected_books, name_of, open_store, reopen
from proxypal.store import Store
from proxypal.store.values import Span
from telling import Log, books, told
from two_sources import FROM_MS, all_told, attempts, lines

Copied = Callable[[Path], Path]

HALF = 29
"""Attempts told before the loss; of the last request only the first of two."""

KINDS = [harm for harm in HARMS if harm.name in {"deleted", "zeroed", "random bytes"}]


def halfway(directory: Path) -> Log:
    """The queue told of twenty requests, the log of eight others too, then all was closed."""
    with open_store(directory) as store:
        log = Log(store)
        told(store, *attempts(0, HALF))
        log.says(*lines(0, 8))
        log.says(*lines(20, 8))
    return log


def lose_database(directory: Path, harm: Harm) -> None:
    for name in ("-wal", "-shm"):
        (directory / f"{DATABASE}{name}").unlink(missing_ok=True)
    harm.act(directory / DATABASE, directory)


def the_rest(store: Store, log: Log, requests: int) -> None:
    """Both go on until everything was told."""
    log.goes_to(store)
    log.says(*lines(8, 12))
    told(store, *attempts(HALF, requests * 3 // 2 - HALF))
    log.says(*lines(28, requests - 28))


def everything_once(found: Found, requests: int) -> None:
    """The totals and rows of these requests, each told by both."""
    truth = all_told(requests)
    assert found.books == expected_books(truth)
    own = sorted((one for one in truth if one.attempts), key=lambda item: item.timestamp)
    assert found.ids == [name_of(item) for item in own]


@pytest.mark.parametrize("harm", KINDS, ids=str)
def test_the_database_is_lost_between_queue_and_log(tmp_path: Path, harm: Harm) -> None:
    """Rebuilt from the JSON files, a store joins late lines, late records and retries."""
    directory = tmp_path / "data"
    log = halfway(directory)
    lose_database(directory, harm)
    with open_store(directory) as store:
        assert "It was rebuilt" in store.warnings[0]
        the_rest(store, log, 40)
        (queue,) = store.queues()
        assert (queue.records, queue.repeated) == (60, 0)
    everything_once(reopen(directory), 40)


@pytest.mark.parametrize("lost", ["history.json", "aggregate.json"])
def test_a_json_file_is_lost_between_queue_and_log(tmp_path: Path, lost: str) -> None:
    """With the database nothing is lost: not even a record that is told twice counts twice."""
    directory = tmp_path / "data"
    log = halfway(directory)
    (directory / lost).unlink()
    with open_store(directory) as store:
        assert told(store, *attempts(0, HALF)).repeated == HALF
        the_rest(store, log, 40)
    everything_once(reopen(directory), 40)


@pytest.mark.parametrize("harm", KINDS, ids=str)
def test_the_database_is_damaged_under_an_open_store(tmp_path: Path, harm: Harm) -> None:
    """A store that goes on where its file was harmed joins as if nothing had happened."""
    directory = tmp_path / "data"
    log = halfway(directory)
    with open_store(directory) as store:
        assert books(store)[0] == 28
        harm.act(directory / DATABASE, directory)
        the_rest(store, log, 40)
    everything_once(reopen(directory), 40)


def test_the_last_second_is_lost_with_the_database(tmp_path: Path) -> None:
    """What only the queue had told since the files were written is lost; the log counts it."""
    directory, image = tmp_path / "data", tmp_path / "image"
    log = halfway(directory)
    with open_store(directory) as store:
        told(store, *attempts(HALF, 31))
        Log(store, "later.log").says(*lines(28, 12))
        shutil.copytree(directory, image)
    lose_database(image, KINDS[0])
    with open_store(image) as store:
        log.goes_to(store)
        log.says(*lines(8, 12))
        Log(store, "later.log").says(*lines(28, 12))
        assert books(store)[0] == 40
        known = {one.request_id: one.source for one in store.get_request_history().requests}
        assert known["0000000c"] == "log+queue"
        assert known["00000020"] == "log"
    assert reopen(image).books["totalRequests"] == 40


def test_a_log_is_added_long_after_the_database_was_lost(tmp_path: Path) -> None:
    """The ids that were told are lost with it; for a time the queue covered it is believed."""
    directory = tmp_path / "data"
    clock = SetClock(NOW_MS)
    with a_store(directory, clock=clock, history_limit=5) as store:
        told(store, *attempts(0, 60), covered=Span(FROM_MS - 5_000, NOW_MS))
    for _ in range(2):
        lose_database(directory, KINDS[0])
        with a_store(directory, clock=clock) as store:
            told(store, covered=Span(NOW_MS, NOW_MS))
    clock.now_ms += 3 * DAY_MS
    with a_store(directory, clock=clock) as store:
        refused = msgspec.structs.replace(lines(40, 1)[0], status=401)
        outcome = Log(store).says(*lines(0, 40), refused)
        assert (outcome.recorded, outcome.seen) == (1, 40)
        assert books(store)[0] == 41
