"""What the queue said lies beside its request: whole, in order, bounded, and gone with it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.store import schema
from proxypal.store.payloads import (
    UNREAD_KEPT,
    forget_payloads,
    keep_payloads,
    keep_unread,
    let_payloads_go,
    read_payloads,
)


def a_database() -> sqlite3.Connection:
    """An empty one, of the newest version."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.upgrade(connection)
    return connection


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(a_database()) as opened:
        yield opened


def unread_in(connection: sqlite3.Connection) -> list[bytes]:
    """Payloads nobody understood, oldest first."""
    rows = connection.execute("SELECT body FROM unread_payloads ORDER BY id")
    return [bytes(body) for (body,) in rows]


one_line = st.binary(min_size=1, max_size=30).filter(lambda body: b"\n" not in body)


@given(st.lists(st.tuples(st.integers(1, 4), one_line), max_size=20))
def test_payloads_come_back_as_they_were(told: list[tuple[int, bytes]]) -> None:
    """Each request's own, in the order they were told, in whatever batches, byte for byte."""
    with closing(a_database()) as connection:
        keep_payloads(connection, told[:7])
        keep_payloads(connection, told[7:])
        for arrival in range(1, 5):
            assert read_payloads(connection, arrival) == [b for a, b in told if a == arrival]


def test_a_payload_that_was_not_kept_is_none(connection: sqlite3.Connection) -> None:
    """Of a record that came without its JSON nothing is made up."""
    keep_payloads(connection, [(1, b"")])
    assert read_payloads(connection, 1) == []


def test_one_request_cannot_grow_without_bound(connection: sqlite3.Connection) -> None:
    """A storm of retries is kept up to a bound; what came first stays."""
    for number in range(1000):
        keep_payloads(connection, [(1, b"%04d" % number + bytes(1000))])
    kept = read_payloads(connection, 1)
    assert 60 < len(kept) < 70
    assert kept[0][:4] == b"0000"


def test_payloads_go_with_their_requests(connection: sqlite3.Connection) -> None:
    """Only of requests in history they are kept."""
    connection.execute("INSERT INTO requests VALUES (5, 2, x'')")
    keep_payloads(connection, [(1, b"{}"), (2, b"{}")])
    let_payloads_go(connection)
    assert [read_payloads(connection, arrival) for arrival in (1, 2)] == [[], [b"{}"]]


@pytest.mark.parametrize("sizes", [[UNREAD_KEPT + 5], [900, 100, 5], [1] * (UNREAD_KEPT + 5)])
def test_the_newest_that_nobody_understood_are_kept(
    connection: sqlite3.Connection, sizes: list[int]
) -> None:
    """However they came, the last thousand wait for a version that understands them."""
    first = 0
    for size in sizes:
        keep_unread(connection, "q", [b"%d" % n for n in range(first, first + size)], 7)
        first += size
    assert unread_in(connection) == [b"%d" % n for n in range(5, UNREAD_KEPT + 5)]


def test_forgetting_leaves_none(connection: sqlite3.Connection) -> None:
    """Neither what was understood nor what was not."""
    keep_payloads(connection, [(1, b"{}")])
    keep_unread(connection, "q", [b"{}"], 7)
    forget_payloads(connection)
    assert read_payloads(connection, 1) == unread_in(connection) == []
