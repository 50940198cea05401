"""Ids of 32 bits meet by chance: two requests of one id are two, two keys alike hide nothing."""

import itertools
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from builders import NOW_MS, a_line, a_store, an_attempt
from collector_files import START_MS, Call, counted, import_all, usage_export
from proxypal.records.attempt import Tokens
from proxypal.records.natural_key import attempt_key, key_day
from proxypal.store import Store
from telling import Log, books, is_sound, told

ORDERS = list(itertools.permutations(("line 0", "line 1", "attempt 0", "attempt 1")))
ONE_ID = "a1b2c3d4"


def tell_in(order: Sequence[str], store: Store, apart_ms: int) -> None:
    """Log and queue tell of two requests of one id that end so far apart."""
    log = Log(store)
    for fact in order:
        kind, _, place = fact.partition(" ")
        number = int(place)
        ended_ms = NOW_MS - 3_600_000 + number * apart_ms
        if kind == "line":
            log.says(a_line(ended_ms, request_id=ONE_ID, duration_ms=1_500))
        else:
            attempt = an_attempt(
                number + 1,
                ended_ms - 1_200,
                request_id=ONE_ID,
                tokens=Tokens(uncached_input=10**number, visible_output=1),
            )
            told(store, attempt)


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_two_requests_of_one_id(order: Sequence[str], tmp_path: Path) -> None:
    """Whoever tells of them in whatever order, each gets its own line and its own tokens."""
    with a_store(tmp_path) as store:
        tell_in(order, store, apart_ms=40 * 60_000)
        assert books(store) == (2, 2, 11, 2)
        rows = store.get_request_history().requests
        assert [(row.tokens_in, row.source) for row in rows] == [
            (1, "log+queue"),
            (10, "log+queue"),
        ]
        assert is_sound(store)


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_two_requests_of_one_id_in_a_row(order: Sequence[str], tmp_path: Path) -> None:
    """Even a minute apart no request and no token is lost or doubled."""
    with a_store(tmp_path) as store:
        tell_in(order, store, apart_ms=60_000)
        assert books(store) == (2, 2, 11, 2)
        assert is_sound(store)


@cache
def two_of_one_key() -> tuple[Call, Call]:
    """Two calls of one day that start at different times and have the same natural key."""
    seen: dict[int, int] = {}
    for at_ms in range(0, 3_600_000 * 8, 37):
        for model in ("gpt-5", "gpt-5-mini"):
            key = attempt_key(START_MS + at_ms, model)
            if key in seen:
                first = Call(at_ms=seen[key] // 2, model=("gpt-5", "gpt-5-mini")[seen[key] % 2])
                return first, Call(at_ms=at_ms, model=model)
            seen[key] = at_ms * 2 + (model != "gpt-5")
    raise AssertionError("none collide")


def test_two_attempts_of_one_key_are_both_imported(tmp_path: Path) -> None:
    """A file with two attempts whose keys collide counts both, and adds nothing a second time."""
    first, second = two_of_one_key()
    assert first != second
    assert key_day(START_MS + first.at_ms) == key_day(START_MS + second.at_ms)
    path = usage_export(tmp_path / "export.json", [first, second])
    again = usage_export(tmp_path / "again.json", [second, first])
    with a_store(tmp_path / "data") as store:
        import_all(store, path)
        assert counted(store)["requests"] == 2
        import_all(store, again)
        assert counted(store)["requests"] == 2
        assert is_sound(store)
