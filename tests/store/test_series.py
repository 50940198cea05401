"""Names in the database: each numbered once, and a flood of them grows nothing."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from builders import NOW_MS, a_request, a_store, facts_of
from proxypal.records.request import RequestLog
from proxypal.store import Store
from proxypal.store.database import Database
from proxypal.store.schema import upgrade
from proxypal.store.series import (
    KINDS,
    OTHER,
    SeriesIndex,
    SeriesKey,
    admit_label,
    all_series,
    series_key,
)


@pytest.fixture
def connection() -> sqlite3.Connection:
    """Empty tables, in memory."""
    database = Database(None)
    upgrade(database.connection)
    return database.connection


def key_of(model: str, provider: str = "openai") -> SeriesKey:
    """A series without a key, an account and a source."""
    return (provider, model, "", "", "")


def test_a_series_keeps_its_number(connection: sqlite3.Connection) -> None:
    """The same names are the same series, to this process and to any other."""
    keys = [key_of("gpt-5"), key_of("gpt-5-mini"), key_of("gpt-5", "claude")]
    first = SeriesIndex().admit(connection, keys, cap=10)
    again = SeriesIndex().admit(connection, keys[::-1], cap=10)
    assert first == again
    assert len({number for number, _ in first.values()}) == 3
    for key, (number, capped) in first.items():
        assert capped == key
        assert series_key(connection, number) == key
        assert all_series(connection)[number] == key


def test_beyond_the_cap_a_new_name_is_other(connection: sqlite3.Connection) -> None:
    """The names that came first keep their own numbers, later ones share one called other."""
    index = SeriesIndex()
    names = [f"model-{number}" for number in range(20)]
    admitted = index.admit(connection, [key_of(name) for name in names], cap=5)
    counted = [capped[1] for _, capped in admitted.values()]
    assert counted == names[:5] + [OTHER] * 15
    assert len(set(counted)) == 6
    assert index.admit(connection, [key_of("model-3")], cap=5)[key_of("model-3")][1] == (
        key_of("model-3")
    )


def test_each_kind_of_name_has_its_own_cap(connection: sqlite3.Connection) -> None:
    """A flood of keys leaves the models told apart, and the other way round."""
    keys: list[SeriesKey] = [("p", "m", f"key-{n}", "", "") for n in range(9)]
    SeriesIndex().admit(connection, keys, cap=3)
    late: SeriesKey = ("p", "another-model", "key-0", "", "")
    assert SeriesIndex().admit(connection, [late], cap=3)[late][1] == late


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_and_other_itself_take_no_place(connection: sqlite3.Connection, kind: str) -> None:
    """A request without a key does not use up the room for keys."""
    assert admit_label(connection, kind, "", 0)
    assert admit_label(connection, kind, OTHER, 0)
    assert not admit_label(connection, kind, "name", 0)


def test_a_failed_transaction_is_forgotten(connection: sqlite3.Connection) -> None:
    """A number that was never committed is not used later."""
    index = SeriesIndex()
    connection.execute("BEGIN")
    index.admit(connection, [key_of("lost")], cap=10)
    connection.execute("ROLLBACK")
    index.forget()
    connection.execute("BEGIN")
    number, _ = index.admit(connection, [key_of("kept")], cap=10)[key_of("kept")]
    index.admit(connection, [key_of("lost")], cap=10)
    connection.execute("COMMIT")
    assert series_key(connection, number) == key_of("kept")
    assert set(all_series(connection).labels[1].values()) == {"", OTHER, "kept", "lost"}


def flood(first: int, count: int) -> list[RequestLog]:
    """Requests with names nobody saw before, in every field that can bear one."""
    return [
        a_request(
            provider=f"provider-{number}",
            model=f"model-{number}",
            api_key=f"key-{number}",
            account=f"account-{number}",
            source=f"source-{number}",
        )
        for number in range(first, first + count)
    ]


def rows_of(store: Store) -> dict[str, int]:
    """How many rows each table that names could grow has."""
    connection = store._engine._current().connection
    return {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("sums", "labels", "cells", "requests", "join_window")
    }


def test_a_flood_of_names_cannot_grow_anything(tmp_path: Path) -> None:
    """100,000 names in every field leave a thousand of each kind, and files of a bounded size."""
    with a_store(tmp_path) as store:
        store.record(flood(0, 2_000))
        store.publish()
        rows, size = rows_of(store), (tmp_path / "aggregate.json").stat().st_size
        for first in range(2_000, 100_000, 14_000):
            store.record(flood(first, 14_000))
        grown = rows_of(store)
        assert grown.keys() - {name for name in rows if grown[name] <= rows[name] + 40} == set()
        assert len(store._engine.recording.series._admitted) <= 64_000
        stats = store.get_usage_stats()
        assert stats.total_requests == 100_000
        assert len(stats.models) == len(stats.providers) == 1_001
        assert sum(model.requests for model in stats.models) == 100_000
        other = next(model for model in stats.models if model.model == OTHER)
        assert other.requests == 99_000
        store.publish()
        assert (tmp_path / "aggregate.json").stat().st_size < size + 1_000
        assert [finding for finding in store.check() if not finding.ok] == []


def test_a_flood_in_an_imported_file_is_capped_too(tmp_path: Path) -> None:
    """An old file with thousands of models adds all of its numbers and a thousand names."""
    with a_store(tmp_path) as store:
        facts = facts_of([a_request(model=f"model-{number}") for number in range(1_500)])
        backup = store.import_facts(facts, fingerprint="flood")
        assert backup is not None
        aggregate = store.get_aggregate()
        assert len(aggregate.model_stats) == 1_001
        assert aggregate.model_stats[OTHER].requests == 500
        store.restore(backup.name)
        assert store.get_aggregate().model_stats == {}
        assert store.get_usage_stats().total_requests == 0


def test_the_cap_survives_a_lost_database(tmp_path: Path) -> None:
    """After a rebuilding the names known before are known, and no room for more has appeared."""
    with a_store(tmp_path) as store:
        store.record(flood(0, 1_200))
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path) as store:
        store.record(flood(5_000, 50))
        stats = store.get_usage_stats()
        assert len(stats.models) == 1_001
        assert next(m for m in stats.models if m.model == OTHER).requests == 250
        again = [msgspec.structs.replace(r, timestamp=NOW_MS - 1) for r in flood(0, 1)]
        store.record(again)
        known = next(m for m in store.get_usage_stats().models if m.model == "model-0")
        assert known.requests == 2


def test_a_mix_of_known_names_costs_nothing(connection: sqlite3.Connection) -> None:
    """However many mixes of keys, models and accounts there are: only their names take room."""
    index = SeriesIndex()
    keys: list[SeriesKey] = [
        ("openai", f"model-{m}", f"key-{k}", f"account-{a}", "log")
        for m in range(20)
        for k in range(20)
        for a in range(20)
    ]
    admitted = index.admit(connection, keys, 1000)
    assert len({number for number, _ in admitted.values()}) == 8000
    assert connection.execute("SELECT count(*) FROM labels").fetchone() == (62,)
    names = all_series(connection)
    for key, (number, _) in admitted.items():
        assert names[number] == key
        assert names.number_of(key) == number
    assert names.number_of(("openai", "model-20", "", "", "")) is None
