"""Stores with requests that have no price, and a price for them."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from builders import HOUR_MS, NOW_MS, SetClock, a_request, a_store
from proxypal.records.cost import Rates, Tariff, cost_of, flat_schedule, tokens_of
from proxypal.records.repriced import Repricing
from proxypal.records.repricing_plan import Quoted, plan
from proxypal.records.request import RequestLog
from proxypal.store import Store

RATES = Rates(
    uncached_input=Decimal("1.25"),
    cache_read=Decimal("0.125"),
    cache_write=Decimal("1.5625"),
    cache_write_1h=Decimal("2.5"),
    output=Decimal(10),
    reasoning=Decimal(10),
)
PRICE = Quoted(flat_schedule(Tariff(RATES)), is_own=False)


def quote(_provider: str, model: str, _tier: str | None) -> Quoted | None:
    """A price for every model but one."""
    return None if model == "unlisted" else PRICE


def priced(request: RequestLog) -> RequestLog:
    """The request as it would have been recorded, had the price been known."""
    tokens = tokens_of(request)
    if tokens is None or request.cost_usd is not None or request.model == "unlisted":
        return request
    return msgspec.structs.replace(request, cost_usd=cost_of(tokens, Tariff(RATES)))


def an_unpriced(number: int, **changes: object) -> RequestLog:
    """A request some minutes apart from the others, all different."""
    usual = a_request(
        model="new-model",
        timestamp=NOW_MS + number * 60_000,
        tokens_in=1000 + number,
        tokens_out=10 + number,
        tokens_cached=number,
    )
    return msgspec.structs.replace(usual, **changes)


def a_store_of(
    path: Path, requests: Sequence[RequestLog], *, history_limit: int = 500
) -> tuple[Store, SetClock]:
    """A store that holds these, of which only the newest are still known by themselves.

    Three hours and some failures later nothing else is left of the others than sums.
    """
    clock = SetClock(NOW_MS + 6 * HOUR_MS)
    store = a_store(path, clock=clock, history_limit=history_limit)
    store.record(requests)
    clock.now_ms += 3 * HOUR_MS
    store.record(
        a_request(model="new-model", timestamp=1, status=500, tokens_in=None, tokens_out=None)
        for _ in range(64)
    )
    return store, clock


def plan_of(store: Store, *, corrects: bool = False) -> Repricing:
    """What the price changes."""
    return plan(store.priceable(), quote, corrects=corrects)
