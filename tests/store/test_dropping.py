"""Dropping months: totals stay, what was dropped can come back, whatever happened in between."""

from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, a_request, a_store, at
from month_files import placed
from month_runs import DECEMBER, JANUARY, NOVEMBER, Running, some
from proxypal.errors import AlreadyUndone, WrongUsage
from proxypal.records.usage_query import Query

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def running(tmp_path: Path) -> Any:
    found = Running(tmp_path)
    yield found
    found.store.close()


def test_totals_stay_and_everything_comes_back(running: Running) -> None:
    """No total moves; of the month only days are known; undone, each hour and name is back."""
    before, counts = running.shown(), placed(running.store)
    backup = running.drop(DECEMBER)
    assert backup.requests == counts[DECEMBER][0]
    assert running.store.get_aggregate() == before[0]
    assert placed(running.store)[DECEMBER] == (counts[DECEMBER][0], 0, True)
    assert placed(running.store)[JANUARY] == counts[JANUARY]
    answer = running.store.query(Query(by=("model",)))
    assert answer.total.requests == before[0].total_requests
    assert not answer.exact
    assert "the breakdown of the month was dropped" in " ".join(note.text for note in answer.notes)
    assert running.is_sound()
    running.undo(backup.name)
    assert (running.shown(), placed(running.store)) == (before, counts)
    assert running.is_sound()
    with pytest.raises(AlreadyUndone):
        running.store.restore(backup.name)


def test_what_comes_later_stays(running: Running) -> None:
    """Late requests of a dropped month are in its breakdown, before and after the undo."""
    backup = running.drop(DECEMBER, NOVEMBER)
    running.store.record([a_request(timestamp=NOW_MS - 20 * DAY_MS, model="late")] * 2)
    assert placed(running.store)[DECEMBER][1:] == (2, True)
    running.undo(backup.name)
    requests, kept, is_dropped = placed(running.store)[DECEMBER]
    assert (requests, is_dropped) == (kept, False)
    assert running.is_sound()


ACTS = ("import_some", "reprice", "reset")


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    "order", ["a d A D", "a d D A", "d a A D", "d a D A", "a A d D", "d D a A"]
)
@pytest.mark.parametrize("lost", [(), ("proxypal.db",)])
def test_undone_in_any_order_all_is_as_before(
    running: Running, act: str, order: str, lost: tuple[str, ...]
) -> None:
    """An import, a re-price or a reset before or after the drop: each undo takes off its own."""
    before, names = running.shown(), {}
    steps: dict[str, Callable[[], str]] = {
        "a": getattr(running, act),
        "d": lambda: running.drop(DECEMBER).name,
    }
    if act == "reset" and order in {"a d A D", "a d D A"}:
        running.store.record(some())  # else nothing is there to be dropped
        running.later(3 * HOUR_MS)
        before = running.shown()
    refused = act == "reset" and order == "d a D A"
    for step in order.split():
        if act == "reset" and step == "d" and order.startswith("a d"):
            running.store.record(some(7))
            running.later(3 * HOUR_MS)
        if step in steps:
            names[step] = steps[step]()
        elif refused and step == "D":
            with pytest.raises(WrongUsage, match="Undo the reset first"):
                running.undo(names["d"])
        else:
            running.undo(names[step.lower()])
        running.reopen(*lost)
        assert running.is_sound(), step
    if refused:
        running.undo(names["d"])
    if act == "reset" and order.startswith("a d"):
        assert all(r == p for r, p, _ in placed(running.store).values())
    else:
        assert running.shown() == before


@pytest.mark.parametrize("order", [*permutations(("first", "second", "imported", "between"))])
def test_a_month_dropped_twice_comes_back_in_any_order(
    running: Running, order: tuple[str, ...]
) -> None:
    """Two drops of a month and the imports that went with them are undone in whatever order."""
    before = running.shown()
    imported = running.import_some()
    first = running.drop(DECEMBER).name
    between = running.import_some()
    second = running.drop(DECEMBER).name
    names = {"first": first, "second": second, "imported": imported, "between": between}
    for step in order:
        running.undo(names[step])
        assert running.is_sound(), step
        undone = order[: order.index(step) + 1]
        assert placed(running.store)[DECEMBER][2] == (not {"first", "second"} <= {*undone})
    assert running.shown() == before


def test_an_import_put_aside_by_a_reset_is_not_in_what_is_dropped(running: Running) -> None:
    """Undone while its numbers are put aside, or after they came back, it takes off its own."""
    for is_first in (True, False):
        before = running.shown()
        imported, reset = running.import_some(), running.reset()
        running.store.record(some(7))
        running.later(3 * HOUR_MS)
        dropped = running.drop(DECEMBER)
        if is_first:
            running.undo(imported)
            running.undo(dropped.name)
            assert running.is_sound()
            running.undo(reset)
        else:
            running.undo(reset)
            running.undo(imported)
            assert running.is_sound()
            running.undo(dropped.name)
        assert running.is_sound()
        assert running.store.get_usage_stats().total_requests == before[0].total_requests + 7


