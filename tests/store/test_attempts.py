"""Log and queue into one store: each request once, whoever tells of it, in whatever order."""

from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_traffic import Traffic, interleave
from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_line, a_request, a_store, an_attempt
from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.natural_key import attempt_key
from proxypal.records.request import MAX_INTEGER, RequestLog
from proxypal.store import Store
from proxypal.store.day_keys import add_keys
from proxypal.store.values import Gap, Span
from telling import QUEUE, Log, books, is_sound, told


def test_a_request_both_sources_tell_of_is_counted_once(tmp_path: Path) -> None:
    """D40: queue first or log first, it is one request with its tokens and the client's view."""
    for name, is_log_first in (("log", True), ("queue", False)):
        with a_store(tmp_path / name) as store:
            log = Log(store)
            if is_log_first:
                log.says(a_line())
            told(store, an_attempt())
            if not is_log_first:
                log.says(a_line())
            assert books(store) == (1, 1, 10, 5)
            (row,) = store.get_request_history().requests
            assert (row.path, row.duration_ms) == ("/v1/messages?beta=true", 2_000)
            assert (row.model, row.source) == ("claude-sonnet-4-5", "log+queue")
            assert list(store.get_aggregate().model_stats) == ["claude-sonnet-4-5"]
            assert is_sound(store)


def test_what_only_one_source_sees_is_counted(tmp_path: Path) -> None:
    """A refused key has only a line, a request without a log only a record: both count."""
    with a_store(tmp_path) as store:
        Log(store).says(a_line(request_id="00000001", status=401))
        told(store, an_attempt(request_id="00000002"))
        assert books(store) == (2, 1, 10, 5)


def test_a_retry_adds_tokens_and_no_request(tmp_path: Path) -> None:
    """Three attempts over two batches are one request; the last one says how it went."""
    with a_store(tmp_path) as store:
        told(store, an_attempt(1, NOW_MS - 9_000, failed=True, status=429))
        assert books(store) == (1, 0, 10, 5)
        outcome = told(
            store,
            an_attempt(2, NOW_MS - 6_000, failed=True, status=502),
            an_attempt(3, NOW_MS - 3_000, model="claude-opus-4-5"),
        )
        assert (outcome.recorded, outcome.joined) == (0, 2)
        assert books(store) == (1, 1, 30, 15)
        (row,) = store.get_request_history().requests
        assert (row.attempts, row.status, row.model) == (3, 200, "claude-opus-4-5")
        assert list(store.get_aggregate().model_stats) == ["claude-opus-4-5"]
        assert is_sound(store)


def test_every_turn_of_a_socket_is_a_request_and_its_line_is_none(tmp_path: Path) -> None:
    """A socket of three turns is three requests, also when its line comes first."""
    turns = [
        an_attempt(n, NOW_MS - 10_000 + n * 2_000, method="GET", route="/v1/responses")
        for n in range(3)
    ]
    line = a_line(NOW_MS, method="GET", path="/v1/responses", duration_ms=60_000)
    for name, first in (("turns", turns), ("line", [])):
        with a_store(tmp_path / name) as store:
            told(store, *first)
            Log(store).says(line)
            told(store, *turns)
            assert books(store) == (3, 3, 30, 15)
            assert sum(r.duration_ms for r in store.get_request_history().requests) == 3_000
            assert is_sound(store)


def test_a_further_record_of_a_served_request_adds_tokens_only(tmp_path: Path) -> None:
    """Codex's image tool: its tokens and cost count under its own model, without a request."""
    with a_store(tmp_path) as store:
        outcome = told(
            store,
            an_attempt(1, model="gpt-5", provider="openai", cost_usd=Decimal("0.5")),
            an_attempt(2, model="gpt-image-1", provider="openai", cost_usd=Decimal("0.25")),
        )
        assert (outcome.recorded, outcome.extra) == (1, 1)
        aggregate = store.get_aggregate()
        image = aggregate.model_stats["gpt-image-1"]
        assert (image.requests, image.tokens, image.cost_usd) == (0, 15, Decimal("0.25"))
        assert (aggregate.total_requests, aggregate.total_cost_usd) == (1, Decimal("0.75"))
        assert is_sound(store)


def test_a_record_told_twice_counts_once(tmp_path: Path) -> None:
    """Two readers that were subscribed at the same time do not double anything (2b.6)."""
    with a_store(tmp_path) as store, a_store(tmp_path) as other:
        attempts = [an_attempt(n, request_id=f"{n:08x}") for n in range(1, 6)]
        told(store, *attempts, attempts[0])
        outcome = told(other, *attempts)
        assert (outcome.recorded, outcome.repeated) == (0, 5)
        assert books(store) == (5, 5, 50, 25)


