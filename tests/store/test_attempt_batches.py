"""Several attempts of the queue in one batch, and numbers at the end of what is exact."""

from pathlib import Path

import pytest

from builders import NOW_MS, a_request, a_store, an_attempt, facts_of
from proxypal.records.attempt import Tokens
from proxypal.records.counters import Counters
from proxypal.records.request import MAX_INTEGER
from proxypal.store.payloads import read_payloads
from telling import books, is_sound, told


def test_what_was_told_of_each_attempt_lies_beside_the_request(tmp_path: Path) -> None:
    """A retry in the same batch and one in a later batch: three payloads, in their order."""
    failed = {"failed": True, "status": 502}
    with a_store(tmp_path) as store:
        told(
            store,
            an_attempt(1, NOW_MS - 9_000, payload=b'{"n":1}', **failed),
            an_attempt(2, NOW_MS - 7_000, payload=b'{"n":2}', **failed),
        )
        told(store, an_attempt(3, NOW_MS - 5_000, payload=b'{"n":3}'))
        kept = store._engine.read(lambda change: read_payloads(change.connection, 1))
        assert kept == [b'{"n":1}', b'{"n":2}', b'{"n":3}']
        assert books(store)[0] == 1


@pytest.mark.parametrize(
    ("latency_ms", "ttft_ms", "is_absurd"),
    [
        (MAX_INTEGER // 2, None, False),
        (MAX_INTEGER // 2 + 1, None, True),
        (MAX_INTEGER // 2 - 10, 10, False),
        (MAX_INTEGER // 2 - 10, 11, True),
    ],
)
def test_an_absurd_duration_is_left_out_and_reported(
    latency_ms: int, ttft_ms: int | None, *, is_absurd: bool, tmp_path: Path
) -> None:
    """The request counts, without times that would push a total off the exact integers."""
    attempt = an_attempt(latency_ms=latency_ms, ttft_ms=ttft_ms)
    with a_store(tmp_path) as store:
        outcome = told(store, attempt)
        assert (len(outcome.rejected), outcome.recorded) == (int(is_absurd), 1)
        (row,) = store.get_request_history().requests
        assert row.duration_ms == (0 if is_absurd else latency_ms)
        assert row.ttft_ms == (None if is_absurd else ttft_ms)
        assert is_sound(store)


def test_the_last_exact_token_still_counts(tmp_path: Path) -> None:
    """Up to 2^53 - 1 in all; with one more the request counts without its tokens."""
    with a_store(tmp_path) as store:
        most = Tokens(uncached_input=MAX_INTEGER - 1, visible_output=1)
        assert not told(store, an_attempt(1, request_id="00000001", tokens=most)).rejected
        one = told(store, an_attempt(2, request_id="00000002", tokens=Tokens(visible_output=1)))
        assert len(one.rejected) == 1
        assert books(store) == (2, 2, MAX_INTEGER - 1, 1)


def test_after_a_repeated_request_the_rest_of_the_batch_counts(tmp_path: Path) -> None:
    """A client that sends a batch again with more in it loses nothing of what is new."""
    one, two, three = (a_request(id=name, timestamp=NOW_MS - 5) for name in "abc")
    with a_store(tmp_path) as store:
        store.record([one])
        outcome = store.record([two, one, two, three])
        assert (outcome.recorded, sorted(outcome.duplicates)) == (2, [1, 2])
        assert [row.id for row in store.get_request_history().requests] == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["tokens_cached", "tokens_cache_write", "tokens_reasoning"])
def test_each_kind_of_token_counts_up_to_the_last_exact_one(tmp_path: Path, name: str) -> None:
    """What a request does not tell of the other kinds counts as nothing, not as one more."""
    facts = facts_of([])
    total = Counters(requests=1)
    setattr(total, name, MAX_INTEGER - 1)
    facts.sums = {("total", ""): total}
    one_more = a_request(**{name: 1, "tokens_in": 1, "tokens_out": 1})
    with a_store(tmp_path) as store:
        store.import_facts(facts, fingerprint="f1")
        assert not store.record([one_more]).rejected
        assert [rejection.index for rejection in store.record([one_more]).rejected] == [0]
        assert books(store)[0] == 2
