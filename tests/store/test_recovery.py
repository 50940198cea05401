"""Opening a data directory: looking, deciding, acting; what remains to be seen on real files."""

import os
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from builders import a_request, a_store, json_file
from proxypal.errors import NewerDatabase
from proxypal.store.examining import examine_database, examine_file
from running import run_together

LEFTOVERS = ("", "-journal")
OLD_HISTORY = """{
  "requests": [
    {"id": "req_1", "timestamp": 1766405130000, "provider": "claude", "model": "opus",
     "method": "POST", "path": "/v1/messages", "status": 200, "durationMs": 2280,
     "tokensIn": 10, "tokensOut": 5}
  ],
  "totalTokensIn": 10, "totalTokensOut": 5, "totalCostUsd": 0.0
}"""


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (None, "absent"),
        (b"", "unreadable"),
        (b"{", "unreadable"),
        (b"\0" * 100, "unreadable"),
        (b"[]", "unreadable"),
        (b"null", "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b"{}", "foreign"),
        (OLD_HISTORY.encode(), "foreign"),
    ],
)
def test_a_file_is_looked_at_for_what_it_is(tmp_path: Path, data: bytes | None, kind: str) -> None:
    """D2: nothing that can stand in a file makes opening fail, and none of it is taken for ours."""
    if data is not None:
        (tmp_path / "history.json").write_bytes(data)
    found = examine_file(tmp_path / "history.json")
    assert found.kind == kind
    assert found.published is None


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (None, "absent"),
        (b"", "absent"),
        (b"not a database" * 100, "damaged"),
        (b"SQLite", "damaged"),
    ],
)
def test_a_database_is_looked_at_for_what_it_is(
    tmp_path: Path, data: bytes | None, kind: str
) -> None:
    """An empty file is what a crash before the first commit leaves; anything else is damage."""
    if data is not None:
        (tmp_path / "proxypal.db").write_bytes(data)
    found, opened = examine_database(tmp_path / "proxypal.db")
    assert (found.kind, opened) == (kind, None)