def test_a_record_that_an_import_brought_is_not_counted_again(tmp_path: Path) -> None:
    """Another collector's file came first, then the queue tells of the same attempt."""
    attempt = an_attempt()
    key = attempt_key(attempt.started_ms, attempt.model)
    with a_store(tmp_path) as store:
        store._engine.write(
            lambda change: add_keys(
                change.connection, "attempt", [(attempt.started_ms, key)], "an-import"
            )
        )
        outcome = told(store, attempt, an_attempt(2, request_id="00000002"))
        assert (outcome.repeated, outcome.recorded) == (1, 1)


def test_a_log_added_later_counts_only_what_the_queue_could_not_see(tmp_path: Path) -> None:
    """Days later its lines meet the ids the queue told of; what is skipped is reported."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        told(store, *(an_attempt(n, request_id=f"{n:08x}") for n in range(1, 6)))
        clock.now_ms += 3 * DAY_MS
        lines = [a_line(request_id=f"{n:08x}") for n in range(1, 8)]
        outcome = Log(store).says(*lines)
        assert (outcome.recorded, outcome.seen) == (2, 5)
        assert books(store) == (7, 7, 50, 25)


def test_a_socket_of_the_time_the_queue_was_read_adds_nothing(tmp_path: Path) -> None:
    """Its turns were told of, long ago or just not yet, or it had none."""
    with a_store(tmp_path) as store:
        told(store, covered=Span(NOW_MS - 5 * HOUR_MS, NOW_MS))
        line = a_line(NOW_MS, method="GET", path="/v1/responses", duration_ms=4 * HOUR_MS)
        outcome = Log(store).says(line, msgspec.structs.replace(line, status=401))
        assert (outcome.recorded, outcome.seen) == (1, 1)


def test_a_request_without_an_id_joins_by_path_and_time(tmp_path: Path) -> None:
    """Where the proxy gives no id, the line and the record that ended together are one."""
    with a_store(tmp_path) as store:
        told(store, an_attempt(1, NOW_MS - 3_000, request_id=None, route="/v1/videos"))
        log = Log(store)
        log.says(a_line(NOW_MS - 1_500, request_id=None, path="/v1/videos?x=1"))
        log.says(a_line(NOW_MS - 1_000, request_id=None, path="/v1/videos"))
        told(store, an_attempt(2, NOW_MS - 2_000, request_id=None, route="/v1/videos"))
        assert books(store) == (2, 2, 20, 10)


def test_payloads_stay_with_the_recent_requests(tmp_path: Path) -> None:
    """What the queue told of a request in history can be looked up; forgetting leaves none."""
    with a_store(tmp_path, history_limit=10) as store:
        for n in range(1, 100):
            told(store, an_attempt(n, NOW_MS - 200_000 + n * 1_000, request_id=f"{n:08x}"))
        assert 10 <= _rows(store, "payloads") <= 10 + 32
        store.clear_request_history(forget=True)
        assert _rows(store, "payloads") == 0


def _rows(store: Store, table: str) -> int:
    return store._engine.read(
        lambda change: int(change.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    )


def test_what_is_not_understood_is_kept_and_counted(tmp_path: Path) -> None:
    """Payloads for a later version: the newest thousand stay, all of them are counted."""
    with a_store(tmp_path) as store:
        told(store, unread=[b'{"n":%d}' % n for n in range(700)])
        told(store, unread=[b'{"n":%d}' % n for n in range(700)], status=b'{"mode":"polling"}')
        (queue,) = store.queues()
        assert (queue.unread, queue.records, queue.status) == (1400, 1400, b'{"mode":"polling"}')
        assert _rows(store, "unread_payloads") == 1_000
        assert books(store) == (0, 0, 0, 0)


def test_gaps_of_the_queue_are_known(tmp_path: Path) -> None:
    """A span in which records were lost is stored with them."""
    gap = Gap(source=QUEUE, from_ms=NOW_MS - 5_000, until_ms=NOW_MS, reason="the proxy restarted")
    with a_store(tmp_path) as store:
        told(store, an_attempt(), gaps=[gap])
        assert list(store.gaps()) == [gap]


def test_a_total_beyond_exact_numbers_costs_the_tokens_not_the_request(tmp_path: Path) -> None:
    """Absurd numbers are left out and reported; the request is counted."""
    with a_store(tmp_path) as store:
        absurd = Tokens(uncached_input=MAX_INTEGER, visible_output=1)
        outcome = told(store, an_attempt(tokens=absurd))
        assert len(outcome.rejected) == 1
        assert books(store) == (1, 1, 0, 0)
        assert is_sound(store)


def test_tokens_for_a_request_from_before_a_reset_move_no_total(tmp_path: Path) -> None:
    """The request was counted before, so its tokens belong to what was put aside."""
    with a_store(tmp_path) as store:
        Log(store).says(a_line())
        aside = store.reset_aggregate_stats()
        told(store, an_attempt(), an_attempt(2, model="image"))
        assert books(store) == (0, 0, 0, 0)
        (row,) = store.get_request_history().requests
        assert row.tokens_in == 10
        store.restore(aside.name)
        assert books(store)[0] == 1
        assert is_sound(store)


def test_a_cleared_row_is_not_brought_back(tmp_path: Path) -> None:
    """Tokens that come after Clear count in the totals only."""
    with a_store(tmp_path) as store:
        Log(store).says(a_line())
        store.clear_request_history()
        told(store, an_attempt())
        assert books(store) == (1, 1, 10, 5)
        assert not store.get_request_history().requests


def test_after_the_loss_of_the_database_both_sources_still_join(tmp_path: Path) -> None:
    """The rows of history tell enough: neither a late line nor a late record counts twice."""
    with a_store(tmp_path) as store:
        log = Log(store)
        told(store, an_attempt(1, request_id="00000001"))
        log.says(a_line(request_id="00000002"))
    for name in ("proxypal.db", "proxypal.db-wal", "proxypal.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    with a_store(tmp_path) as store:
        Log(store, "again.log").says(a_line(request_id="00000001"))
        told(store, an_attempt(2, request_id="00000002"))
        assert books(store) == (2, 2, 20, 10)


def test_joined_requests_say_how_many_were_not(tmp_path: Path) -> None:
    """Successful lines without a record show that another consumer takes the records (2b.8)."""
    with a_store(tmp_path) as store:
        Log(store).says(*(a_line(request_id=f"{n:08x}") for n in range(1, 5)))
        told(store, an_attempt(request_id="00000001"))
        assert store.unjoined(NOW_MS - 60_000, NOW_MS) == (1, 3)
        assert store.unjoined(NOW_MS - 60_000, NOW_MS - 30_000) == (0, 0)


def test_caches_are_no_part_of_the_data(tmp_path: Path) -> None:
    """What is kept under a name is given back, by the other process too."""
    with a_store(tmp_path) as store, a_store(tmp_path) as other:
        assert store.cached("rates") is None
        store.keep_cached("rates", b"1")
        store.keep_cached("rates", b"2")
        assert other.cached("rates") == b"2"


def test_pushed_requests_are_not_joined(tmp_path: Path) -> None:
    """A request pushed with the proxy's id is complete as it is, with its own tokens."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a", request_id="a1b2c3d4", timestamp=NOW_MS - 1_000)])
        told(store, an_attempt())
        assert books(store) == (2, 2, 510, 305)


