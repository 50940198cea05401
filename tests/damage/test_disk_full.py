"""A real disk runs full: nothing acknowledged is lost, nothing half done, and it is loud."""

import time
from collections.abc import Callable

import pytest

from disks import SmallDisk
from law import check_law, expected_books, open_store, reopen, request, requests
from proxypal.errors import CannotWrite, StorageFull
from proxypal.store import Store
from proxypal.store.holding import HELD_AT_MOST
from proxypal.store.values import SourceBatch
from telling import Log, told
from two_sources import SIGN, all_told, attempts, lines

pytest_plugins = ["damage_fixtures"]


def until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait for a condition that must come true by itself."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def record_until_held(store: Store, first: int) -> int:
    """Record one by one until one is held; how many were durable before."""
    number = first
    while True:
        recorded = store.record([request(number)])
        if recorded.held:
            assert (recorded.recorded, recorded.held, store.held) == (0, 1, 1)
            return number
        assert recorded.recorded == 1
        number += 1


def a_batch(store: Store, first: int, count: int) -> SourceBatch:
    positions = store.positions()
    return SourceBatch(
        source="log",
        start=positions.rows[0] if positions.rows else None,
        generation=positions.generation,
        state=b'{"next":%d}' % (first + count),
        requests=requests(first, count),
    )


def test_pushed_requests_wait_for_the_disk(small_disk: SmallDisk) -> None:
    """On a full disk pushed requests are held, said to be not durable, and written once."""
    with open_store(small_disk.data) as store:
        small_disk.fill()
        durable = record_until_held(store, 0)
        assert store.record(requests(durable + 1, 20)).held == 20
        (warning,) = store.warnings
        assert warning.startswith("Storage full: cannot write")
        assert str(small_disk.data) in warning
        assert "Free some space" in warning
        assert store.get_usage_stats().total_requests == durable
        small_disk.empty()
        assert store.record(requests(durable + 21, 4)).recorded == 4
        assert store.held == 0
        assert "21 requests held in memory are written now." in store.warnings
        assert store.get_usage_stats().total_requests == durable + 25
    check_law(small_disk.data, acknowledged=durable + 25, offered=requests(0, durable + 25))


def test_held_requests_are_written_without_being_asked(small_disk: SmallDisk) -> None:
    """Held requests are written by themselves soon after the disk has space again."""
    with open_store(small_disk.data) as store:
        small_disk.fill()
        durable = record_until_held(store, 0)
        small_disk.empty()
        until(lambda: store.held == 0)
        assert store.get_usage_stats().total_requests == durable + 1
    check_law(small_disk.data, acknowledged=durable + 1, offered=requests(0, durable + 1))


def test_a_source_stops_at_its_position(small_disk: SmallDisk) -> None:
    """On a full disk a batch of a source is refused and its position stays; it is read again."""
    with open_store(small_disk.data) as store:
        store.record_batch(a_batch(store, 0, 10))
        small_disk.fill()
        batch = a_batch(store, 10, 2000)
        with pytest.raises(StorageFull, match="Storage full"):
            store.record_batch(batch)
        assert store.positions().rows == [batch.start]
        assert store.get_usage_stats().total_requests == 10
        assert store.held == 0
        small_disk.empty()
        assert store.record_batch(batch).recorded == 2000
    check_law(small_disk.data, acknowledged=2010, offered=requests(0, 2010))


def test_what_the_queue_handed_out_can_be_offered_again(small_disk: SmallDisk) -> None:
    """On a full disk a batch of the queue is refused whole; the same one later counts once."""
    with open_store(small_disk.data) as store:
        told(store, *attempts(0, 10))
        Log(store).says(*lines(0, 20))
        before = store.get_aggregate()
        small_disk.fill()
        batch = attempts(10, 800)
        for _ in range(2):
            with pytest.raises(StorageFull, match="Storage full"):
                told(store, *batch, unread=[SIGN])
        assert store.get_aggregate() == before
        assert store.held == 0
        small_disk.empty()
        outcome = told(store, *batch, unread=[SIGN])
        assert outcome.recorded + outcome.joined + outcome.extra == 800
        assert told(store, *batch).repeated == 800
        Log(store, "later.log").says(*lines(20, 520))
        (queue,) = store.queues()
        assert (queue.records, queue.unread) == (1_611, 1)
    assert reopen(small_disk.data).books == expected_books(all_told(540))


