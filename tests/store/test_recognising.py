"""What a store knows of a file's rows: by id and time, in history and in the join window."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from builders import NOW_MS, a_request, a_store
from proxypal import RequestLog, Store
from proxypal.store.values import SourceBatch


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path, history_limit=3) as opened:
        yield opened


def test_rows_are_known_by_id_and_time(store: Store) -> None:
    """Also those that history has let go, and those that the store gave an id."""
    pushed = [a_request(id=f"r-{number}", timestamp=NOW_MS - number) for number in range(6)]
    store.record([*pushed, a_request(timestamp=NOW_MS - 60_000)])
    nameless = RequestLog(id=f"req_{NOW_MS - 60_000}_7", timestamp=NOW_MS - 60_000, status=200)
    asked = store.recognition()
    assert asked.has_rows([*pushed, nameless]) == [True] * 7
    other_time = [msgspec.structs.replace(row, timestamp=row.timestamp - 99) for row in pushed]
    other_id = [msgspec.structs.replace(row, id="s" + row.id) for row in pushed]
    assert asked.has_rows([*other_time, *other_id]) == [False] * 12


def test_what_comes_later_is_known_too(store: Store) -> None:
    """Each answer is of the moment it is given."""
    asked = store.recognition()
    row = a_request(id="r-1")
    assert asked.has_rows([row]) == [False]
    before = asked.sequence()
    store.record([row])
    assert asked.has_rows([row]) == [True]
    assert asked.sequence() > before


def test_logs_cover_what_lies_between_their_lines(store: Store) -> None:
    """From the first line to the last, and what their whole seconds leave open."""
    lines = [a_request(timestamp=NOW_MS - age) for age in (600_000, 60_000)]
    generation = store.positions().generation
    store.record_batch(
        SourceBatch(source="l", start=None, generation=generation, state=b"", requests=lines)
    )
    assert store.recognition().log_spans() == ((NOW_MS - 602_000, NOW_MS - 58_000),)


def test_a_day_with_anything_of_its_own_takes_no_total(store: Store) -> None:
    """A day is free as long as nothing was counted on it."""
    asked = store.recognition()
    assert asked.is_free("2026-01-09")
    store.record([a_request()])
    assert not asked.is_free("2026-01-09")
    assert asked.is_free("2026-01-08")
    assert asked.day_totals() == {}