@pytest.mark.parametrize("length", [100, 2783, 4095])
def test_a_database_torn_in_its_first_writing_is_none(tmp_path: Path, length: int) -> None:
    """Power lost while the first page was written: SQLite takes it back, and nothing was lost."""
    begun = tmp_path / "begun"
    with closing(sqlite3.connect(begun)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    (tmp_path / "proxypal.db").write_bytes(begun.read_bytes()[:length])
    # SQLite's file format, 3: the journal of a database that had 0 pages of 4096 bytes.
    header = struct.pack(">8s5I", bytes.fromhex("d9d505f920a163d7"), 0, 1, 0, 512, 4096)
    (tmp_path / "proxypal.db-journal").write_bytes(header.ljust(512, b"\0"))
    with a_store(tmp_path) as store:
        assert store.warnings == []
        store.record([a_request()])
    assert not list(tmp_path.glob("proxypal.db[.-]*"))


def test_another_programs_database_is_set_aside_whole(tmp_path: Path) -> None:
    """A database that is not ours is kept as it is, beside a fresh one."""
    connection = sqlite3.connect(tmp_path / "proxypal.db")
    connection.execute("PRAGMA application_id = 1234")
    connection.execute("CREATE TABLE theirs AS SELECT 7 AS x")
    connection.commit()
    connection.close()
    with a_store(tmp_path) as store:
        assert "belongs to another program" in store.warnings[0]
        store.record([a_request()])
    (aside,) = tmp_path.glob("proxypal.db.corrupt-*")
    connection = sqlite3.connect(aside)
    assert connection.execute("SELECT x FROM theirs").fetchall() == [(7,)]
    connection.close()


def test_a_newer_database_is_not_rebuilt(tmp_path: Path) -> None:
    """A store of a later version is not mistaken for damage."""
    a_store(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "proxypal.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NewerDatabase):
        a_store(tmp_path)
    assert not list(tmp_path.glob("*.corrupt-*"))


def test_old_files_are_migrated_once(tmp_path: Path) -> None:
    """The first opening takes over the old numbers, keeps the originals, and says how to undo."""
    (tmp_path / "history.json").write_text(OLD_HISTORY)
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 1
        assert store.get_usage_stats().created_at == 1766405130000
        (backup,) = store.list_backups()
        assert backup.kind == "migration"
        original = tmp_path / "backups" / backup.name / "history.json"
        assert original.read_text() == OLD_HISTORY
        assert f"proxypal restore {backup.name}" in store.warnings[0]
        rows = store.get_request_history().requests
        assert [(row.legacy_id, row.model) for row in rows] == [("req_1", "opus")]
    for _ in range(2):
        with a_store(tmp_path) as store:
            assert store.warnings == []
            assert store.get_usage_stats().total_requests == 1
            assert len(store.list_backups()) == 1


def test_a_migration_can_be_undone_and_does_not_come_back(tmp_path: Path) -> None:
    """Undone, the store is empty, and stays so at the next start."""
    (tmp_path / "history.json").write_text(OLD_HISTORY)
    with a_store(tmp_path) as store:
        store.restore(store.list_backups()[0].name)
        assert store.get_usage_stats().total_requests == 0
        assert store.get_request_history().requests == []
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 0


def test_a_reset_does_not_bring_the_migration_back(tmp_path: Path) -> None:
    """D39: reset after a migration is zero, also after a restart and a lost aggregate."""
    (tmp_path / "history.json").write_text(OLD_HISTORY)
    with a_store(tmp_path) as store:
        store.reset_aggregate_stats()
    (tmp_path / "aggregate.json").unlink()
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 0
        assert len(store.get_request_history().requests) == 1


def test_old_files_elsewhere_are_copied_not_moved(tmp_path: Path) -> None:
    """Files of the original app in its own folder are migrated and left as they are."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "history.json").write_text(OLD_HISTORY)
    with a_store(tmp_path / "new", legacy=tmp_path / "old") as store:
        assert store.get_usage_stats().total_requests == 1
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["history.json"]
    assert (tmp_path / "old" / "history.json").read_text() == OLD_HISTORY
    with a_store(tmp_path / "new", legacy=tmp_path / "old") as store:
        assert store.get_usage_stats().total_requests == 1, "once is enough"


def test_many_processes_open_a_fresh_directory_at_once(tmp_path: Path) -> None:
    """D4: eight first openings make one store, and an old file is migrated once."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "history.json").write_text(OLD_HISTORY)
    code = (
        "import sys; from proxypal import RequestLog, Store\n"
        "sys.stdin.readline()\n"
        "with Store(sys.argv[1]) as store:\n"
        "    store.record([RequestLog(status=200, model='gpt-5')])\n"
    )
    run_together(code, [[str(tmp_path / "data")] for _ in range(8)])
    with a_store(tmp_path / "data", zone=None) as store:
        assert store.warnings == []
        assert store.get_usage_stats().total_requests == 9
        assert [backup.kind for backup in store.list_backups()] == ["migration"]
    assert not list((tmp_path / "data").glob("*.corrupt-*"))
    assert not list((tmp_path / "data").glob("*.foreign-*"))


def test_temporary_files_of_a_crash_are_cleaned(tmp_path: Path) -> None:
    """D5: what a killed process left half written is gone after the next opening."""
    a_store(tmp_path).close()
    for name in (".history.json.1234.tmp", ".aggregate.json.99.tmp"):
        (tmp_path / name).write_text("{")
    (tmp_path / "backups").mkdir(exist_ok=True)
    (tmp_path / "backups" / ".20260109T120000.000Z-clear.tmp").mkdir()
    (tmp_path / "mine.tmp").write_text("not ours to delete")
    a_store(tmp_path).close()
    assert not list(tmp_path.glob(".*.tmp"))
    assert not list((tmp_path / "backups").iterdir())
    assert (tmp_path / "mine.tmp").exists()


def test_the_files_are_private(tmp_path: Path) -> None:
    """Only the owner can read what was recorded."""
    if os.name == "nt":
        pytest.skip("Windows has no such modes")
    with a_store(tmp_path / "data") as store:
        store.record([a_request()])
        store.publish()
        for path in [tmp_path / "data", *(tmp_path / "data").rglob("*")]:
            assert path.stat().st_mode & 0o077 == 0, path
    assert json_file(tmp_path / "data" / "aggregate.json")["totalRequests"] == 1


def test_an_unfinished_copy_of_a_killed_process_goes(tmp_path: Path) -> None:
    """Killed while it wrote a deleted database again, a process leaves nothing for ever."""
    a_store(tmp_path).close()
    others = tmp_path / f".proxypal.db.{os.getppid()}.tmp"
    for path in (others, *(tmp_path / f".proxypal.db.99999999.tmp{more}" for more in LEFTOVERS)):
        path.write_bytes(b"half a copy")
    a_store(tmp_path).close()
    assert list(tmp_path.glob(".*.tmp*")) == [others], "of a process that lives"
    (tmp_path / "proxypal.db").unlink()
    a_store(tmp_path).close()
    assert not list(tmp_path.glob(".*.tmp*")), "nobody copies while a store is rebuilt"
