"""The boundary's promises, method by method: the list comes from the Protocol itself."""

import contextlib
import inspect
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builders import NOW_MS, a_request, a_store, an_attempt, facts_of
from proxypal.errors import BackupNotFound, StoreBusy, StoreClosed, WrongUsage
from proxypal.records.local_range import LocalRange
from proxypal.records.repriced import Repricing
from proxypal.records.usage_query import Query
from proxypal.store import RequestStore, Store, database
from proxypal.store.values import QueueBatch, SourceBatch

METHODS = sorted(
    name
    for name, member in vars(RequestStore).items()
    if inspect.isfunction(member) and not name.startswith("_")
)


def a_batch() -> SourceBatch:
    """One request of a new log."""
    return SourceBatch(
        source="main.log", start=None, generation=0, state=b"{}", requests=[a_request()]
    )


CALLS: dict[str, Callable[[RequestStore], Any]] = {
    "record": lambda store: store.record([a_request()]),
    "record_batch": lambda store: store.record_batch(a_batch()),
    "record_attempts": lambda store: store.record_attempts(
        QueueBatch(source="queue", attempts=[an_attempt()])
    ),
    "queues": lambda store: store.queues(),
    "gaps": lambda store: store.gaps(),
    "unjoined": lambda store: store.unjoined(0, NOW_MS),
    "cached": lambda store: store.cached("prices"),
    "keep_cached": lambda store: store.keep_cached("prices", b"{}"),
    "revise": lambda store: store.revise("a", {"tokens_in": 1}),
    "sequence": lambda store: store.sequence(),
    "positions": lambda store: store.positions(),
    "acquire_lease": lambda store: store.acquire_lease("main.log", 1000),
    "release_lease": lambda store: store.release_lease("main.log"),
    "get_usage_stats": lambda store: store.get_usage_stats(),
    "get_aggregate": lambda store: store.get_aggregate(),
    "get_request_history": lambda store: store.get_request_history(),
    "usage_by": lambda store: store.usage_by("model", 0, NOW_MS),
    "clear_request_history": lambda store: store.clear_request_history(),
    "reset_aggregate_stats": lambda store: store.reset_aggregate_stats(),
    "import_facts": lambda store: store.import_facts(
        facts_of([a_request()]), fingerprint="f", note=""
    ),
    "imported_by": lambda store: store.imported_by(["f"]),
    "recognition": lambda store: store.recognition(),
    "query": lambda store: store.query(Query(range=LocalRange(), by=("day",))),
    "query_all": lambda store: store.query_all([Query(range=LocalRange(), by=("day",))]),
    "list_backups": lambda store: store.list_backups(),
    "breakdown_months": lambda store: store.breakdown_months(),
    "drop_breakdown": lambda store: store.drop_breakdown(["2026-01"]),
    "restore": lambda store: store.restore("nothing"),
    "check": lambda store: store.check(),
    "publish": lambda store: store.publish(),
    "priceable": lambda store: store.priceable(),
    "reprice": lambda store: store.reprice(Repricing(requests=[], cells=[]), ""),
    "close": lambda store: store.close(),
}

READING = {
    "sequence",
    "positions",
    "get_usage_stats",
    "get_aggregate",
    "get_request_history",
    "usage_by",
    "query",
    "query_all",
    "imported_by",
    "recognition",
    "queues",
    "gaps",
    "unjoined",
    "cached",
    "priceable",
    "list_backups",
    "breakdown_months",
    "check",
}


def as_protocol(store: Store) -> RequestStore:
    """For the type checker: `Store` is what the Protocol asks for."""
    return store


def test_every_method_is_visited() -> None:
    """A method added to the boundary is checked like the others, or this fails."""
    assert sorted(CALLS) == METHODS


@pytest.mark.parametrize("name", METHODS)
def test_store_takes_what_the_protocol_says(name: str) -> None:
    """`Store` has each method under the names of the boundary, and documents it."""
    promised = inspect.signature(getattr(RequestStore, name))
    kept = inspect.signature(getattr(Store, name))
    assert list(promised.parameters) == list(kept.parameters)[: len(promised.parameters)]
    assert getattr(Store, name).__doc__
    assert getattr(RequestStore, name).__doc__


@pytest.mark.parametrize("name", METHODS)
def test_a_closed_store_says_so(tmp_path: Path, name: str) -> None:
    """After close() every call is one clear error, and closing again is none."""
    store = a_store(tmp_path)
    store.close()
    if name == "close":
        store.close()
        return
    with pytest.raises(StoreClosed, match="Open it again"):
        CALLS[name](as_protocol(store))


@pytest.mark.parametrize("name", METHODS)
def test_a_store_closed_for_reading_says_so_too(tmp_path: Path, name: str) -> None:
    """So does a store that was opened for reading only."""
    a_store(tmp_path).close()
    store = a_store(tmp_path, read_only=True)
    store.close()
    if name == "close":
        store.close()
        return
    with pytest.raises(StoreClosed):
        CALLS[name](as_protocol(store))


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else holds the database in the middle of a transaction."""
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")
    finally:
        holder.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer waits a moment instead of a minute."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", METHODS)
def test_a_locked_database_is_busy_or_no_matter(tmp_path: Path, name: str) -> None:
    """While another process holds the database, reading works and writing says that it is busy."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a")])
        store.publish()
        before = store.get_aggregate(), store.get_request_history(), store.list_backups()
        with locked(tmp_path / "proxypal.db"):
            if name in READING:
                CALLS[name](as_protocol(store))
            elif name == "close":
                store.close()
            else:
                with pytest.raises(StoreBusy, match="held by another process"):
                    CALLS[name](as_protocol(store))
        if name != "close":
            after = store.get_aggregate(), store.get_request_history(), store.list_backups()
            assert after == before, "nothing was half done"
            with contextlib.suppress(BackupNotFound, WrongUsage):
                CALLS[name](as_protocol(store))


@pytest.mark.usefixtures("impatient")
def test_closing_while_another_process_writes_loses_nothing(tmp_path: Path) -> None:
    """What could not be published on closing is in the database, and published when opened."""
    store = a_store(tmp_path)
    store.record([a_request()])
    with locked(tmp_path / "proxypal.db"):
        store.close()
    assert "held by another process" in store.warnings[-1]
    with a_store(tmp_path) as again:
        assert again.get_usage_stats().total_requests == 1
    assert '"totalRequests": 1' in (tmp_path / "aggregate.json").read_text()
