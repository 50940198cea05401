"""What a request adds to every total it belongs to, as one additive value."""

from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, localcontext

import msgspec

from proxypal.records.request import RequestLog

FAILURE_CLASSES = (
    "client_gone",
    "rate_limited",
    "client_errors",
    "server_errors",
    "other_failures",
)
"""499; 429; other 4xx; 5xx; no status (0, 1xx below 100, above 599) or a failed last attempt."""

_ZERO = Decimal(0)

EXACT = Context(prec=120, traps=[Inexact])
"""Adds money to the last digit; a request's cost is bounded so that 120 digits always suffice."""


class Counters(msgspec.Struct, kw_only=True, gc=False):
    """Sums over requests; every field only ever adds. Success is `requests` minus failures."""

    requests: int = 0
    client_gone: int = 0
    rate_limited: int = 0
    client_errors: int = 0
    server_errors: int = 0
    other_failures: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_cache_write: int = 0
    tokens_reasoning: int = 0
    duration_ms: int = 0
    ttft_ms: int = 0
    ttft_requests: int = 0
    unpriced: int = 0
    cost_usd: Decimal = _ZERO

    @property
    def failures(self) -> int:
        """Requests that did not succeed; success + failures = requests, always."""
        return (
            self.client_gone
            + self.rate_limited
            + self.client_errors
            + self.server_errors
            + self.other_failures
        )

    @property
    def success(self) -> int:
        """Requests that succeeded."""
        return self.requests - self.failures

    @property
    def tokens(self) -> int:
        """Input plus output."""
        return self.tokens_in + self.tokens_out

    def add(self, other: "Counters", sign: int = 1) -> None:
        """Add `other`, or take it away with `sign` -1."""
        for name in COUNT_FIELDS:
            value = getattr(other, name)
            if value:
                setattr(self, name, getattr(self, name) + sign * value)
        if other.cost_usd:
            amount = other.cost_usd if sign > 0 else other.cost_usd.copy_negate()
            self.cost_usd = EXACT.add(self.cost_usd, amount)

    def __bool__(self) -> bool:
        """Whether anything is counted."""
        return self.requests != 0 or any(getattr(self, name) for name in COUNTER_FIELDS)


COUNTER_FIELDS: tuple[str, ...] = tuple(f.name for f in msgspec.structs.fields(Counters))
COUNT_FIELDS: tuple[str, ...] = COUNTER_FIELDS[:-1]
"""Every field that is an integer: all but the money."""


def plain_money(amount: Decimal) -> Decimal:
    """The same amount without trailing zeros or a positive exponent, as it is written."""
    if not amount:
        return _ZERO
    normal = amount.normalize(EXACT)
    exponent = normal.as_tuple().exponent
    return normal.quantize(Decimal(1), context=EXACT) if exponent > 0 else normal  # type: ignore[operator]  # finite: admitted money is never NaN


def total_of(group: Sequence[Counters]) -> Counters:
    """The sum of counters; of a single one, that one itself."""
    if len(group) == 1:
        return group[0]
    requests = gone = limited = client = server = other = 0
    tokens_in = tokens_out = cached = written = thought = 0
    duration = ttft = ttft_requests = unpriced = 0
    costs: list[Decimal] = []
    # Local names and one pass: this is where the time of a query goes.
    for one in group:
        requests += one.requests
        gone += one.client_gone
        limited += one.rate_limited
        client += one.client_errors
        server += one.server_errors
        other += one.other_failures
        tokens_in += one.tokens_in
        tokens_out += one.tokens_out
        cached += one.tokens_cached
        written += one.tokens_cache_write
        thought += one.tokens_reasoning
        duration += one.duration_ms
        ttft += one.ttft_ms
        ttft_requests += one.ttft_requests
        unpriced += one.unpriced
        costs.append(one.cost_usd)
    with localcontext(EXACT):
        cost = sum(costs, Decimal(0))
    return Counters(
        requests=requests,
        client_gone=gone,
        rate_limited=limited,
        client_errors=client,
        server_errors=server,
        other_failures=other,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cached=cached,
        tokens_cache_write=written,
        tokens_reasoning=thought,
        duration_ms=duration,
        ttft_ms=ttft,
        ttft_requests=ttft_requests,
        unpriced=unpriced,
        cost_usd=cost,
    )


def failure_class(status: int, *, failed: bool) -> str | None:
    """Which of `FAILURE_CLASSES` a status belongs to; None for a success (100-399)."""
    if 100 <= status < 400:
        return "other_failures" if failed else None
    if status == 499:
        return "client_gone"
    if status == 429:
        return "rate_limited"
    if 400 <= status < 500:
        return "client_errors"
    if 500 <= status < 600:
        return "server_errors"
    return "other_failures"


def counters_of(request: RequestLog) -> Counters:
    """What `request` alone counts for."""
    counted = Counters()
    count_into(counted, request)
    return counted


def count_into(sums: Counters, request: RequestLog) -> None:
    """Add `request` to `sums`: the hot path of every batch."""
    sums.requests += 1
    status = request.status
    if not 100 <= status < 400 or request.failed:
        name = failure_class(status, failed=request.failed)
        if name is not None:
            setattr(sums, name, getattr(sums, name) + 1)
    sums.duration_ms += request.duration_ms
    tokens_in = request.tokens_in
    tokens_out = request.tokens_out
    if tokens_in or tokens_out:
        sums.tokens_in += tokens_in or 0
        sums.tokens_out += tokens_out or 0
        if request.cost_usd is None:
            sums.unpriced += 1
    if request.tokens_cached:
        sums.tokens_cached += request.tokens_cached
    if request.tokens_cache_write:
        sums.tokens_cache_write += request.tokens_cache_write
    if request.tokens_reasoning:
        sums.tokens_reasoning += request.tokens_reasoning
    if request.cost_usd is not None:
        sums.cost_usd = EXACT.add(sums.cost_usd, request.cost_usd)
    if request.ttft_ms is not None:
        sums.ttft_ms += request.ttft_ms
        sums.ttft_requests += 1