def test_memory_is_bounded(small_disk: SmallDisk) -> None:
    """At the bound a full disk is an error, and nothing of that batch is kept."""
    with open_store(small_disk.data) as store:
        small_disk.fill()
        durable = record_until_held(store, 0)
        rest = HELD_AT_MOST - store.held
        assert store.record(requests(durable + 1, rest - 5)).held == rest - 5
        with pytest.raises(StorageFull, match=rf"held in memory.*: {HELD_AT_MOST - 5}\."):
            store.record(requests(50_000, 6))
        assert store.held == HELD_AT_MOST - 5
        small_disk.path.joinpath("ballast").unlink()
        # 10,000 requests need more than the 4 MB of this disk.
        small_disk.mount("-o", "remount,size=64m")
        until(lambda: store.held == 0)
        total = durable + HELD_AT_MOST - 5
        assert store.get_usage_stats().total_requests == total
    check_law(small_disk.data, acknowledged=total, offered=requests(0, total))


def test_closing_says_what_it_loses(small_disk: SmallDisk) -> None:
    """A store that is closed while the disk is full says how many requests go with it."""
    store = open_store(small_disk.data)
    small_disk.fill()
    durable = record_until_held(store, 0)
    with pytest.raises(StorageFull, match=r"held in memory.*: 1\."):
        store.close()
    small_disk.empty()
    check_law(small_disk.data, acknowledged=durable, offered=requests(0, durable + 1))


@pytest.mark.parametrize("leaving", [0, 20_000, 60_000, 150_000])
def test_publishing_waits_for_the_disk(leaving: int, small_disk: SmallDisk) -> None:
    """When only the JSON files do not fit any more they stay whole, and follow later."""
    with open_store(small_disk.data) as store:
        store.record(requests(0, 600))
        store.publish()
        small_disk.fill(leaving)
        kept = store.record([request(600)])
        assert kept.recorded + kept.held == 1
        with pytest.raises(StorageFull, match="Storage full"):
            store.publish()
        assert reopen_elsewhere_total(small_disk) in {600, 601}
        small_disk.empty()
        assert store.record([request(601)]).recorded == 1
    assert reopen(small_disk.data).warnings == []
    check_law(small_disk.data, acknowledged=602, offered=requests(0, 602))


def reopen_elsewhere_total(disk: SmallDisk) -> int:
    """What another reader sees of the full disk."""
    with open_store(disk.data, read_only=True) as reader:
        return reader.get_usage_stats().total_requests


def test_opening_on_a_full_disk(small_disk: SmallDisk) -> None:
    """A store can be read when its disk is full, and records again when there is space."""
    with open_store(small_disk.data) as store:
        store.record(requests(0, 600))
    small_disk.fill()
    with open_store(small_disk.data) as store:
        assert store.get_usage_stats().total_requests == 600
        assert len(store.get_request_history().requests) == 500
        recorded = store.record(requests(600, 3000))
        assert (recorded.recorded, recorded.held) == (0, 3000)
        assert any("Storage full" in w or "Cannot write" in w for w in store.warnings)
        small_disk.empty()
        small_disk.mount("-o", "remount,size=64m")
        until(lambda: store.held == 0)
        assert store.get_usage_stats().total_requests == 3600
    check_law(small_disk.data, acknowledged=3600, offered=requests(0, 3600))


def test_a_fresh_store_on_a_full_disk(small_disk: SmallDisk) -> None:
    """Where nothing can even be created, opening says so, and leaves nothing half made."""
    small_disk.fill()
    with pytest.raises((StorageFull, CannotWrite), match=str(small_disk.data)):
        open_store(small_disk.data)
    small_disk.empty()
    with open_store(small_disk.data) as store:
        assert store.warnings == []
        store.record(requests(0, 3))
    check_law(small_disk.data, acknowledged=3, offered=requests(0, 3))


@pytest.mark.parametrize("action", ["clear", "reset"])
def test_an_action_on_a_full_disk(action: str, small_disk: SmallDisk) -> None:
    """Clear and Reset put aside first: without space for that they change nothing."""
    with open_store(small_disk.data) as store:
        store.record(requests(0, 600))
        before = store.get_usage_stats()
        store.publish()
        small_disk.fill(4096)
        act = store.clear_request_history if action == "clear" else store.reset_aggregate_stats
        with pytest.raises(StorageFull, match="Storage full"):
            act()
        assert store.get_usage_stats() == before
        assert store.list_backups() == []
        small_disk.empty()
        act()
        assert len(store.list_backups()) == 1