def test_requests_of_a_dropped_month_are_settled(running: Running) -> None:
    """What could be revised only because nobody had tidied up yet is revised no more."""
    running.store.record([a_request(id="old", timestamp=NOW_MS - 30 * DAY_MS)])
    running.later(2 * HOUR_MS + 1)
    running.drop(DECEMBER)
    total = running.store.get_usage_stats().total_tokens
    for lost in ((), ("proxypal.db",)):
        running.reopen(*lost)
        running.store.revise("old", {"tokens_in": 7, "duration_ms": 9})
        assert running.is_sound()
        assert running.store.get_usage_stats().total_tokens == total


def test_a_dropped_month_stays_dropped_when_the_database_is_lost(running: Running) -> None:
    """Rows of history do not bring parts of it back, and the undo brings each request once."""
    before = running.shown()
    backup = running.drop(DECEMBER)
    dropped = placed(running.store)
    running.reopen("proxypal.db")
    assert placed(running.store) == dropped
    running.undo(backup.name)
    assert running.shown() == before
    assert running.is_sound()


def test_what_came_after_a_drop_is_lost_with_two_files_and_said_to_be(running: Running) -> None:
    """Then an import of that time is taken off the totals, and off nothing that is not there."""
    before = running.store.get_usage_stats().total_requests
    running.drop(DECEMBER)
    imported = running.import_some()
    running.reopen("proxypal.db", f"breakdown/{DECEMBER}.json")
    (lost,) = [warning for warning in running.store.warnings if DECEMBER in warning]
    assert "after its breakdown was dropped" in lost
    running.undo(imported)
    assert running.store.get_usage_stats().total_requests == before
    assert running.store.query(Query(by=("month",))).total.requests == before
    assert running.is_sound()


def test_what_can_still_change_is_not_dropped(running: Running) -> None:
    """This month, and one that requests came of just now, are refused; nothing is dropped."""
    running.store.record([a_request(timestamp=NOW_MS - 60 * DAY_MS)])
    for month in (JANUARY, NOVEMBER):
        with pytest.raises(WrongUsage, match="within the last 2 hours and can still change"):
            running.drop(DECEMBER, month)
    for month, reason in (
        ("2025-1", "write it as 2026-01"),
        ("2025-13", "write it as 2026-01"),
        ("2024-05", "There is no breakdown of 2024-05"),
    ):
        with pytest.raises(WrongUsage, match=reason):
            running.drop(DECEMBER, month)
    with pytest.raises(WrongUsage, match="No month was named"):
        running.drop()
    assert placed(running.store)[DECEMBER][1] > 0
    assert [backup.kind for backup in running.store.list_backups()] == []


def test_old_months_go_by_the_setting(running: Running) -> None:
    """Keep one month before this one: older ones are dropped, once, with a backup."""
    running.store.configure(breakdown_months=1)
    assert [is_dropped for _, _, is_dropped in placed(running.store).values()] == [
        True,
        False,
        False,
    ]
    (backup,) = running.store.list_backups()
    assert (backup.kind, backup.note) == ("breakdown", "months 2025-11, older than 1 months")
    running.clock.now_ms = at("2026-02-03T10:00")
    running.reopen()
    running.store.record([a_request(timestamp=running.clock.now_ms)])
    running.store.close()
    running.store = a_store(running.directory, clock=running.clock)
    assert [is_dropped for _, _, is_dropped in placed(running.store).values()] == [
        True,
        True,
        False,
        False,
    ]
    assert running.is_sound()


@pytest.mark.parametrize("step_ms", [-1000, 0, 1])
def test_a_clock_that_goes_back_or_stands_still_changes_nothing(
    tmp_path: Path, step_ms: int
) -> None:
    """What was in a month when it was dropped is known by name: times may be equal or reversed."""
    running = Running(tmp_path)
    before = running.import_some()
    running.store.restore(before)
    running.later(step_ms)
    first = running.store.drop_breakdown([DECEMBER]).name
    running.later(step_ms)
    after = running.import_some()
    running.later(step_ms)
    running.store.restore(after)
    running.later(step_ms)
    running.store.restore(first)
    assert [found for found in running.store.check() if not found.ok] == []
    assert all(month.placed == month.requests for month in running.store.breakdown_months())
    running.store.close()


def test_a_month_dropped_twice_in_one_millisecond_comes_back(running: Running) -> None:
    """Two drops are two, also for a clock that stands still: each takes back its own."""
    before = running.shown()
    first = running.store.drop_breakdown([DECEMBER]).name
    moment = running.clock.now_ms
    imported = running.import_some()
    running.clock.now_ms = moment
    second = running.store.drop_breakdown([DECEMBER]).name
    for name in (imported, first, second):
        running.store.restore(name)
    assert running.shown() == before
    assert running.is_sound()
