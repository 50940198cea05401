"""`doctor` counts the breakdown again: whatever part of it is off is found, and where."""

from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, a_store
from proxypal.store import Store, rollups
from proxypal.store.state import Change

CHECKS = ("rollups", "hour cells", "durations")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Ten days, the older ones sealed, each with rollups."""
    monkeypatch.setattr(rollups, "_SIZE_FROM", 2)
    monkeypatch.setattr(rollups, "_WORTH_IT", 1)
    opened = a_store(tmp_path, clock=SetClock(NOW_MS + DAY_MS))
    for day in range(9, -1, -1):
        opened.record(
            a_request(
                timestamp=NOW_MS - day * DAY_MS - number * HOUR_MS,
                model=f"m{number % 2}",
                ttft_ms=number if number % 3 else None,
            )
            for number in range(5 + day)
        )
    return opened


def found(store: Store) -> dict[str, str]:
    """What the breakdown's findings say, those that are fine left out."""
    findings = {one.check: one for one in store.check()}
    assert set(CHECKS) <= set(findings)
    return {name: findings[name].detail for name in CHECKS if not findings[name].ok}


def harm(store: Store, *statements: str) -> None:
    """Change the database by hand."""

    def act(change: Change) -> None:
        for statement in statements:
            change.connection.execute(statement)

    store._engine.write(act)


def test_a_sound_store_is_said_to_be(store: Store) -> None:
    """Each check says what it counted."""
    with store:
        assert found(store) == {}
        details = {one.check: one.detail for one in store.check()}
        assert details["hour cells"] == "95 of 95 requests have an hour, model and key"


SEALED_DAY = "(SELECT min(day) FROM sealed_cells)"
OTHER_DAYS_ROLLUP = (
    "UPDATE rollups SET body = (SELECT body FROM rollups AS other WHERE other.kind = 'key' "
    "ORDER BY day DESC LIMIT 1) WHERE kind = 'key' AND day = (SELECT min(day) FROM rollups)"
)


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE cells SET requests = requests + 1 WHERE hour = (SELECT max(hour) FROM cells)", 1),
        ("UPDATE cells SET tokens_in = 0 WHERE hour = (SELECT max(hour) FROM cells)", 1),
        ("DELETE FROM cells WHERE hour = (SELECT max(hour) FROM cells)", 1),
        (f"DELETE FROM sealed_cells WHERE day = {SEALED_DAY}", 1),
        ("INSERT INTO day_cells (day, series, requests) VALUES (20454, 0, 1)", 1),
        ("DELETE FROM open_durations WHERE rowid = 1", 2),
        ("INSERT INTO open_durations VALUES (20454, 'claude', 'm0', 5, NULL)", 2),
        ("UPDATE open_durations SET ttft_ms = NULL", 2),
        (OTHER_DAYS_ROLLUP, 0),
    ],
)
def test_what_is_off_is_found(store: Store, statement: str, check: int) -> None:
    """A cell, a day's total, a duration or a rollup that does not fit is named with its day."""
    with store:
        harm(store, statement)
        details = found(store)
    assert CHECKS[check] in details
    for detail in details.values():
        assert detail.startswith("off in 202")


def test_many_days_are_counted_not_listed(store: Store) -> None:
    """A store that is off everywhere is told in a line."""
    with store:
        harm(store, "DELETE FROM sealed_cells", "DELETE FROM rollups")
        detail = found(store)["hour cells"]
        assert detail.startswith("off in 2025-12-30, ")
        assert detail.endswith(" more")


def test_what_was_dropped_is_not_off(store: Store) -> None:
    """A dropped month has fewer cells than requests, and that is as it should be."""
    with store:
        store._engine.clock.now_ms += 3 * HOUR_MS  # type: ignore[attr-defined]  # it is a SetClock
        store.drop_breakdown(["2025-12"])
        assert found(store) == {}
