"""What a request adds to a total: additive, exact, success and failure always the whole."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_request, money, requests
from proxypal.records.counters import (
    COUNTER_FIELDS,
    FAILURE_CLASSES,
    Counters,
    count_into,
    counters_of,
    failure_class,
    plain_money,
)
from proxypal.records.request import RequestLog


@pytest.mark.parametrize(
    ("status", "failed", "expected"),
    [
        (0, False, "other_failures"),
        (99, False, "other_failures"),
        (100, False, None),
        (101, False, None),
        (200, False, None),
        (302, False, None),
        (399, False, None),
        (200, True, "other_failures"),
        (302, True, "other_failures"),
        (400, False, "client_errors"),
        (401, False, "client_errors"),
        (404, True, "client_errors"),
        (428, False, "client_errors"),
        (429, False, "rate_limited"),
        (429, True, "rate_limited"),
        (430, False, "client_errors"),
        (498, False, "client_errors"),
        (499, False, "client_gone"),
        (499, True, "client_gone"),
        (500, False, "server_errors"),
        (502, True, "server_errors"),
        (599, False, "server_errors"),
        (600, False, "other_failures"),
        (999, False, "other_failures"),
    ],
)
def test_each_status_has_one_class(status: int, failed: bool, expected: str | None) -> None:
    """A client that hung up, a rate limit, a bad request and a broken server are told apart."""
    assert failure_class(status, failed=failed) == expected
    counted = counters_of(RequestLog(status=status, failed=failed))
    found = [name for name in FAILURE_CLASSES if getattr(counted, name)]
    assert found == ([] if expected is None else [expected])


@given(requests())
def test_success_and_failure_are_the_whole(request: RequestLog) -> None:
    """Every request is a success or a failure, never both, whatever its status."""
    counted = counters_of(request)
    assert counted.requests == 1
    assert counted.success + counted.failures == 1
    assert (counted.success == 1) is request.is_success


@given(st.lists(requests(), max_size=8))
def test_the_sum_is_the_sum_of_the_requests(batch: list[RequestLog]) -> None:
    """Counting one by one, or all into one sum, gives the same numbers, money to the last digit."""
    at_once, one_by_one = Counters(), Counters()
    for request in batch:
        count_into(at_once, request)
        one_by_one.add(counters_of(request))
    assert at_once == one_by_one
    assert at_once.tokens_in == sum(r.tokens_in or 0 for r in batch)
    assert at_once.tokens_out == sum(r.tokens_out or 0 for r in batch)
    assert at_once.tokens_cached == sum(r.tokens_cached or 0 for r in batch)
    assert at_once.tokens_cache_write == sum(r.tokens_cache_write or 0 for r in batch)
    assert at_once.tokens_reasoning == sum(r.tokens_reasoning or 0 for r in batch)
    assert at_once.duration_ms == sum(r.duration_ms for r in batch)
    assert at_once.ttft_ms == sum(r.ttft_ms or 0 for r in batch)
    assert at_once.ttft_requests == sum(r.ttft_ms is not None for r in batch)
    assert Fraction(at_once.cost_usd) == sum(Fraction(r.cost_usd or 0) for r in batch)


@given(st.lists(requests(), max_size=4), st.lists(requests(), min_size=1, max_size=4))
def test_what_was_added_can_be_taken_off_again(
    kept: list[RequestLog], undone: list[RequestLog]
) -> None:
    """Undoing leaves exactly what was there before, to the last fraction of a cent."""
    before, sums, more = Counters(), Counters(), Counters()
    for request in kept:
        count_into(before, request)
        count_into(sums, request)
    for request in undone:
        count_into(more, request)
    sums.add(more)
    sums.add(more, -1)
    assert sums == before
    assert bool(sums) is bool(kept)


@given(st.lists(money(), max_size=40))
def test_money_adds_up_to_the_last_digit(costs: list[Decimal]) -> None:
    """A million small costs do not drift: the sum is the one of exact fractions."""
    sums = Counters()
    for cost in costs:
        count_into(sums, RequestLog(status=200, cost_usd=cost))
    assert Fraction(sums.cost_usd) == sum(Fraction(cost) for cost in costs)


def test_a_tenth_three_times_is_three_tenths() -> None:
    """$0.10 + $0.10 + $0.10 is $0.30 and not 0.30000000000000004."""
    sums = Counters()
    for _ in range(3):
        count_into(sums, RequestLog(status=200, cost_usd=Decimal("0.10")))
    assert plain_money(sums.cost_usd) == Decimal("0.3")
    assert str(plain_money(sums.cost_usd)) == "0.3"


def test_five_billion_tokens_stay_five_billion() -> None:
    """D35: 3e9 input and 2e9 output tokens are 5e9, not what is left of them in 32 bits."""
    counted = counters_of(a_request(tokens_in=3_000_000_000, tokens_out=2_000_000_000))
    assert counted.tokens == 5_000_000_000


@pytest.mark.parametrize(
    ("tokens_in", "tokens_out", "cost", "unpriced"),
    [
        (500, 300, None, 1),
        (500, None, None, 1),
        (None, 300, None, 1),
        (None, None, None, 0),
        (0, 0, None, 0),
        (500, 300, Decimal(0), 0),
        (500, 300, Decimal("0.01"), 0),
    ],
)
def test_tokens_without_a_price_are_counted_as_such(
    tokens_in: int | None, tokens_out: int | None, cost: Decimal | None, unpriced: int
) -> None:
    """A request whose price nobody knows is unpriced; a free one costs $0 and is not."""
    request = a_request(tokens_in=tokens_in, tokens_out=tokens_out, cost_usd=cost)
    assert counters_of(request).unpriced == unpriced


def test_cached_tokens_count_even_alone() -> None:
    """A request that only reports cached tokens still adds them."""
    counted = counters_of(a_request(tokens_in=None, tokens_out=None, tokens_cached=70))
    assert counted.tokens_cached == 70
    assert counted.tokens == 0


@given(money())
def test_money_is_written_plainly(amount: Decimal) -> None:
    """An amount is shown without trailing zeros and without a power of ten, and stays the same."""
    plain = plain_money(amount)
    assert plain == amount
    text = str(plain)
    assert plain.as_tuple().exponent <= 0  # type: ignore[operator]  # the strategy draws no NaN
    assert "." not in text or not text.endswith("0") or "E" in text


def test_nothing_counted_is_false() -> None:
    """An empty sum is known as empty, one with nothing but a cost is not."""
    assert not Counters()
    assert Counters(cost_usd=Decimal("0.01"))
    assert all(not getattr(Counters(), name) for name in COUNTER_FIELDS)
