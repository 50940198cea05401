"""The folder of the months: what is ours is known by its contents, the rest is kept aside."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from builders import DAY_MS, NOW_MS, a_request, a_store
from month_files import month_files
from proxypal.store.breakdown_files import examine_month, months_there, path_of, remove_leftovers

JANUARY = "2026-01"


def a_month(directory: Path) -> Path:
    """A closed store with one month, and its file."""
    with a_store(directory) as store:
        store.record([a_request()])
    return path_of(directory, JANUARY)


def rename(path: Path) -> None:
    """Ours, under the name of another month."""
    path.rename(path.with_name("2025-12.json"))
    (path.with_name("2025-12.json")).rename(path)
    path.write_bytes(path.read_bytes().replace(b'"month":"2026-01"', b'"month":"2025-12"'))


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda path: path.unlink(), "absent"),
        (lambda path: path.write_bytes(b""), "corrupt"),
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "corrupt"),
        (lambda path: path.write_bytes(bytes(path.stat().st_size)), "corrupt"),
        (lambda path: path.write_text("[" * 100_000), "corrupt"),
        (lambda path: path.write_text("[1, 2]"), "corrupt"),
        (lambda path: path.write_text('{"requests": 5}'), "foreign"),
        (rename, "foreign"),
    ],
)
def test_what_lies_there(tmp_path: Path, harm: Callable[[Path], None], kind: str) -> None:
    """A month's file is ours only if nobody has changed it."""
    path = a_month(tmp_path)
    assert examine_month(path)[1] == ""
    harm(path)
    assert examine_month(path) == (None, kind)


@pytest.mark.parametrize("harm", ["deleted", "cut", "edited", "zeroed", "old", "folder lost"])
def test_a_lost_month_is_published_again(tmp_path: Path, harm: str) -> None:
    """Whatever becomes of a month's file, opening writes it again and says so, once."""
    path = a_month(tmp_path)
    old = path.read_bytes()
    with a_store(tmp_path) as store:
        store.record([a_request(model="gpt-5")])
    before, data = month_files(tmp_path), path.read_bytes()
    harms: dict[str, Callable[[], object]] = {
        "deleted": path.unlink,
        "cut": lambda: path.write_bytes(data[:-9]),
        "edited": lambda: path.write_bytes(data.replace(b'"requests":2', b'"requests":3')),
        "zeroed": lambda: path.write_bytes(bytes(len(data))),
        "old": lambda: path.write_bytes(old),
        "folder lost": lambda: shutil.rmtree(path.parent),
    }
    harms[harm]()
    with a_store(tmp_path) as store:
        (warning,) = store.warnings
        assert warning.startswith("breakdown/2026-01.json")
        assert "published again" in warning
        assert "no number changed" in warning
        assert month_files(tmp_path)[JANUARY].days == before[JANUARY].days
        assert [finding for finding in store.check() if not finding.ok] == []
    aside = [p.name for p in path.parent.iterdir() if p != path]
    assert len(aside) == (harm in {"cut", "edited", "zeroed", "old"})
    assert month_files(tmp_path)[JANUARY].days == before[JANUARY].days
    with a_store(tmp_path) as store:
        assert store.warnings == []


def test_a_file_that_was_only_touched_is_taken_as_it_is(tmp_path: Path) -> None:
    """A copied directory has other times on its files: nothing is written again, nothing said."""
    path = a_month(tmp_path)
    os.utime(path, (1, 1))
    with a_store(tmp_path) as store:
        assert store.warnings == []
    assert path.stat().st_mtime == 1
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_files_of_another_store_are_kept_aside(tmp_path: Path) -> None:
    """A fresh store beside months that are not its own keeps them, and says so."""
    path = a_month(tmp_path)
    theirs = path.read_bytes()
    for name in ("proxypal.db", "history.json", "aggregate.json"):
        (tmp_path / name).unlink()
    with a_store(tmp_path) as store:
        (warning,) = store.warnings
        assert "Files in breakdown/ that are not of this store" in warning
        store.record([a_request(), a_request()])
    assert month_files(tmp_path)[JANUARY].requests == 2
    (aside,) = path.parent.glob("*.foreign-*")
    assert aside.read_bytes() == theirs


def test_only_names_of_months_are_looked_at(tmp_path: Path) -> None:
    """What else lies in the folder is left alone."""
    path = a_month(tmp_path)
    for name in ("2026-13.json", "notes.json", "2026-01.json.bak", "2026-1.json"):
        (path.parent / name).write_text("mine")
    assert months_there(tmp_path) == [JANUARY]
    with a_store(tmp_path) as store:
        store.record([a_request(timestamp=NOW_MS - 40 * DAY_MS)])
        assert store.warnings == []
    assert (path.parent / "notes.json").read_text() == "mine"


def test_what_a_dead_process_left_is_deleted(tmp_path: Path) -> None:
    """Half-written files of processes that are gone go at the next opening, others stay."""
    path = a_month(tmp_path)
    say_who = [sys.executable, "-c", "import os; print(os.getpid())"]
    gone = subprocess.run(say_who, capture_output=True, check=True)
    left = path.with_name(f".2026-01.json.{int(gone.stdout)}-0.tmp")
    living = path.with_name(f".2026-01.json.{os.getppid()}-0.tmp")
    for file in (left, living):
        file.write_text("half")
    with a_store(tmp_path):
        pass
    assert not left.exists()
    assert living.exists()
    remove_leftovers(tmp_path / "nowhere")


def test_the_files_are_for_the_owner_only(tmp_path: Path) -> None:
    """Like everything in the data directory, months cannot be read by other users."""
    path = a_month(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_doctor_tells_of_a_damaged_month(tmp_path: Path) -> None:
    """A month's file that is changed while the store is open is found by `doctor`, and mended."""
    path = a_month(tmp_path)
    with a_store(tmp_path) as store:
        path.write_bytes(path.read_bytes()[:-1] + b" ")
        (finding,) = (found for found in store.check() if found.check == "breakdown/")
        assert not finding.ok
        assert "2026-01.json" in finding.detail
        assert all(found.ok for found in store.check(repair=True))
