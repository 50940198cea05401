"""A crowd's traffic: 3,000,000 requests of 90 days, 50 models, 50 keys, 500 accounts, 1 % failed.

The shape of CPA Usage Keeper's capacity report. Names weigh 10 : 3 : 1 in turn, every account is
of one of five providers like every model, days have working hours, and one request in four goes
on where its key left off, as a session does. So a day of 33,000 requests is 25,000 different
cells: the worst a breakdown by hour, model, key and account can meet is not far.
"""

import random
from collections.abc import Iterator
from decimal import Decimal
from itertools import accumulate

from msgspec.structs import replace

from proxypal import RequestLog

DAYS = 90
REQUESTS = 3_000_000
DAY_MS = 86_400_000

PROVIDERS = ("claude", "openai", "gemini", "qwen", "moonshot")
MODELS = [(PROVIDERS[n % 5], f"{PROVIDERS[n % 5]}-model-{n:02d}") for n in range(50)]
KEYS = [f"sk-…{n:04d}#{n * 7919 % 0xFFFFFF:06x}" for n in range(50)]
ACCOUNTS = {
    provider: [
        f"u***{n:03d}@example.com#{n * 104_729 % 0xFFFFFF:06x}" for n in range(place, 500, 5)
    ]
    for place, provider in enumerate(PROVIDERS)
}
_PRICES = {
    model: [Decimal(f"{base * part / 10**8:.10f}") for part in (10, 1, 12, 50)]
    for n, (_, model) in enumerate(MODELS)
    for base in ((3, 10, 30, 50, 150)[n // 5 % 5],)
}
_HOURS = (1, 1, 1, 1, 1, 1, 2, 3, 6, 8, 9, 9, 8, 8, 9, 9, 8, 6, 5, 4, 4, 3, 2, 1)
_FAILURES = (429, 429, 500, 503, 499, 400)


def _weights(count: int) -> list[int]:
    return list(accumulate((10, 3, 1)[n % 3] for n in range(count)))


def crowd(
    end_ms: int, requests: int = REQUESTS, days: int = DAYS, seed: int = 7
) -> Iterator[list[RequestLog]]:
    """The traffic up to a moment, in the order of time, in batches of at most 10,000."""
    chance = random.Random(seed)
    last: dict[str, tuple[tuple[str, str], str]] = {}
    a_day = requests // days
    for day in range(days):
        start_ms = end_ms - (days - day) * DAY_MS
        hours = chance.choices(range(24), _HOURS, k=a_day)
        moments = sorted(
            start_ms + hour * 3_600_000 + chance.randrange(3_600_000) for hour in hours
        )
        keys = chance.choices(KEYS, cum_weights=_weights(50), k=a_day)
        models = chance.choices(MODELS, cum_weights=_weights(50), k=a_day)
        batch: list[RequestLog] = []
        for moment_ms, key, model in zip(moments, keys, models, strict=True):
            if key in last and chance.random() < 0.25:
                (provider, name), account = last[key]
            else:
                provider, name = model
                account = chance.choices(ACCOUNTS[provider], cum_weights=_weights(100))[0]
                last[key] = (model, account)
            batch.append(_request(chance, moment_ms, provider, name, key, account))
            if len(batch) == 10_000:
                yield batch
                batch = []
        yield batch


def _request(  # noqa: PLR0913, PLR0917 - a request has these parts
    chance: random.Random, moment_ms: int, provider: str, model: str, key: str, account: str
) -> RequestLog:
    common = RequestLog(
        timestamp=moment_ms,
        provider=provider,
        model=model,
        path="/v1/messages",
        api_key=key,
        account=account,
        source="queue",
        status=200,
    )
    if chance.random() < 0.01:
        status = chance.choice(_FAILURES)
        return replace(common, status=status, duration_ms=chance.randrange(3_000))
    tokens_in = int(chance.lognormvariate(9, 1))
    cached = int(tokens_in * chance.random()) if chance.random() < 0.6 else 0
    written = (tokens_in - cached) // 3 if provider == "claude" and chance.random() < 0.5 else 0
    tokens_out = int(chance.lognormvariate(6, 1))
    price = _PRICES[model]
    return replace(
        common,
        duration_ms=int(chance.lognormvariate(8.7, 0.7)),
        ttft_ms=int(chance.lognormvariate(6.8, 0.5)),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cached=cached or None,
        tokens_cache_write=written or None,
        tokens_reasoning=tokens_out // 3 if chance.random() < 0.3 else None,
        cost_usd=(tokens_in - cached - written) * price[0]
        + cached * price[1]
        + written * price[2]
        + tokens_out * price[3],
    )
