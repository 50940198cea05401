"""The join window: what can still be recognised or changed, bounded by number and by age."""

import contextlib
import sqlite3
from collections.abc import Iterator

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW_MS, a_line, a_request, requests
from proxypal.records.counters import counters_of
from proxypal.records.joining_rule import mark_of
from proxypal.records.request import RequestLog
from proxypal.store.database import Database
from proxypal.store.joining import (
    KnownIds,
    OpenRequest,
    counted_request,
    hash64,
    hashes_of,
    open_request,
    own_arrival,
    read_batch,
    remember,
    rewrite_batch,
)
from proxypal.store.schema import upgrade
from proxypal.store.values import StoreSettings
from proxypal.store.window_bounds import let_excess_go

BOUND = 10_000


@contextlib.contextmanager
def a_database() -> Iterator[sqlite3.Connection]:
    """Empty tables, in memory."""
    database = Database(None)
    try:
        upgrade(database.connection)
        yield database.connection
    finally:
        database.close()


def opened(arrival: int, request: RequestLog) -> OpenRequest:
    """A request as the window keeps it."""
    return open_request(request, arrival, *hashes_of(request), (490_000, 1))


@given(requests())
def test_what_was_counted_can_be_taken_off_again(request: RequestLog) -> None:
    """The window remembers every number that a request added, so that it can be corrected."""
    key = (
        request.provider,
        request.model,
        request.api_key or "",
        request.account or "",
        request.source or "",
    )
    assert counters_of(counted_request(opened(1, request), key)) == counters_of(request)


def test_the_window_holds_no_names() -> None:
    """Neither an id nor a model nor an account stands in the window, only hashes and numbers."""
    request = a_request(id="secret-id", request_id="secret-request", account="me@example.com")
    with a_database() as connection:
        remember(connection, [opened(1, request)], NOW_MS, 0)
        (body,) = connection.execute("SELECT body FROM join_window").fetchone()
        for word in (b"secret", b"example", b"claude", b"messages"):
            assert word not in body


@given(requests(), requests())
def test_a_repetition_has_the_same_id_and_the_same_content(
    one: RequestLog, other: RequestLog
) -> None:
    """Two requests are recognised as one only if they agree in everything."""
    one = msgspec.structs.replace(one, id="id")
    other = msgspec.structs.replace(other, id="id")
    assert (hashes_of(one) == hashes_of(other)) == (one == other)
    assert hashes_of(msgspec.structs.replace(one, id="")) == (0, 0)


def test_a_hash_is_the_same_tomorrow() -> None:
    """A database written by one version of Python is understood by the next."""
    assert hash64("a1b2c3d4") == 8406134554961792709
    assert hash64("") != hash64("\ud800")


def test_a_known_id_is_found_by_every_process() -> None:
    """A window follows what others recorded since it last looked."""
    with a_database() as connection:
        ours, theirs = KnownIds(), KnownIds()
        first = opened(1, a_request(id="a"))
        remember(connection, [first], NOW_MS, 0)
        ours.follow(connection, 1, BOUND)
        assert ours.repeats(first.id_hash, first.digest)
        second = opened(2, a_request(id="b"))
        remember(connection, [second], NOW_MS, 0)
        assert not ours.repeats(second.id_hash, second.digest)
        for known in (ours, theirs):
            known.follow(connection, 2, BOUND)
            assert known.find(hash64("b")) == (2, second.digest)
            assert known.find(hash64("c")) is None


def test_an_id_used_again_is_known_with_both_contents() -> None:
    """A retry of the first of two requests under one id is still a repetition."""
    with a_database() as connection:
        known = KnownIds()
        first, second = opened(1, a_request(id="a")), opened(2, a_request(id="a", status=500))
        for item in (first, second):
            remember(connection, [item], NOW_MS, 0)
        known.follow(connection, 2, BOUND)
        assert known.repeats(first.id_hash, first.digest)
        assert known.repeats(second.id_hash, second.digest)
        assert not known.repeats(first.id_hash, 12345)
        assert known.find(hash64("a")) == (2, second.digest), "the newest is the one meant"


def test_a_forgotten_window_is_read_anew() -> None:
    """After a failed transaction what it had remembered does not count."""
    with a_database() as connection:
        known = KnownIds()
        known.add([opened(1, a_request(id="rolled back"))], 1)
        known.forget()
        known.follow(connection, 1, BOUND)
        assert known.find(hash64("rolled back")) is None


def test_a_request_that_has_left_the_window_is_met_no_more() -> None:
    """However often it is asked for; one with the same id that comes later is."""
    limits = StoreSettings(join_window_requests=2)
    with a_database() as connection:
        known, hashes = KnownIds(), []
        for arrival, name in enumerate("abbbbc", 1):
            line = a_line(request_id=name * 8)
            one = open_request(line, arrival, *hashes_of(line), (490_000, 1), mark_of(line))
            remember(connection, [one], NOW_MS, 0)
            let_excess_go(connection, 0, limits)
            known.follow(connection, arrival, 10)
            assert one.request_hash is not None
            hashes.append(one.request_hash)
        for _ in range(3):
            assert [known.meeting(hashes[at]) for at in (0, 1, 5)] == [[], [5], [6]]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_memory_follows_the_bound(sizes: list[int]) -> None:
    """However many ids pass, the memory of them stays within twice the window."""
    limits = StoreSettings(join_window_requests=20)
    with a_database() as connection:
        known, sequence = KnownIds(), 0
        for size in sizes:
            known.follow(connection, sequence, limits.join_window_requests)
            batch = [
                opened(sequence + n, a_request(id=f"{sequence + n}")) for n in range(1, size + 1)
            ]
            remember(connection, batch, NOW_MS, 0)
            sequence += size
            known.add(batch, sequence)
            let_excess_go(connection, 0, limits)
        assert len(known._found) <= 2 * (limits.join_window_requests + max(sizes))


def test_a_batch_is_found_by_any_of_its_requests() -> None:
    """Requests committed together are kept together, and each is found in its batch."""
    with a_database() as connection:
        batch = [opened(arrival, a_request(id=f"{arrival}")) for arrival in (11, 12, 14)]
        remember(connection, batch, NOW_MS, 3)
        remember(connection, [], NOW_MS, 3)
        found = read_batch(connection, 12)
        assert found is not None
        assert (found.first, found.epoch) == (11, 3)
        assert found.requests == batch
        assert read_batch(connection, 10) is None
        assert read_batch(connection, 15) is None


def test_a_batch_can_be_rewritten() -> None:
    """What is remembered of one request changes, its neighbours stay as they were."""
    with a_database() as connection:
        remember(connection, [opened(1, a_request()), opened(2, a_request())], NOW_MS, 0)
        found = read_batch(connection, 2)
        assert found is not None
        found.requests[1] = opened(2, a_request(tokens_in=7))
        rewrite_batch(connection, found)
        again = read_batch(connection, 1)
        assert again is not None
        assert [item.tokens_in for item in again.requests] == [500, 7]


def test_the_id_the_store_gave_is_understood() -> None:
    """`req_TIMESTAMP_ARRIVAL` leads back to the request; other ids do not."""
    assert own_arrival("req_1766394932000_17") == 17
    assert own_arrival("req_17") is None
    assert own_arrival("req_1766394932000_17x") is None
    assert own_arrival("7f3a") is None
