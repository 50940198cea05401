"""Several files of the data directory are lost at once: what is left is used, and it is said."""

import shutil
from collections.abc import Callable
from pathlib import Path

from harming import DATABASE, JSON_FILES, Images, kept_aside
from law import books_of, expected_books, open_store, read_json, reopen, request, requests

Copied = Callable[[Path], Path]

pytest_plugins = ["damage_fixtures"]


def test_both_json_files_lost(images: Images, copied: Copied) -> None:
    """Without both JSON files no number changes: the database has everything."""
    directory = copied(images.closed)
    for name in JSON_FILES:
        (directory / name).unlink()
    found = reopen(directory)
    assert found.books["totalRequests"] == images.answers.stats.total_requests
    assert len(found.ids) == 500
    assert [w.split()[0] for w in found.warnings] == list(JSON_FILES)


def test_database_and_history_lost(images: Images, copied: Copied) -> None:
    """From aggregate.json alone all totals come back, and the loss of the rest is said."""
    directory = copied(images.closed)
    (directory / DATABASE).unlink()
    (directory / "history.json").write_bytes(b"\0" * 100)
    found = reopen(directory)
    assert found.books["totalRequests"] == images.answers.stats.total_requests
    assert found.books["totalTokensIn"] == images.answers.stats.input_tokens
    assert found.ids == []
    assert any("the recent requests are lost with history.json" in w for w in found.warnings)
    assert kept_aside(directory, "history.json") == [b"\0" * 100]


def test_database_and_aggregate_lost(images: Images, copied: Copied) -> None:
    """From the months and history.json all requests come back that have an hour."""
    directory = copied(images.closed)
    before = books_of(read_json(directory / "aggregate.json"))
    (directory / DATABASE).write_bytes(b"\0" * 100_000)
    (directory / "aggregate.json").unlink()
    found = reopen(directory)
    assert found.books == before
    assert len(found.ids) == 500
    assert any("aggregate.json is gone too" in w for w in found.warnings)


def test_everything_but_the_history_lost(images: Images, copied: Copied) -> None:
    """From history.json alone the totals of its requests come back, and what is lost is said."""
    directory = copied(images.closed)
    (directory / DATABASE).write_bytes(b"\0" * 100_000)
    (directory / "aggregate.json").unlink()
    shutil.rmtree(directory / "breakdown")
    found = reopen(directory)
    assert found.books["totalRequests"] == 500
    assert len(found.ids) == 500
    assert any("aggregate.json is gone too" in w for w in found.warnings)
    assert any("what neither of them holds is lost" in w for w in found.warnings)


def test_database_and_aggregate_lost_after_a_reset(tmp_path: Path) -> None:
    """Requests from before a reset stay out of the totals, also when only history is left."""
    directory = tmp_path / "data"
    with open_store(directory) as store:
        store.record(requests(0, 30))
        store.reset_aggregate_stats()
        store.record(requests(30, 12))
    (directory / DATABASE).unlink()
    (directory / "aggregate.json").unlink()
    found = reopen(directory)
    assert found.books == expected_books(requests(30, 12))
    assert len(found.ids) == 42


def test_everything_unreadable(images: Images, copied: Copied) -> None:
    """Where nothing can be read a store starts fresh, keeps the files and says what happened."""
    directory = copied(images.closed)
    shutil.rmtree(directory / "backups")
    for name in (DATABASE, *JSON_FILES):
        (directory / name).write_bytes(b"\xff" * 50_000)
    found = reopen(directory)
    assert found.books["totalRequests"] == 0
    assert any("everything recorded before now is lost" in w for w in found.warnings)
    for name in (DATABASE, *JSON_FILES):
        assert any(w.startswith(name) for w in found.warnings) or name == DATABASE
        assert kept_aside(directory, name) == [b"\xff" * 50_000]
    with open_store(directory) as store:
        store.record([request(0)])
    assert reopen(directory).books["totalRequests"] == 1


def test_everything_lost_but_the_backups(images: Images, copied: Copied) -> None:
    """A directory of which only the backups are left is not taken for a fresh one in silence."""
    directory = copied(images.closed)
    for name in (DATABASE, *JSON_FILES):
        (directory / name).unlink()
    found = reopen(directory)
    assert found.books["totalRequests"] == 0
    warning, months = sorted(found.warnings)
    assert months.startswith("Files in breakdown/ that are not of this store")
    assert f"{directory / 'backups'} still holds 1 of the backups" in warning
    with open_store(directory) as store:
        assert store.list_backups() == []


def test_nothing_lost_nothing_said(tmp_path: Path) -> None:
    """A fresh directory is created without a word."""
    assert reopen(tmp_path / "data").warnings == []
