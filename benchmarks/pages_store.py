"""The store that the pages are measured with: ten years of days, then ninety of invented traffic.

Models come and go: two hundred in ten years, twenty at a time.
"""

import random
from collections.abc import Iterator
from pathlib import Path

from proxypal import RequestLog, Store
from proxypal.clock import now_ms
from proxypal.service.demo_data import fill_with_demo

DAYS_BEFORE = 3650
_A_DAY = 8
_MODELS_EVER, _MODELS_AT_A_TIME = 200, 20
_PROVIDERS = ("claude", "openai", "gemini", "qwen")
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_DEMO_DAYS = 90
_AT_ONCE = 10_000


def fill(path: Path) -> int:
    """Make it; how many requests it has."""
    end_ms = now_ms()
    count = fill_with_demo(path, end_ms, zone="UTC")
    older = list(_older(end_ms - (_DEMO_DAYS + DAYS_BEFORE) * _DAY_MS))
    with Store(path) as store:
        for first in range(0, len(older), _AT_ONCE):
            store.record(older[first : first + _AT_ONCE])
    return count + len(older)


def _older(first_ms: int) -> Iterator[RequestLog]:
    chance = random.Random(1)
    for day in range(DAYS_BEFORE):
        oldest = day * (_MODELS_EVER - _MODELS_AT_A_TIME) // DAYS_BEFORE
        for _ in range(_A_DAY):
            model = oldest + chance.randrange(_MODELS_AT_A_TIME)
            yield RequestLog(
                timestamp=first_ms + day * _DAY_MS + chance.randrange(_DAY_MS),
                provider=_PROVIDERS[model % len(_PROVIDERS)],
                model=f"model-{model:03d}",
                path="/v1/messages",
                status=200,
                duration_ms=1234,
                tokens_in=500,
                tokens_out=300,
            )
