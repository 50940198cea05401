"""Giving counted requests the price they lacked: what is exact, and what has to be left alone.

A request that is still known by itself is priced by its own moment. Of the rest the sums of each
local hour and series are known: they are priced where no price changed around that hour and no
tier can have been reached, so that the sum of the tokens costs what the requests cost. Pure.
Must not enter: where prices come from, and how totals are changed.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from proxypal.records.attempt import Attempt
from proxypal.records.cost import Schedule, cost_of, same_rates, split_tokens, tokens_of
from proxypal.records.counters import EXACT
from proxypal.records.repriced import (
    CountedCell,
    CountedRequest,
    LeftAlone,
    Priceable,
    PricedCell,
    PricedRequest,
    Repricing,
)
from proxypal.records.request import RequestLog

HOUR_MS = 3_600_000
_EARLIEST_MS = 38 * HOUR_MS
"""A local hour begins at most 14 h before the same hour in UTC; its requests may be a day long."""
_LATEST_MS = 13 * HOUR_MS


class Quoted(msgspec.Struct, frozen=True):
    """A model's prices over time, and whether they are the user's own."""

    schedule: Schedule
    is_own: bool


Quotes = Callable[[str, str, str | None], Quoted | None]
"""What is known of the price of (provider, model, service tier)."""

ReadPayload = Callable[[bytes], Attempt | None]
"""A payload as it was kept to the attempt it tells of; None if it is not understood."""


NO_PRICE = "no price is known"
CONTRADICTION = "more tokens from the cache than input, or more thought than output"
MIXED = "counted together with requests that have a price"
CHANGED = "the price changed around that hour, and only the hour's sums are known"
TIERED = "some may be in a dearer tier, and only the hour's sums are known"
TOTALS_ONLY = "only all-time totals are known of them"


def plan(
    priceable: Priceable,
    quotes: Quotes,
    *,
    read_payload: ReadPayload = lambda _: None,
    model: str | None = None,
    corrects: bool = False,
) -> Repricing:
    """What today's knowledge of prices would change.

    Args:
        priceable: what the totals hold.
        quotes: the prices known now.
        read_payload: how what the queue told of a request is understood.
        model: only this model; None for all.
        corrects: also requests that have a cost, where the user's own price gives another one.
    """
    left: dict[tuple[str, str], int] = {}
    requests: list[PricedRequest] = []
    cells: list[PricedCell] = []
    for known in priceable.requests:
        if model in {None, known.names[1]}:
            priced = _priced_request(known, quotes, read_payload, corrects=corrects)
            if isinstance(priced, PricedRequest):
                requests.append(priced)
            elif priced:
                _leave(left, known.names[1], priced, 1)
    for cell in priceable.cells:
        if model in {None, cell.names[1]}:
            answer = _priced_cell(cell, quotes)
            if isinstance(answer, PricedCell):
                cells.append(answer)
            else:
                _leave(left, cell.names[1], answer, cell.sums.unpriced)
    _leave_rest(left, priceable, model)
    reasons = sorted(left.items(), key=lambda entry: (-entry[1], entry[0]))
    return Repricing(
        requests=requests,
        cells=cells,
        left_alone=[
            LeftAlone(model=name, requests=count, reason=reason)
            for (name, reason), count in reasons
        ],
    )


def _priced_request(
    known: CountedRequest, quotes: Quotes, read_payload: ReadPayload, *, corrects: bool
) -> PricedRequest | str | None:
    """The request with its cost, why it gets none, or None if it has the right one."""
    before = known.request.cost_usd
    quoted = quotes(known.names[0], known.names[1], None)
    if before is not None and (not corrects or quoted is None or not quoted.is_own):
        return None
    attempts = _attempts_of(known, read_payload)
    after = _cost_of_attempts(attempts, quotes) if attempts else _cost_of_one(known.request, quoted)
    if isinstance(after, str):
        return after if before is None else None
    if after == before:
        return None
    return PricedRequest(
        arrival=known.arrival, hour=known.hour, names=known.names, before=before, after=after
    )


def _attempts_of(known: CountedRequest, read_payload: ReadPayload) -> list[Attempt]:
    """The attempts a request's tokens are of; none where that is not certain.

    Beside a request's own attempts what it used under another model may be kept (an image tool).
    """
    told = [attempt for payload in known.payloads if (attempt := read_payload(payload))]
    told = [attempt for attempt in told if attempt.tokens]
    of_model = [attempt for attempt in told if attempt.model == known.request.model]
    wanted = (known.request.tokens_in or 0, known.request.tokens_out or 0)
    for attempts in (told, of_model):
        found = (
            sum(attempt.tokens.input for attempt in attempts),
            sum(attempt.tokens.output for attempt in attempts),
        )
        if found == wanted:
            return attempts
    return []


def _cost_of_attempts(attempts: Iterable[Attempt], quotes: Quotes) -> Decimal | str:
    """Each by its own model, service tier and start."""
    total = Decimal(0)
    for attempt in attempts:
        quoted = quotes(attempt.provider, attempt.model, attempt.service_tier)
        tariff = None if quoted is None else quoted.schedule.tariff_at(attempt.started_ms)
        if tariff is None:
            return NO_PRICE
        total = EXACT.add(total, cost_of(attempt.tokens, tariff))
    return total


def _cost_of_one(request: RequestLog, quoted: Quoted | None) -> Decimal | str:
    tokens = tokens_of(request)
    if tokens is None:
        return CONTRADICTION
    began_ms = max(request.timestamp - request.duration_ms, 0)
    tariff = None if quoted is None else quoted.schedule.tariff_at(began_ms)
    return NO_PRICE if tariff is None else cost_of(tokens, tariff)


def _priced_cell(cell: CountedCell, quotes: Quotes) -> PricedCell | str:
    sums = cell.sums
    quoted = quotes(cell.names[0], cell.names[1], None)
    if quoted is None:
        return NO_PRICE
    if sums.cost_usd:
        return MIXED
    tokens = split_tokens(
        sums.tokens_in,
        sums.tokens_out,
        sums.tokens_cached,
        sums.tokens_cache_write,
        sums.tokens_reasoning,
    )
    if not tokens:
        return CONTRADICTION
    begin_ms = cell.hour * HOUR_MS
    tariff = quoted.schedule.constant_tariff(
        max(begin_ms - _EARLIEST_MS, 0), begin_ms + HOUR_MS + _LATEST_MS
    )
    if tariff is None:
        return CHANGED
    if not same_rates(tariff, tokens.input, sums.unpriced):
        return TIERED
    cost = cost_of(tokens, tariff, requests=sums.unpriced)
    return PricedCell(hour=cell.hour, names=cell.names, sums=sums, cost=cost)


def _leave(left: dict[tuple[str, str], int], model: str, reason: str, requests: int) -> None:
    left[model, reason] = left.get((model, reason), 0) + requests


def _leave_rest(left: dict[tuple[str, str], int], priceable: Priceable, model: str | None) -> None:
    """Unpriced requests of which neither a row nor an hour is known."""
    known: dict[str, int] = {}
    for request in priceable.requests:
        if request.request.cost_usd is None:
            known[request.names[1]] = known.get(request.names[1], 0) + 1
    for cell in priceable.cells:
        known[cell.names[1]] = known.get(cell.names[1], 0) + cell.sums.unpriced
    for name, unpriced in priceable.unpriced.items():
        rest = unpriced - known.get(name, 0)
        if rest > 0 and model in {None, name}:
            _leave(left, name, TOTALS_ONLY, rest)
