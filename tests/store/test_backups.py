"""The `backups/` folder: what was put aside is whole, private, listed, and kept long enough."""

import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from builders import DAY_MS, NOW_MS, SetClock, a_request, a_store
from proxypal.errors import BackupNotFound
from proxypal.store import backups
from proxypal.store.values import Backup


def a_backup(name: str, created_at: int = NOW_MS) -> Backup:
    """A manifest."""
    return Backup(name=name, kind="clear", created_at=created_at, requests=0, rows=1)


def put(directory: Path, name: str, created_at: int = NOW_MS) -> None:
    """Put a backup of one row aside."""

    def fill(delta: sqlite3.Connection) -> None:
        delta.execute("INSERT INTO requests VALUES (1, 2, x'7b7d')")

    backups.put_aside(directory, a_backup(name, created_at), fill, {"history.json": b"{}"})


def test_what_was_put_aside_is_read_back(tmp_path: Path) -> None:
    """A backup holds its description, what was taken off, and the original files."""
    put(tmp_path, "one")
    assert backups.read_manifest(tmp_path, "one") == a_backup("one")
    with backups.opened_delta(tmp_path, "one") as delta:
        assert delta.execute("SELECT * FROM requests").fetchall() == [(1, 2, b"{}")]
    assert (tmp_path / "backups" / "one" / "history.json").read_bytes() == b"{}"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_backups_are_private(tmp_path: Path) -> None:
    """Nobody else on the machine can read what was put aside."""
    put(tmp_path, "one")
    for path in [tmp_path / "backups", *(tmp_path / "backups").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """A backup that could not be finished does not exist, not even in part."""

    def fill(delta: sqlite3.Connection) -> None:
        delta.execute("INSERT INTO requests VALUES (1, 2, x'7b7d')")
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        backups.put_aside(tmp_path, a_backup("half"), fill)
    assert list((tmp_path / "backups").iterdir()) == []
    assert backups.list_manifests(tmp_path) == []


@pytest.mark.parametrize("name", ["nothing", "", ".", "..", "../backups", "/etc", "a/b", "one\0"])
def test_only_names_of_backups_are_read(tmp_path: Path, name: str) -> None:
    """A name that leads out of the folder finds no backup."""
    put(tmp_path, "one")
    with pytest.raises(BackupNotFound, match="proxypal restore"):
        backups.read_manifest(tmp_path, name)


def test_a_damaged_description_is_no_backup(tmp_path: Path) -> None:
    """A backup whose description cannot be read is left out of the list, and nothing fails."""
    put(tmp_path, "good")
    for name, text in (("bad", b"{"), ("empty", b""), ("shape", b'{"name": 1}')):
        put(tmp_path, name)
        (tmp_path / "backups" / name / "backup.json").write_bytes(text)
    (tmp_path / "backups" / "stray.txt").write_text("not ours")
    assert [found.name for found in backups.list_manifests(tmp_path)] == ["good"]


def test_a_backup_without_its_numbers_is_not_found(tmp_path: Path) -> None:
    """Undoing needs what was put aside; a description alone is not enough."""
    put(tmp_path, "one")
    (tmp_path / "backups" / "one" / "delta.db").unlink()
    with pytest.raises(BackupNotFound), backups.opened_delta(tmp_path, "one"):
        pass


def test_names_do_not_collide(tmp_path: Path) -> None:
    """Two resets in the same millisecond are two backups."""
    assert backups.free_name(tmp_path, "n") == "n"
    put(tmp_path, "n")
    assert backups.free_name(tmp_path, "n") == "n-2"
    put(tmp_path, "n-2")
    assert backups.free_name(tmp_path, "n") == "n-3"


def test_the_list_is_newest_first(tmp_path: Path) -> None:
    """The last action stands on top."""
    for number in (2, 1, 3):
        put(tmp_path, f"b{number}", NOW_MS + number)
    assert [found.name for found in backups.list_manifests(tmp_path)] == ["b3", "b2", "b1"]


@pytest.mark.parametrize(
    ("ages_days", "outdated"),
    [
        ([0] * 25, 0),
        ([29] * 25, 0),
        ([31] * 10, 0),
        ([31] * 13, 3),
        ([0] * 10 + [31, 40], 2),
        ([0] * 9 + [31, 40], 1),
        ([0] * 4 + [29] * 10 + [31] * 3, 3),
    ],
)
def test_the_last_ten_and_the_last_thirty_days_are_kept(
    ages_days: list[int], outdated: int
) -> None:
    """A backup goes when ten newer ones exist and it is older than thirty days, not before."""
    manifests = [a_backup(f"b{n}", NOW_MS - age * DAY_MS) for n, age in enumerate(ages_days)]
    found = backups.outdated(manifests, NOW_MS)
    assert found == manifests[len(manifests) - outdated :]


def test_old_backups_go_with_the_next_action(tmp_path: Path) -> None:
    """The folder does not grow for ever, and what went can no longer be restored."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        for _ in range(12):
            store.record([a_request()])
            store.clear_request_history()
        assert len(store.list_backups()) == 12, "all younger than thirty days"
        first = store.list_backups()[-1].name
        clock.now_ms += 31 * DAY_MS
        store.record([a_request()])
        last = store.clear_request_history()
        assert last is not None
        names = [backup.name for backup in store.list_backups()]
        assert len(names) == 10
        assert names[0] == last.name
        assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == sorted(names)
        with pytest.raises(BackupNotFound):
            store.restore(first)


def test_a_backup_nobody_finished_is_not_listed(tmp_path: Path) -> None:
    """A folder left by an action that never committed offers nothing to undo."""
    with a_store(tmp_path) as store:
        put(tmp_path, "orphan")
        assert store.list_backups() == []
        with pytest.raises(BackupNotFound):
            store.restore("orphan")
