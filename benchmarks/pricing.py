"""Pricing a request, beside asking genai-prices for each."""

import random
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.table import About, Row, seconds, spread
from proxypal.records.attempt import Attempt, Tokens
from proxypal.service.pricing import Pricing

ABOUT = About(
    "Pricing",
    "20,000 requests of five models priced in bulk, in turns with the price library asked for "
    "each.",
)

ROUNDS = 9
OURS = 20_000
THEIRS = 1_000
MODELS = (
    ("claude", "anthropic", "claude-sonnet-4-5"),
    ("openai", "openai", "gpt-5.6-sol"),
    ("openai", "openai", "o3"),
    ("gemini", "google", "gemini-2.5-pro"),
    ("deepseek", "deepseek", "deepseek-chat"),
)


def measure(_folder: Path) -> list[Row]:
    """The two take turns over the same requests."""
    from genai_prices import Usage, calc_price  # noqa: PLC0415 - only here

    chosen = random.Random(1)
    told = [_attempt(number, chosen) for number in range(OURS)]
    attempts = [attempt for _, attempt in told]
    pricing = Pricing()
    first_ms = seconds(lambda: pricing.price_attempts(attempts[:100])) * 1000

    def ask() -> None:
        for list_id, attempt in told[:THEIRS]:
            tokens = attempt.tokens
            calc_price(
                Usage(
                    input_tokens=tokens.input,
                    cache_read_tokens=tokens.cache_read,
                    cache_write_tokens=tokens.cache_write,
                    output_tokens=tokens.output,
                ),
                attempt.model,
                provider_id=list_id,
                genai_request_timestamp=datetime.fromtimestamp(attempt.started_ms / 1000, UTC),
            )

    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(seconds(lambda: pricing.price_attempts(attempts)) / OURS * 1e6)
        theirs.append(seconds(ask) / THEIRS * 1e6)
    return [
        Row(
            "pricing one request in bulk",
            spread(ours, " µs"),
            "genai-prices, each",
            spread(theirs, " µs"),
            spread([t / o for o, t in zip(ours, theirs, strict=True)], " ×"),
            "< 5 µs",
        ),
        Row("first look-up of 5 models", f"{first_ms:.1f} ms", "", "", "", ""),
    ]


def _attempt(number: int, chosen: random.Random) -> tuple[str, Attempt]:
    provider, list_id, model = chosen.choice(MODELS)
    tokens = Tokens(
        uncached_input=chosen.randrange(20_000),
        cache_read=chosen.randrange(150_000),
        cache_write=chosen.randrange(9_000),
        visible_output=chosen.randrange(5_000),
        reasoning=chosen.randrange(5_000),
    )
    started_ms = 1_760_000_000_000 + number * 1_000_000
    return list_id, Attempt(
        key=number, started_ms=started_ms, provider=provider, model=model, tokens=tokens
    )
