"""`doctor`'s findings: the store is broken on purpose, and the finding says where."""

import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

from builders import NOW_MS, a_request, a_store
from proxypal.store import Store


def break_it(directory: Path, statement: str) -> None:
    """Change the database behind the store's back."""
    connection = sqlite3.connect(directory / "proxypal.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


def off(store: Store, *, repair: bool = False) -> dict[str, str]:
    """What is not in order, and the words to it."""
    return {f.check: f.detail for f in store.check(repair=repair) if not f.ok}


def test_a_sound_store_has_nothing_to_mend(tmp_path: Path) -> None:
    """Everything is recounted and in order, and each finding says what was looked at."""
    with a_store(tmp_path) as store:
        store.record([a_request(), a_request(status=500)])
        findings = store.check()
        assert [f for f in findings if not f.ok] == []
        said = {f.check: f.detail for f in findings}
        assert said["database"] == "no damage found"
        assert said["sum of days and undated"] == "2 requests, as the total"
        assert said["sum of models"] == said["sum of providers"] == "2 requests, as the total"
        assert said["recent requests"] == "2 of at most 500"
        assert said["files set aside"] == "none"
        assert "behind" in said["history.json"] or said["history.json"] == "up to date"


@pytest.mark.parametrize(
    ("statement", "check", "words"),
    [
        (
            "UPDATE sums SET requests = requests + 1 WHERE scope = 'model'",
            "sum of models",
            "differs from the total in requests",
        ),
        (
            "UPDATE sums SET tokens_in = 7, cost_usd = '1' WHERE scope = 'provider'",
            "sum of providers",
            "differs from the total in tokens_in, cost_usd",
        ),
        (
            "DELETE FROM sums WHERE scope = 'day'",
            "sum of days and undated",
            "differs from the total in requests",
        ),
        (
            "UPDATE sums SET server_errors = requests + 1 WHERE scope = 'model'",
            "success + failure = total",
            "broken for model claude-sonnet-4-5",
        ),
        (
            "UPDATE sums SET tokens_out = -5 WHERE scope = 'total'",
            "success + failure = total",
            "broken for total",
        ),
        (
            "UPDATE cells SET requests = 99",
            "hour cells",
            "off in 2026-01-09",
        ),
    ],
)
def test_a_wrong_number_is_found(tmp_path: Path, statement: str, check: str, words: str) -> None:
    """A sum that does not add up is named with the numbers that differ."""
    with a_store(tmp_path) as store:
        store.record([a_request(), a_request()])
        assert off(store) == {}
        break_it(tmp_path, statement)
        found = off(store)
        assert check in found
        assert words in found[check]


def test_a_file_another_program_changed_is_found_and_mended(tmp_path: Path) -> None:
    """A foreign or missing file is a finding; with repair it is published again."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        store.publish()
        (tmp_path / "history.json").write_text("{}")
        (tmp_path / "aggregate.json").unlink()
        found = off(store)
        assert found["history.json"].startswith("was changed by another program")
        assert found["aggregate.json"].startswith("is missing")
        assert off(store, repair=True) == {}
        said = {f.check: f.detail for f in store.check()}
        assert said["history.json"] == said["aggregate.json"] == "up to date"
        assert "history.json.foreign-" in said["files set aside"]


def test_the_files_of_another_store_are_no_files_of_ours(tmp_path: Path) -> None:
    """A sound file that belongs to another data directory is found too."""
    with a_store(tmp_path / "theirs") as store:
        store.record([a_request()] * 3)
    with a_store(tmp_path / "ours") as store:
        store.record([a_request()])
        store.publish()
        for name in ("history.json", "aggregate.json"):
            shutil.copy(tmp_path / "theirs" / name, tmp_path / "ours" / name)
        assert off(store).keys() == {"history.json", "aggregate.json"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_directory_others_can_read_is_found(tmp_path: Path) -> None:
    """Usage is private: a finding says which command keeps it so."""
    with a_store(tmp_path / "data") as store:
        (tmp_path / "data").chmod(0o755)
        assert f"chmod 700 {tmp_path / 'data'}" in off(store)["privacy"]
        (tmp_path / "data").chmod(0o700)
        assert off(store) == {}


def test_a_damaged_page_is_found_and_mended(tmp_path: Path) -> None:
    """A torn page does not go unnoticed: the store is rebuilt and says so."""
    with a_store(tmp_path) as store:
        store.record([a_request(id=f"{n}" * 40) for n in range(200)])
    path = tmp_path / "proxypal.db"
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(bytes(data))
    with a_store(tmp_path) as store:
        store.check(repair=True)
        assert off(store) == {}
        assert store.get_usage_stats().total_requests == 200
        assert any("is damaged" in warning for warning in store.warnings)
        assert list(tmp_path.glob("proxypal.db.corrupt-*"))


def test_a_store_that_is_only_read_is_checked_too(tmp_path: Path) -> None:
    """Looking needs no permission to write, and mends nothing."""
    with a_store(tmp_path) as store:
        store.record([a_request(timestamp=NOW_MS - 5)])
    with a_store(tmp_path, read_only=True) as store:
        assert off(store, repair=True) == {}
