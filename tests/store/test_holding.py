"""Requests on their way in: waiting callers share a commit, each is answered for itself."""

import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import a_request, a_store
from proxypal.errors import StorageFull
from proxypal.store import Store, holding
from proxypal.store.values import Recorded, SourceBatch, SourceOutcome


def together(store: Store, *calls: Callable[[], Any]) -> list[Any]:
    """Let callers wait at the same time, so that they share a transaction; their answers."""
    answers: list[Any] = [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        try:
            answers[place] = call()
        except Exception as error:  # noqa: BLE001 - handed to the test
            answers[place] = error

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    with store._engine.lock:
        for number, thread in enumerate(threads, 1):
            thread.start()
            while len(store._intake._queue) < number:
                pass
    for thread in threads:
        thread.join()
    return answers


def commits_of(store: Store, act: Callable[[], object]) -> int:
    """How many transactions were committed meanwhile."""
    statements: list[str] = []
    connection = store._engine._current().connection
    connection.set_trace_callback(statements.append)
    act()
    connection.set_trace_callback(None)
    return statements.count("COMMIT")


def test_waiting_callers_share_a_commit(tmp_path: Path) -> None:
    """Twenty clients at once cost one commit, and each hears what became of its own requests."""
    with a_store(tmp_path) as store:
        calls = [
            lambda n=n: store.record([a_request(id=f"{n}")] * (n % 3 + 1) + [a_request(status=-1)])
            for n in range(20)
        ]
        answers: list[Any] = []
        commits = commits_of(store, lambda: answers.extend(together(store, *calls)))
        assert commits == 1
        for n, answer in enumerate(answers):
            assert isinstance(answer, Recorded)
            assert answer.recorded == 1
            assert list(answer.duplicates) == list(range(1, n % 3 + 1))
            assert [r.index for r in answer.rejected] == [n % 3 + 1]
        assert store.get_usage_stats().total_requests == 20


def test_pushed_and_read_requests_share_it_too(tmp_path: Path) -> None:
    """A watcher and clients at once: positions and answers are each their own."""
    with a_store(tmp_path) as store:
        batch = SourceBatch(
            source="log", start=None, generation=0, state=b"{}", requests=[a_request()] * 2
        )
        pushed, read, stale = together(
            store,
            lambda: store.record([a_request()]),
            lambda: store.record_batch(batch),
            lambda: store.record_batch(batch),
        )
        assert pushed.recorded == 1
        assert isinstance(read, SourceOutcome)
        assert (read.recorded, read.position is not None) == (2, True)
        assert (stale.recorded, stale.position) == (0, None)
        assert store.get_usage_stats().total_requests == 3


def test_the_same_request_from_two_callers_is_counted_once(tmp_path: Path) -> None:
    """A retry that arrives while the first is still waiting is a duplicate for one of them."""
    with a_store(tmp_path) as store:
        answers = together(store, *[lambda: store.record([a_request(id="a")])] * 3)
        assert sorted(answer.recorded for answer in answers) == [0, 0, 1]
        assert store.get_usage_stats().total_requests == 1


def test_one_callers_bug_is_not_the_others(tmp_path: Path) -> None:
    """A batch that breaks something fails alone; whoever waited beside it is recorded."""
    with a_store(tmp_path) as store:
        broken = SourceBatch(
            source="log",
            start=None,
            generation=0,
            state=b"{}",
            requests=["no request"],  # type: ignore[list-item]  # a bug of a source
        )
        good, bad, also_good = together(
            store,
            lambda: store.record([a_request()]),
            lambda: store.record_batch(broken),
            lambda: store.record([a_request()]),
        )
        assert good.recorded == also_good.recorded == 1
        assert isinstance(bad, AttributeError)
        assert store.get_usage_stats().total_requests == 2
        assert store.positions().rows == []


@pytest.fixture
def full(tmp_path: Path) -> Store:
    """A store whose database cannot grow by a page."""
    store = a_store(tmp_path)
    store.record([a_request()])
    connection = store._engine._current().connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    return store


def make_room(store: Store) -> None:
    """The disk is back."""
    store._engine._current().connection.execute("PRAGMA max_page_count = 1073741823")


def large(count: int, first: int = 0) -> list[Any]:
    """Requests that need more than a page."""
    return [a_request(id=f"{first + n}", path=f"/{n}" * 900) for n in range(count)]


def test_held_requests_are_written_once(full: Store) -> None:
    """D11: what a full disk held is counted exactly once, with what came after it."""
    assert full.record(large(30)).held == 30
    assert full.record(large(20, first=30)).held == 20
    assert full.held == 50
    assert full.get_usage_stats().total_requests == 1
    make_room(full)
    assert full.record([a_request(id="last")]).recorded == 1
    assert full.held == 0
    assert full.get_usage_stats().total_requests == 52
    assert any("50 requests held in memory are written now" in text for text in full.warnings)
    full.close()


def test_memory_is_bounded_and_nothing_of_a_refused_batch_stays(
    full: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the bound it is an error that tells how many wait, and none of that batch is kept."""
    monkeypatch.setattr(holding, "HELD_AT_MOST", 40)
    assert full.record(large(40)).held == 40
    with pytest.raises(StorageFull, match="not durable: 40"):
        full.record(large(1, first=99))
    assert full.held == 40
    make_room(full)
    full.publish()
    full.close()


def test_closing_says_what_could_not_be_written(full: Store) -> None:
    """Requests that die with the process are counted in the error."""
    full.record(large(30))
    with pytest.raises(StorageFull, match="not durable: 30"):
        full.close()


def test_a_source_is_not_held(full: Store) -> None:
    """The log is the buffer: its batch is refused, its position stays."""
    before = full.positions()
    batch = SourceBatch(
        source="log", start=None, generation=before.generation, state=b"{}", requests=large(30)
    )
    with pytest.raises(StorageFull):
        full.record_batch(batch)
    assert full.positions() == before
    make_room(full)
    assert full.record_batch(batch).recorded == 30
    full.close()


def test_pushed_requests_are_priced_by_whoever_knows_prices(tmp_path: Path) -> None:
    """Tokens without a cost get one, a cost that was told stays, a repetition is still known."""
    with a_store(tmp_path) as store:
        unpriced = a_request(id="a")
        store.record([unpriced])
        store.price_with(
            lambda requests: [msgspec.structs.replace(r, cost_usd=Decimal("0.5")) for r in requests]
        )
        told = a_request(id="b", cost_usd=Decimal("0.25"))
        outcome = store.record([unpriced, told, a_request(id="c"), a_request(id="d", tokens_in=0)])
        assert (outcome.recorded, list(outcome.duplicates)) == (3, [0])
        assert store.get_usage_stats().total_cost_usd == Decimal("1.25")
        assert store.get_usage_stats().unpriced_requests == 1
