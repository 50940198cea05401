"""What a usage queue cannot hand out any more is a gap with its span, never a silence."""

from pathlib import Path

from fake_proxy import FakeProxy
from proxypal.service.watch_events import GapFound
from proxypal.store.values import QueueBatch, QueueOutcome
from queue_runs import (
    QueueWatching,
    assert_true,
    gaps_of,
    open_queue_store,
    status_of,
    until_all,
    until_counted,
)
from watch_runs import until


def test_a_restart_of_the_proxy_is_a_gap(tmp_path: Path) -> None:
    """What it had not handed out is lost with it: told, with its span; afterwards all is well."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        with QueueWatching(store, fake) as watching:
            watching.until_connected()
            fake.request()
            until_counted(store, 1)
            fake.restart(downtime_s=0.5)
            watching.until_connected(2)
            fake.request()
            until_counted(store, 2)
        (gap,) = gaps_of(store)
        assert "stopped or restarted" in gap.reason
        assert gap.from_ms is not None
        assert gap.until_ms is not None
        assert 0 < gap.until_ms - gap.from_ms < 60_000
        assert [event.gap for event in watching.of(GapFound)] == [gap]
        assert_true(fake, store)
        assert fake.failed_logins == 0


def test_being_away_longer_than_the_retention_is_a_gap(tmp_path: Path) -> None:
    """D53: the span from the good-bye to the oldest record the proxy still has, and no more."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        with QueueWatching(store, fake) as watching:
            watching.until_connected()
        left_ms = fake.clock.now_ms()
        fake.request("lost-model")
        fake.settle()
        fake.clock.advance(600)
        fake.request()
        fake.settle()
        with QueueWatching(store, fake) as watching:
            until_counted(store, 1)
            watching.until_connected()
        (gap,) = gaps_of(store)
        assert gap.from_ms is not None
        assert gap.until_ms is not None
        assert abs(gap.from_ms - left_ms) < 20_000
        assert abs(gap.until_ms - (fake.clock.now_ms() - 60_000)) < 20_000
        assert_true(fake, store)


def test_being_dropped_for_slowness_is_a_gap(tmp_path: Path) -> None:
    """The proxy's buffer of 256 overflows while it cannot send: what follows is taken again."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        with QueueWatching(store, fake) as watching:
            watching.until_connected()
            fake.pause()
            for _ in range(300):
                fake.request()
            fake.settle()
            fake.resume()
            watching.until_connected(2)
            until_all(fake, store)
        assert_true(fake, store)
        lost = 300 - store.get_usage_stats().total_requests
        assert lost > 0
        (gap,) = gaps_of(store)
        assert "faster" in gap.reason


def test_a_reply_that_is_torn_is_a_gap(tmp_path: Path) -> None:
    """D51: what a broken connection had handed out is lost, and said to be; all before it stays."""
    with (
        FakeProxy(tmp_path / "logs", version="7.0.3") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        with QueueWatching(store, fake) as watching:
            watching.until_connected()
            fake.cut_next_reply()
            fake.request("torn-model")
            watching.until_connected(2)
            fake.request()
            until_counted(store, 1)
        (gap,) = gaps_of(store)
        assert "handed out" in gap.reason
        assert_true(fake, store)


def test_a_kill_while_the_backlog_is_taken_would_be_known(tmp_path: Path) -> None:
    """Before the first record is taken off the queue it is noted that we are about to."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        causes: dict[int, str] = {}
        record = store.record_attempts

        def noting(batch: QueueBatch) -> QueueOutcome:
            outcome = record(batch)
            causes[fake.seen["LPOP"]] = status_of(store).cause
            return outcome

        for _ in range(2):
            causes.clear()
            fake.seen.clear()
            fake.request()
            fake.settle()
            store.record_attempts = noting  # type: ignore[method-assign]  # looks at what is kept
            with QueueWatching(store, fake) as watching:
                watching.until_connected()
            assert causes[0] == causes[1] == "killed"
            assert status_of(store).cause == "in order"


def test_the_span_that_was_read_is_claimed_and_no_more(tmp_path: Path) -> None:
    """Covered is from the oldest record that waited up to the last sign of life."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        spans = []
        record = store.record_attempts

        def noting(batch: QueueBatch) -> QueueOutcome:
            if batch.covered is not None:
                spans.append(batch.covered)
            return record(batch)

        store.record_attempts = noting  # type: ignore[method-assign]  # looks at what is claimed
        fake.request(late_s=0)
        fake.settle()
        fake.clock.advance(20)
        with QueueWatching(store, fake) as watching:
            watching.until_connected()
            (row,) = store.get_request_history().requests
            fake.clock.advance(10)
            until(lambda: bool(spans) and spans[-1].until_ms - row.timestamp >= 25_000)
        assert {span.from_ms for span in spans} == {row.timestamp}
        assert all(span.until_ms <= fake.clock.now_ms() - 2_000 for span in spans)