def check_any_order(seed: int, count: int) -> None:
    """Tell a store of random traffic in a random order, and compare with what it was."""
    random = Random(seed)
    traffic = Traffic(random, count)
    with TemporaryDirectory() as directory:
        store = a_store(Path(directory))
        log = Log(store)
        for batch in interleave(random, traffic.lines, traffic.attempts):
            if isinstance(batch[0], Attempt):
                told(store, *(one for one in batch if isinstance(one, Attempt)))
            else:
                log.says(*(one for one in batch if isinstance(one, RequestLog)))
            if random.random() < 0.1:
                store.close()
                store = a_store(Path(directory))
                log.goes_to(store)
        assert books(store) == traffic.truth
        models = store.get_aggregate().model_stats
        for model, requests in traffic.models.items():
            assert models[model].requests == requests
        assert is_sound(store)
        told(store, *traffic.attempts)
        assert books(store) == traffic.truth
        store.close()


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 40))
def test_totals_are_the_truth_in_whatever_order_it_is_told(seed: int, count: int) -> None:
    """D40, D16: any mix of requests, told by log and queue in any order, over restarts."""
    check_any_order(seed, count)


@pytest.mark.torture
@settings(max_examples=3_000)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 120))
def test_totals_are_the_truth_three_thousand_times(seed: int, count: int) -> None:
    """The same with longer traffic, three thousand times."""
    check_any_order(seed, count)
