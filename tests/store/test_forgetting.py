"""`clear --forget`: afterwards no file of the data directory knows the recent requests."""

import threading
from pathlib import Path

import pytest

from builders import NOW_MS, a_request, a_store, facts_of
from proxypal.errors import BackupNotFound, StoreBusy
from proxypal.records.request import RequestLog
from proxypal.store import Store, forgetting

SECRET = "/v1/messages/of-somebody-in-particular"


def copies_of(directory: Path, secret: str = SECRET) -> list[str]:
    """Every file below the directory that holds the text."""
    return sorted(
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    )


def secret_requests(count: int) -> list[RequestLog]:
    """Requests one would rather not have on disk."""
    return [a_request(path=SECRET, id=f"{SECRET}-{n}") for n in range(count)]


def test_no_copy_is_left_anywhere(tmp_path: Path) -> None:
    """Not in the database, its WAL and free pages, the files, the backups, what was set aside."""
    with a_store(tmp_path) as store:
        store.record(secret_requests(300))
        store.clear_request_history()
        store.import_facts(facts_of([a_request(path=SECRET)]), fingerprint="f")
        store.record(secret_requests(50))
        store.publish()
        (tmp_path / "history.json").write_text(f'{{"requests": [{{"path": "{SECRET}"}}]}}')
        store.publish()
        (tmp_path / ".history.json.99999.tmp").write_text(SECRET)
        (tmp_path / "backups" / ".half.tmp").mkdir()
        (tmp_path / "backups" / ".half.tmp" / "delta.db").write_text(SECRET)
        assert len(copies_of(tmp_path)) >= 4
        assert store.clear_request_history(forget=True) is None
        assert copies_of(tmp_path) == []
        assert store.get_request_history().requests == []
    assert copies_of(tmp_path) == []


def test_totals_stay(tmp_path: Path) -> None:
    """Forgetting what was asked does not change how much was."""
    with a_store(tmp_path) as store:
        store.record([a_request(), a_request(status=500)])
        before = store.get_aggregate()
        store.clear_request_history(forget=True)
        assert store.get_aggregate() == before
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path) as store:
        assert store.get_aggregate() == before


def test_what_is_forgotten_cannot_be_restored(tmp_path: Path) -> None:
    """Backups that held rows are gone and say so; a reset without rows can still be undone."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        cleared = store.clear_request_history()
        reset = store.reset_aggregate_stats()
        store.record([a_request()])
        store.clear_request_history(forget=True)
        assert [backup.name for backup in store.list_backups()] == [reset.name]
        assert cleared is not None
        with pytest.raises(BackupNotFound):
            store.restore(cleared.name)
        store.restore(reset.name)
        assert store.get_usage_stats().total_requests == 2


def test_an_undone_import_stays_undone(tmp_path: Path) -> None:
    """An import taken back while its numbers lay in a reset does not return with the reset."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        imported = store.import_facts(facts_of([a_request(timestamp=NOW_MS - 9)]), fingerprint="f")
        reset = store.reset_aggregate_stats()
        assert imported is not None
        store.restore(imported.name)
        store.clear_request_history(forget=True)
        store.restore(reset.name)
        assert store.get_usage_stats().total_requests == 1


def test_a_reader_in_the_way_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process reads an old state a copy may stay: it says to run it again."""
    monkeypatch.setattr(forgetting, "_WAIT_FOR_READERS_S", 0.1)
    with a_store(tmp_path) as store, a_store(tmp_path) as reader:
        store.record(secret_requests(5))
        began, done = threading.Event(), threading.Event()

        def read(other: Store) -> None:
            with other._engine._current().snapshot() as connection:
                connection.execute("SELECT count(*) FROM requests").fetchone()
                began.set()
                done.wait(10)

        thread = threading.Thread(target=read, args=(reader,))
        thread.start()
        began.wait(10)
        try:
            with pytest.raises(StoreBusy, match="try again"):
                store.clear_request_history(forget=True)
        finally:
            done.set()
            thread.join()
        assert store.get_request_history().requests == []
        store.clear_request_history(forget=True)
        assert copies_of(tmp_path) == []
