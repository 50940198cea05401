"""What tokens cost, exactly: rates, tiers, and a schedule of them over time.

Money is US dollars as `Decimal`, rates are dollars per million tokens. Nothing is rounded. Must
not enter: where rates come from (`service.price_list`, the settings file), and the clock.
"""

from bisect import bisect_right
from decimal import Decimal

import msgspec

from proxypal.records.attempt import Tokens
from proxypal.records.counters import EXACT, plain_money
from proxypal.records.request import RequestLog

DAY_MS = 86_400_000
_ZERO = Decimal(0)


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars per million tokens of each disjoint kind, and dollars per request.

    Reasoning is billed as output unless the price list has a rate of its own for it.
    """

    uncached_input: Decimal = _ZERO
    cache_read: Decimal = _ZERO
    cache_write: Decimal = _ZERO
    cache_write_1h: Decimal = _ZERO
    output: Decimal = _ZERO
    reasoning: Decimal = _ZERO
    request: Decimal = _ZERO


class Tier(msgspec.Struct, frozen=True):
    """Rates of a whole request whose input, cache included, is above so many tokens."""

    above_input: int
    rates: Rates


class Tariff(msgspec.Struct, frozen=True):
    """Rates by the size of a request's input; `tiers` go up."""

    rates: Rates
    tiers: tuple[Tier, ...] = ()


class Slot(msgspec.Struct, frozen=True):
    """A tariff from a time of the day (UTC milliseconds) on; None where none is known."""

    from_ms: int
    tariff: Tariff | None


class Step(msgspec.Struct, frozen=True):
    """What is charged from a day (days since 1970, UTC) on, by the time of day."""

    from_day: int
    slots: tuple[Slot, ...]


class Schedule(msgspec.Struct, frozen=True):
    """Every tariff a model ever had. The first step begins on day 0, each first slot at 0."""

    steps: tuple[Step, ...]

    def step_at(self, moment_ms: int) -> int:
        """Index of the step in force at a Unix time in milliseconds."""
        day = max(moment_ms, 0) // DAY_MS
        return bisect_right(self.steps, day, key=lambda step: step.from_day) - 1

    def tariff_at(self, moment_ms: int) -> Tariff | None:
        """The tariff in force at a Unix time in milliseconds, None where none is known."""
        step = self.steps[-1]
        if moment_ms < step.from_day * DAY_MS:
            step = self.steps[self.step_at(moment_ms)]
        slots = step.slots
        if len(slots) == 1:
            return slots[0].tariff
        of_day = moment_ms % DAY_MS
        return slots[bisect_right(slots, of_day, key=lambda slot: slot.from_ms) - 1].tariff

    def constant_tariff(self, from_ms: int, until_ms: int) -> Tariff | None:
        """The one tariff in force from `from_ms` up to `until_ms`; None if there are several."""
        first, last = self.step_at(from_ms), self.step_at(until_ms - 1)
        slots = self.steps[first].slots
        return slots[0].tariff if first == last and len(slots) == 1 else None


def flat_schedule(tariff: Tariff) -> Schedule:
    """One tariff for all times."""
    return Schedule((Step(0, (Slot(0, tariff),)),))


def rates_for(tariff: Tariff, input_tokens: int) -> Rates:
    """The rates of a request with so much input, cache included.

    A tier begins above its number, and its rates then hold for every token of the request.
    """
    rates = tariff.rates
    for tier in tariff.tiers:
        if input_tokens <= tier.above_input:
            break
        rates = tier.rates
    return rates


def cost_of(tokens: Tokens, tariff: Tariff, requests: int = 1) -> Decimal:
    """What a request with these tokens costs.

    With several `requests`, what they cost together when `tokens` are their sums: exact as long
    as all of them are billed at the same rates (see `same_rates`).
    """
    cache_written = tokens.cache_write
    rates = tariff.rates
    if tariff.tiers:
        rates = rates_for(tariff, tokens.uncached_input + tokens.cache_read + cache_written)
    add = EXACT.fma
    total = _ZERO
    if tokens.uncached_input:
        total = EXACT.multiply(rates.uncached_input, tokens.uncached_input)
    if tokens.cache_read:
        total = add(rates.cache_read, tokens.cache_read, total)
    if cache_written:
        for_an_hour = tokens.cache_write_1h
        total = add(rates.cache_write, cache_written - for_an_hour, total)
        if for_an_hour:
            total = add(rates.cache_write_1h, for_an_hour, total)
    if tokens.visible_output:
        total = add(rates.output, tokens.visible_output, total)
    if tokens.reasoning:
        total = add(rates.reasoning, tokens.reasoning, total)
    cost = EXACT.scaleb(total, -6)
    if rates.request:
        cost = add(rates.request, requests, cost)
    # Below ten dollars `normalize` alone leaves no exponent; this runs once per request.
    return plain_money(cost) if cost >= 10 else EXACT.normalize(cost)


def same_rates(tariff: Tariff, input_tokens: int, requests: int) -> bool:
    """Whether so many requests with so much input together were surely billed at one set of rates.

    A single one is; of several, none can be above a tier that all of them together do not reach.
    """
    return requests == 1 or not tariff.tiers or input_tokens <= tariff.tiers[0].above_input


def tokens_of(request: RequestLog) -> Tokens | None:
    """The kinds of tokens of a recorded request; None if there are none or they contradict.

    What is cached or thought must be within the input and output it is part of: where it is
    not, input was told without its cache, and no price can be right.
    """
    tokens_in, tokens_out = request.tokens_in or 0, request.tokens_out or 0
    if not (tokens_in or tokens_out):
        return None
    return split_tokens(
        tokens_in,
        tokens_out,
        request.tokens_cached or 0,
        request.tokens_cache_write or 0,
        request.tokens_reasoning or 0,
    )


def split_tokens(
    tokens_in: int, tokens_out: int, cache_read: int, cache_write: int, reasoning: int
) -> Tokens | None:
    """Disjoint kinds of sums that contain each other; None if they contradict."""
    uncached = tokens_in - cache_read - cache_write
    if uncached < 0 or reasoning > tokens_out:
        return None
    return Tokens(
        uncached_input=uncached,
        cache_read=cache_read,
        cache_write=cache_write,
        visible_output=tokens_out - reasoning,
        reasoning=reasoning,
    )
