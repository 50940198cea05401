"""What a store recognises of sources and files, after its database was lost."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from collector_files import COLLECTORS, Call, capture, counted, import_all, some_calls, truth_of
from harming import DATABASE
from law import open_store, read_json
from proxypal.store import Store
from proxypal.store.publication import read_published
from proxypal.store.values import Gap, QueueBatch

GAPS = [
    Gap(source="http://127.0.0.1:8317", from_ms=None, until_ms=7_000, reason="the proxy restarted"),
    Gap(source="main.log", from_ms=1_000, until_ms=None, reason="a rotated file is gone"),
]


def some_attempts(store: Store, calls: Sequence[Call]) -> None:
    """Attempts of a queue that had gaps."""
    capture(store, calls)
    store.record_attempts(QueueBatch(source="queue", gaps=GAPS))


@pytest.mark.parametrize("kind", COLLECTORS)
def test_a_file_that_has_grown_adds_what_is_new(tmp_path: Path, kind: str) -> None:
    """Imported before the database was lost, and again with more in it, it counts only that."""
    directory, calls = tmp_path / "data", some_calls(50)
    with open_store(directory) as store:
        capture(store, calls[10:20])
        import_all(store, COLLECTORS[kind](tmp_path / "file", calls[:30]))
        assert counted(store) == truth_of(calls[:30])
    for times in range(2):
        (directory / DATABASE).unlink()
        with open_store(directory) as store:
            (report,) = import_all(store, COLLECTORS[kind](tmp_path / f"grown {times}", calls))
            assert report.requests == (0 if times else 20)
            assert counted(store) == truth_of(calls)
            assert [warning.split()[0] for warning in store.warnings] == [DATABASE]


def test_gaps_come_back(tmp_path: Path) -> None:
    """What is known to be lost stays known, with its cause, and doctor shows it."""
    directory = tmp_path / "data"
    with open_store(directory) as store:
        some_attempts(store, some_calls(5))
        shown = [finding for finding in store.check() if finding.check.startswith("gap")]
        assert store.gaps() == GAPS
    for _ in range(2):
        (directory / DATABASE).unlink()
        with open_store(directory) as store:
            assert store.gaps() == GAPS
            assert [f for f in store.check() if f.check.startswith("gap")] == shown


def test_a_file_from_before_there_were_gaps_in_it_is_read(tmp_path: Path) -> None:
    """A store is rebuilt from the files of an earlier version too."""
    directory = tmp_path / "data"
    with open_store(directory) as store:
        some_attempts(store, some_calls(5))
        before = store.get_aggregate()
    without(directory / "aggregate.json", "gaps")
    (directory / DATABASE).unlink()
    with open_store(directory) as store:
        assert store.get_aggregate() == before
        assert store.gaps() == []


def without(path: Path, field: str) -> None:
    """Write the file as a version did that did not know this field of `published`."""
    tree = read_json(path)
    del tree["published"][field]
    tree["published"]["checksum"] = "0" * 64
    compact = msgspec.json.Encoder(decimal_format="number").encode(tree)
    pretty = msgspec.json.format(compact, indent=2)
    digest = hashlib.sha256(pretty).hexdigest().encode()
    path.write_bytes(pretty.replace(b"0" * 64, digest))
    assert read_published(path.read_bytes()) is not None
