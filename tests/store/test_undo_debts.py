"""What was undone while a reset or a drop held its numbers is taken off when that is undone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import DAY_MS
from month_runs import DECEMBER, Running, some
from proxypal.errors import BackupNotFound, WrongUsage


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    found = Running(tmp_path)
    yield found
    found.store.close()


@pytest.mark.parametrize("act", ["import_some", "reprice"])
@pytest.mark.parametrize(
    "order", ["a d A F D", "a d r A F R D", "a d r A F D R", "a d A r F R D", "a d r A R F D"]
)
def test_forgetting_the_rows_of_what_was_undone_forgets_no_number(
    running: Running, act: str, order: str
) -> None:
    """`clear --forget` (F) amid an act, a drop and a reset and their undoing: nothing is lost."""
    before = running.shown()
    acts = {"a": getattr(running, act), "d": lambda: running.drop(DECEMBER).name}
    acts["r"] = running.reset
    done: dict[str, str] = {}
    for step in order.split():
        running.later()
        if step == "F":
            running.store.clear_request_history(forget=True)
        elif step in acts:
            done[step] = acts[step]()
        elif step == "D" and "R" not in order[: order.index("D")] and "r" in done:
            with pytest.raises(WrongUsage, match="reset"):
                running.undo(done["d"])
        else:
            running.undo(done[step.lower()])
        assert running.is_sound(), step
    if order.endswith("D R"):
        running.undo(done["d"])
    assert running.shown() == before


def test_two_undone_imports_are_each_taken_off_once(running: Running) -> None:
    """Both put aside by a reset and in a dropped month, and their rows forgotten."""
    before = running.shown()
    imported = [running.import_some(), running.import_some()]
    dropped, reset = running.drop(DECEMBER).name, running.reset()
    for name in imported:
        running.undo(name)
    running.store.clear_request_history(forget=True)
    for name in (reset, dropped):
        running.undo(name)
        assert running.is_sound(), name
    assert running.shown() == before


def test_what_was_not_undone_is_forgotten_whatever_was_dropped(running: Running) -> None:
    """Nothing owes it: its rows are gone, its numbers stay and come back with the month."""
    imported = running.import_some()
    before = running.shown()
    dropped = running.drop(DECEMBER).name
    for _ in range(2):
        running.store.clear_request_history(forget=True)
    assert [backup.name for backup in running.store.list_backups()] == [dropped]
    with pytest.raises(BackupNotFound):
        running.undo(imported)
    running.undo(dropped)
    assert running.shown() == before


def test_a_clear_after_a_forgotten_repricing_can_be_undone(running: Running) -> None:
    """What was undone and forgotten is in nobody's way."""
    repriced, reset = running.reprice(), running.reset()
    running.undo(repriced)
    running.store.clear_request_history(forget=True)
    running.store.record(some(3))
    cleared = running.store.clear_request_history()
    assert cleared is not None
    running.undo(cleared.name)
    assert len(running.store.get_request_history().requests) == 3
    running.undo(reset)
    assert running.is_sound()


def test_a_drop_can_be_undone_however_old_what_went_with_it_is(running: Running) -> None:
    """The backup of an undone import stays as long as a drop needs it, and no longer."""
    before = running.shown()
    imported = running.import_some()
    running.later(40 * DAY_MS)
    dropped = running.drop(DECEMBER).name
    running.undo(imported)
    for _ in range(11):
        running.undo(running.import_some())
    assert imported in [backup.name for backup in running.store.list_backups()]
    running.undo(dropped)
    assert running.is_sound()
    assert running.shown() == before
    running.undo(running.import_some())
    assert imported not in [backup.name for backup in running.store.list_backups()]
