"""What an import adds beside its sums, and an undo takes off: cells, keys and its span."""

import sqlite3
from array import array
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, a_request, a_store, facts_of
from proxypal import Store
from proxypal.records.counters import counters_of
from proxypal.records.imported import ImportedFacts
from proxypal.records.natural_key import key_day
from proxypal.records.request import RequestLog


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        yield opened


def facts_with_cells(*requests: RequestLog) -> ImportedFacts:
    """Facts whose every request has its cell, a key and a span."""
    made = facts_of(requests)
    for request in requests:
        names = (request.provider, request.model, "", "", request.source or "")
        cell = (request.timestamp // HOUR_MS, names)
        if cell in made.cells:
            made.cells[cell].add(counters_of(request))
        else:
            made.cells[cell] = counters_of(request)
    made.keys = {("attempt", key_day(NOW_MS)): array("I", [1, 2, 2])}
    made.span_ms = (NOW_MS - HOUR_MS, NOW_MS)
    return made


OLD = [a_request(timestamp=NOW_MS - day * DAY_MS, model="o3") for day in (0, 0, 1, 9)]


def by_model(store: Store) -> dict[str, int]:
    """Of the last ten days."""
    rows = store.usage_by("model", NOW_MS - 10 * DAY_MS, NOW_MS + HOUR_MS)
    return {row.label: row.sums.requests for row in rows}


def test_cells_answer_for_imported_requests(store: Store) -> None:
    """A span knows their model; undone it is as before, in sealed days too."""
    store.record([a_request()])
    backup = store.import_facts(facts_with_cells(*OLD), fingerprint="f")
    assert backup is not None
    assert by_model(store) == {"claude-sonnet-4-5": 1, "o3": 4}
    store.restore(backup.name)
    assert by_model(store) == {"claude-sonnet-4-5": 1}
    assert [one for one in store.check() if not one.ok] == []


@pytest.mark.parametrize("first", ["import", "reset"])
def test_cells_come_and_go_with_a_reset(store: Store, first: str) -> None:
    """Import and reset undone in either order: every cell is what it was."""
    store.record([a_request()])
    backup = store.import_facts(facts_with_cells(*OLD), fingerprint="f")
    assert backup is not None
    reset = store.reset_aggregate_stats()
    assert by_model(store) == {}
    for name in (backup.name, reset.name) if first == "import" else (reset.name, backup.name):
        store.restore(name)
    assert by_model(store) == {"claude-sonnet-4-5": 1}


def test_keys_and_span_go_with_an_undo(store: Store, tmp_path: Path) -> None:
    """What recognised the file's rows is forgotten, so that they may come again."""
    backup = store.import_facts(facts_with_cells(*OLD), fingerprint="f")
    assert backup is not None
    asked = store.recognition()
    assert dict(asked.known_keys("attempt", key_day(NOW_MS))) == {1: 1, 2: 2}
    assert _spans(tmp_path) == [(f"import {backup.name}", NOW_MS - HOUR_MS, NOW_MS)]
    store.restore(backup.name)
    assert not asked.known_keys("attempt", key_day(NOW_MS))
    assert _spans(tmp_path) == []


def _spans(directory: Path) -> list[tuple[str, int, int]]:
    with closing(sqlite3.connect(directory / "proxypal.db")) as connection:
        return connection.execute("SELECT * FROM covered").fetchall()


def test_cells_of_hours_to_come_are_left_out(store: Store) -> None:
    """D29: as with sums, an hour that cannot have begun is not kept."""
    store.import_facts(facts_with_cells(a_request(timestamp=NOW_MS + 9 * DAY_MS)), fingerprint="f")
    rows = store.usage_by("hour", NOW_MS, None)
    assert rows == []
