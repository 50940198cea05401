"""The cells of a query: read once, from the smallest tables, and never out of date."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, a_store
from proxypal.records.local_range import LocalRange
from proxypal.records.name_filters import parse_condition
from proxypal.records.usage_query import Query
from proxypal.store import Store, usage_cells
from proxypal.store.cell_tables import Table
from proxypal.store.rollups import read_table

DAYS = 6
A_DAY = 600


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many rows were decoded of each kind of table."""
    found: Counter[str] = Counter()

    def counted(connection: sqlite3.Connection, kind: str, day: int, part: int) -> Table:
        table = read_table(connection, kind, day, part)
        found[kind] += table.size
        return table

    monkeypatch.setattr(usage_cells, "read_table", counted)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Days of many keys and few models, all but the last sealed."""
    with a_store(tmp_path, clock=SetClock(NOW_MS + DAY_MS)) as opened:
        for day in range(DAYS, -1, -1):
            opened.record(
                a_request(
                    timestamp=NOW_MS - day * DAY_MS - number % 10 * HOUR_MS,
                    model=f"m{number % 3}",
                    api_key=f"k{number % 60}",
                    account=f"a{number % 13}",
                )
                for number in range(A_DAY)
            )
        yield opened


def counts(store: Store, **asked: object) -> dict[tuple[str, ...], int]:
    """Requests by group."""
    answer = store.query(Query(**asked))  # type: ignore[arg-type]  # parts of a query
    return {tuple(row.labels): row.requests or 0 for row in answer.rows}


def test_a_question_by_model_reads_few_rows(store: Store, read: Counter[str]) -> None:
    """By model, or by day alone, hardly anything is read of days with hundreds of cells."""
    assert counts(store, by=("model",)) == {(f"m{n}",): A_DAY // 3 * (DAYS + 1) for n in range(3)}
    assert set(counts(store, by=("day",)).values()) == {A_DAY}
    assert read[""] == 0, "no cells, only their rollups"
    assert read.total() <= 2 * DAYS * 3 * 60


def test_asked_again_nothing_is_read(store: Store, read: Counter[str]) -> None:
    """The second time costs only what is new."""
    first = counts(store, by=("key", "hour"))
    assert read.total() > 0
    read.clear()
    assert counts(store, by=("key", "hour")) == first
    assert read.total() == 0


def test_what_is_remembered_is_never_out_of_date(store: Store) -> None:
    """Late requests, another condition, another end, a reset and its undo: each is seen at once."""
    opus = (parse_condition("model=m1", {}),)
    asked = {"where": opus, "by": ("day",)}
    before = counts(store, **asked)
    store.record([a_request(timestamp=NOW_MS - 5 * DAY_MS, model="m1")] * 3)
    assert sum(counts(store, **asked).values()) == sum(before.values()) + 3
    assert sum(counts(store, by=("day",)).values()) == A_DAY * (DAYS + 1) + 3
    until = LocalRange(until_hour=(NOW_MS - 5 * DAY_MS) // HOUR_MS)
    assert sum(counts(store, **asked, range=until).values()) < sum(before.values())
    backup = store.reset_aggregate_stats()
    assert sum(counts(store, **asked).values()) == 0
    store.restore(backup.name)
    assert sum(counts(store, **asked).values()) == sum(before.values()) + 3


def test_a_condition_nothing_meets_finds_nothing(store: Store) -> None:
    """A name that was never seen is an answer of zeros, no error."""
    for text in ("model=never", "key=k1*,zzz", "account!=*"):
        answer = store.query(Query(where=(parse_condition(text, {}),), by=("model",)))
        assert answer.total.requests == sum(row.requests or 0 for row in answer.rows)
    assert counts(store, where=(parse_condition("model=never", {}),), by=("model",)) == {}
