"""For which spans a source told everything: spans that touch are one, others stay apart."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.store import schema
from proxypal.store.covering import TOUCHING_MS, add_span, extend_span, forget_source, is_covered
from proxypal.store.values import Span

DAY_MS = 86_400_000


def a_database() -> sqlite3.Connection:
    """An empty one, of the newest version."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.upgrade(connection)
    return connection


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(a_database()) as opened:
        yield opened


def spans_of(connection: sqlite3.Connection, source: str = "log a") -> list[tuple[int, int]]:
    """All of a source, in order."""
    rows = connection.execute(
        "SELECT from_ms, until_ms FROM covered WHERE source = ? ORDER BY from_ms", (source,)
    )
    return [(first, last) for first, last in rows]


steps = st.integers(0, 60).map(lambda step: step * TOUCHING_MS * 2)


@given(st.lists(st.tuples(steps, steps).map(sorted), max_size=12), steps)
def test_a_moment_is_covered_if_any_span_held_it(spans: list[list[int]], moment_ms: int) -> None:
    """Merging loses no moment and invents none; what is stored lies apart."""
    with closing(a_database()) as connection:
        for first, last in spans:
            add_span(connection, "log a", Span(first, last))
        held = any(first <= moment_ms <= last for first, last in spans)
        assert is_covered(connection, "log ", moment_ms, moment_ms) == held
        stored = spans_of(connection)
        assert all(one[1] + TOUCHING_MS < other[0] for one, other in pairwise(stored))


def test_spans_that_nearly_touch_are_one(connection: sqlite3.Connection) -> None:
    """Within a second nothing can have been missed."""
    add_span(connection, "queue q", Span(0, 5_000))
    add_span(connection, "queue q", Span(6_000, 9_000))
    add_span(connection, "queue q", Span(10_001, 11_000))
    assert spans_of(connection, "queue q") == [(0, 9_000), (10_001, 11_000)]


def test_a_log_that_is_read_on_covers_its_pauses(connection: sqlite3.Connection) -> None:
    """Where nothing was logged nothing happened, as long as it is the same log, or the same day."""
    extend_span(connection, "log a", Span(0, 10), is_continued=False)
    extend_span(connection, "log a", Span(9 * DAY_MS, 9 * DAY_MS + 10), is_continued=True)
    extend_span(connection, "log a", Span(20 * DAY_MS, 20 * DAY_MS), is_continued=False)
    assert spans_of(connection) == [(0, 9 * DAY_MS + 10), (20 * DAY_MS, 20 * DAY_MS)]


def test_a_span_is_covered_by_one_source_as_a_whole(connection: sqlite3.Connection) -> None:
    """Two halves of two sources are no whole; the kind of source is asked for."""
    add_span(connection, "log a", Span(0, 50_000))
    add_span(connection, "log b", Span(50_000, 90_000))
    assert is_covered(connection, "log ", 0, 50_000)
    assert not is_covered(connection, "log ", 0, 60_000)
    assert not is_covered(connection, "queue ", 0, 0)
    forget_source(connection, "log a")
    assert not is_covered(connection, "log ", 0, 0)
    assert is_covered(connection, "log ", 50_000, 50_000)
