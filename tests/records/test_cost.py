"""What tokens cost: exact, by tier, by day."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_request, at
from proxypal.records.attempt import Tokens
from proxypal.records.cost import (
    DAY_MS,
    Rates,
    Schedule,
    Slot,
    Step,
    Tariff,
    Tier,
    cost_of,
    flat_schedule,
    same_rates,
    split_tokens,
    tokens_of,
)

RATES = Rates(
    uncached_input=Decimal(3),
    cache_read=Decimal("0.3"),
    cache_write=Decimal("3.75"),
    cache_write_1h=Decimal(6),
    output=Decimal(15),
    reasoning=Decimal(15),
)
DOUBLED = Rates(**{name: 2 * getattr(RATES, name) for name in RATES.__struct_fields__})
TIERED = Tariff(RATES, (Tier(200_000, DOUBLED),))

MANY = st.integers(0, 2**53 - 1)


def tariff_of(cents: int) -> Tariff:
    """Everything at so many cents per million tokens."""
    return Tariff(Rates(uncached_input=Decimal(cents) / 100, output=Decimal(cents) / 100))


def test_each_kind_of_tokens_has_its_own_rate() -> None:
    """A hand-computed request: 1,000 fresh, 5,000 read, 400 written, 200 answered, 50 thought."""
    tokens = Tokens(
        uncached_input=1000, cache_read=5000, cache_write=400, visible_output=200, reasoning=50
    )
    assert cost_of(tokens, Tariff(RATES)) == Decimal("0.00975")


def test_cached_input_is_billed_once() -> None:
    """2b.3: input that was read from the cache costs the cached rate, not that and the full one."""
    tokens = tokens_of(a_request(tokens_in=10_000, tokens_out=0, tokens_cached=9_000))
    assert tokens is not None
    assert cost_of(tokens, Tariff(RATES)) == Decimal("0.003") + Decimal("0.0027")


def test_a_write_for_an_hour_costs_more_than_one_for_five_minutes() -> None:
    """2b.4: what is cached for an hour is billed at its own rate, the rest at the usual one."""
    tokens = Tokens(cache_write=1_000_000, cache_write_1h=400_000)
    assert cost_of(tokens, Tariff(RATES)) == Decimal("3.75") * 6 / 10 + Decimal(6) * 4 / 10


@pytest.mark.parametrize(("read", "factor"), [(199_000, 1), (199_001, 2)])
def test_a_tier_holds_for_the_whole_request_above_its_number(read: int, factor: int) -> None:
    """200,000 tokens of input, cache included, are below the tier; one more doubles everything."""
    tokens = Tokens(uncached_input=1000, cache_read=read, visible_output=10)
    assert cost_of(tokens, TIERED) == factor * cost_of(tokens, Tariff(RATES))


def test_a_price_per_request_is_added_once_per_request() -> None:
    """Some models also cost something per request."""
    rates = msgspec.structs.replace(RATES, request=Decimal("0.005"))
    assert cost_of(Tokens(), Tariff(rates), requests=3) == Decimal("0.015")


@given(uncached=MANY, read=MANY, written=MANY, answered=MANY, micros=st.integers(0, 10**12))
def test_nothing_is_rounded(
    uncached: int, read: int, written: int, answered: int, micros: int
) -> None:
    """Any number of tokens at any rate costs exactly what integers say it does."""
    rate = Decimal(micros).scaleb(-6)
    tokens = Tokens(
        uncached_input=uncached, cache_read=read, cache_write=written, visible_output=answered
    )
    rates = Rates(uncached_input=rate, cache_read=rate, cache_write=rate, output=rate)
    cost = cost_of(tokens, Tariff(rates))
    assert int(cost.scaleb(12)) == (uncached + read + written + answered) * micros
    assert "E+" not in str(cost)


def test_the_price_is_that_of_the_day_and_the_hour() -> None:
    """A schedule changes at midnight UTC of a day, and within a day at a time."""
    night = Slot(0, tariff_of(1)), Slot(8 * 3_600_000, tariff_of(3))
    schedule = Schedule((Step(0, (Slot(0, tariff_of(2)),)), Step(20_000, night)))
    assert schedule.tariff_at(0) == schedule.tariff_at(20_000 * DAY_MS - 1) == tariff_of(2)
    assert schedule.tariff_at(20_000 * DAY_MS) == tariff_of(1)
    assert schedule.tariff_at(20_500 * DAY_MS + 8 * 3_600_000 - 1) == tariff_of(1)
    assert schedule.tariff_at(20_500 * DAY_MS + 8 * 3_600_000) == tariff_of(3)


def test_a_span_has_one_price_only_where_none_changes_in_it() -> None:
    """A sum of an hour can be priced only if every moment of it has the same price."""
    change_ms = at("2025-06-10")
    steps = Step(0, (Slot(0, tariff_of(9)),)), Step(change_ms // DAY_MS, (Slot(0, tariff_of(1)),))
    schedule = Schedule(steps)
    assert schedule.constant_tariff(change_ms - 10, change_ms) == tariff_of(9)
    assert schedule.constant_tariff(change_ms - 10, change_ms + 1) is None
    assert schedule.constant_tariff(change_ms, change_ms + DAY_MS) == tariff_of(1)
    by_hour = Schedule((Step(0, (Slot(0, tariff_of(1)), Slot(5, tariff_of(2)))),))
    assert by_hour.constant_tariff(6, 7) is None
    assert flat_schedule(tariff_of(4)).constant_tariff(0, change_ms) == tariff_of(4)


def test_sums_are_priced_only_below_every_tier() -> None:
    """Of several requests none can be in a tier that all of them together do not reach."""
    assert same_rates(TIERED, 200_000, requests=50)
    assert not same_rates(TIERED, 200_001, requests=2)
    assert same_rates(TIERED, 900_000, requests=1)
    assert same_rates(Tariff(RATES), 10**9, requests=7)


def test_input_told_without_its_cache_has_no_price() -> None:
    """More read from the cache than there was input cannot be: no cost is made up for it."""
    assert tokens_of(a_request(tokens_in=10, tokens_out=5, tokens_cached=11)) is None
    assert split_tokens(10, 5, 0, 0, 6) is None
    assert tokens_of(a_request(tokens_in=None, tokens_out=None)) is None
    assert tokens_of(a_request(tokens_in=0, tokens_out=0)) is None


@given(tokens_in=MANY, tokens_out=MANY, read=MANY, written=MANY, thought=MANY)
def test_kinds_add_up_to_what_was_told(
    tokens_in: int, tokens_out: int, read: int, written: int, thought: int
) -> None:
    """Splitting loses no token."""
    tokens = split_tokens(tokens_in, tokens_out, read, written, thought)
    if tokens is not None:
        assert (tokens.input, tokens.output) == (tokens_in, tokens_out)
