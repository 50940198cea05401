"""What requests cost: once, at their own time, and never by a guess."""

import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from genai_prices import Usage, calc_price

from builders import a_request, a_store, at
from proxypal.errors import StorageFull
from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.incoming import admit
from proxypal.service.pricing import Pricing
from proxypal.service.settings_file import Settings, parse_settings
from proxypal.store.values import QueueBatch

NOON = at("2026-11-20T12:00")


class Drawer:
    """Keeps what is to be remembered, as a store does."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def cached(self, name: str) -> bytes | None:
        """What was kept."""
        return self.kept.get(name)

    def keep_cached(self, name: str, body: bytes) -> None:
        """Keep it."""
        self.kept[name] = body


def an_attempt(**changes: object) -> Attempt:
    """An attempt with some tokens."""
    usual = Attempt(
        key=1,
        started_ms=NOON,
        latency_ms=1000,
        provider="openai",
        model="o3",
        tokens=Tokens(uncached_input=1_000_000),
    )
    return msgspec.structs.replace(usual, **changes)


def cost(attempt: Attempt, settings: Settings | None = None) -> Decimal | None:
    """What an attempt costs."""
    return Pricing(settings).price_attempts([attempt])[0].cost_usd


def own(text: str) -> Settings:
    """Settings without a problem."""
    settings = parse_settings(text.encode())
    assert settings.problems == ()
    return settings


def test_the_price_is_that_of_the_attempt_s_start() -> None:
    """O3 cost $10 up to 2025-06-09 and $2 from then on; an attempt over midnight began before."""
    midnight = at("2025-06-10")
    assert cost(an_attempt(started_ms=midnight - 500)) == 10
    assert cost(an_attempt(started_ms=midnight)) == 2


def test_a_request_is_priced_by_when_it_began() -> None:
    """Its time is when it was finished; a row and its attempt cost the same."""
    row = a_request(
        provider="openai", model="o3", tokens_in=1_000_000, tokens_out=0, duration_ms=1000
    )
    midnight = at("2025-06-10")
    before = msgspec.structs.replace(row, timestamp=midnight + 999)
    after = msgspec.structs.replace(row, timestamp=midnight + 1000)
    assert [one.cost_usd for one in Pricing().price_requests([before, after])] == [10, 2]


def test_the_service_tier_is_billed() -> None:
    """A request served with priority costs what priority costs."""
    attempt = an_attempt(model="gpt-5.6-sol", tokens=Tokens(uncached_input=1000))
    assert cost(attempt) == Decimal("0.004")
    assert cost(msgspec.structs.replace(attempt, service_tier="priority")) == Decimal("0.008")
    assert cost(msgspec.structs.replace(attempt, service_tier="auto")) == Decimal("0.004")


def test_hour_long_cache_writes_are_told_apart() -> None:
    """2b.4: the part kept for an hour is billed at the price of an hour."""
    claude = an_attempt(provider="claude", model="claude-opus-4-5")
    minutes = msgspec.structs.replace(claude, tokens=Tokens(cache_write=1_000_000))
    hour = msgspec.structs.replace(
        claude, tokens=Tokens(cache_write=1_000_000, cache_write_1h=1_000_000)
    )
    assert (cost(minutes), cost(hour)) == (Decimal("6.25"), Decimal(10))


def test_d36_an_unknown_price_is_no_price() -> None:
    """D36: a model nobody lists costs None, not $0 and not a third of another model's price."""
    assert cost(an_attempt(provider="somebody", model="house-model")) is None
    assert cost(an_attempt(provider="unknown", model="unknown")) is None


def test_d36_there_is_one_formula(tmp_path: Path) -> None:
    """D36: row, totals and statistics show one cost for the same request, cache included."""
    rows = [
        a_request(model="claude-opus-4-5", tokens_in=10_000, tokens_cached=9_000, tokens_out=100),
        a_request(provider="openai", model="gpt-5-mini", tokens_in=10_000, tokens_cached=9_000),
        a_request(provider="x", model="house-model"),
    ]
    with a_store(tmp_path) as store:
        pricing = Pricing.of(store, tmp_path)
        store.record(pricing.price_requests(rows))
        shown = [row.cost_usd for row in store.get_request_history().requests]
        total = sum((amount for amount in shown if amount is not None), Decimal(0))
        assert shown[0] == Decimal("0.005") + Decimal("0.0045") + Decimal("0.0025")
        assert shown[1] == Decimal("0.00025") + Decimal("0.000225") + Decimal("0.0006")
        assert shown[2] is None
        stats, aggregate = store.get_usage_stats(), store.get_aggregate()
        assert stats.total_cost_usd == aggregate.total_cost_usd == total
        assert sum(model.cost_usd for model in aggregate.model_stats.values()) == total
        assert stats.unpriced_requests == 1


def test_a_cost_that_was_told_stays() -> None:
    """Whoever knows what a request cost is believed, and nothing without tokens is priced."""
    told = a_request(cost_usd=Decimal("0.5"))
    bare = a_request(tokens_in=None, tokens_out=None)
    assert Pricing().price_requests([told, bare]) == [told, bare]
    assert cost(an_attempt(cost_usd=Decimal("0.5"))) == Decimal("0.5")
    assert cost(an_attempt(tokens=Tokens())) is None
    assert cost(an_attempt(has_tokens=False)) is None


def test_the_user_s_price_goes_before_every_list() -> None:
    """An override holds for the names a list would find, too."""
    settings = own('[prices."gpt-5"]\ninput = 9\noutput = 9\n')
    assert cost(an_attempt(model="gpt-5"), settings) == 9
    assert cost(an_attempt(model="gpt-5(high)"), settings) == 9
    assert cost(an_attempt(model="o3"), settings) == 2


def test_an_alias_uses_another_model_s_price() -> None:
    """House names get the price of what is behind them, at whoever's list is named."""
    settings = own(
        '[aliases]\nhouse = "o3"\nother = "openrouter/openai/gpt-5"\nmine = "priced"\n'
        "[prices.priced]\ninput = 5\noutput = 5\n"
    )
    assert cost(an_attempt(model="house"), settings) == 2
    assert cost(an_attempt(provider="x", model="other"), settings) == Decimal("1.25")
    assert cost(an_attempt(model="mine"), settings) == 5
    quote = Pricing(settings).quote("x", "other")
    assert (quote.alias, quote.entry) == ("openrouter/openai/gpt-5", "openrouter/openai/gpt-5")


def test_a_cost_beyond_reason_is_unpriced() -> None:
    """A trillion dollars for a request is a mistake of somebody's, and not added to any total."""
    settings = own('[prices."o3"]\ninput = 1000000\noutput = 0\n')
    assert cost(an_attempt(tokens=Tokens(uncached_input=2**53 - 1)), settings) is None


# -- remembering


def test_prices_are_remembered_between_runs(tmp_path: Path) -> None:
    """What was used once is priced by the next run without the price list."""
    drawer = Drawer()
    attempts = [an_attempt(), an_attempt(model="house-model")]
    first = Pricing(cached=drawer.cached, keep=drawer.keep_cached).price_attempts(attempts)
    assert drawer.kept
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from proxypal.service.pricing import Pricing\n"
        "pricing = Pricing(cached=lambda _: Path(sys.argv[1]).read_bytes())\n"
        "quotes = pricing.quote('openai', 'o3'), pricing.quote('openai', 'house-model')\n"
        "assert quotes[0].schedule and not quotes[1].schedule\n"
        "assert not {'genai_prices', 'pydantic', 'httpx2'} & set(sys.modules)\n"
    )
    assert [one.cost_usd for one in first] == [2, None]
    kept = tmp_path / "kept"
    kept.write_bytes(next(iter(drawer.kept.values())))
    subprocess.run([sys.executable, "-c", code, str(kept)], check=True)


def test_what_is_remembered_is_bounded() -> None:
    """A flood of names neither fills the store nor pushes out the prices that are used."""
    drawer = Drawer()
    pricing = Pricing(cached=drawer.cached, keep=drawer.keep_cached)
    pricing.price_attempts([an_attempt()])
    pricing.price_attempts([an_attempt(model=f"house-{number}") for number in range(6000)])
    (body,) = drawer.kept.values()
    assert len(body) < 50_000
    again = Pricing(cached=drawer.cached)
    assert again.price_attempts([an_attempt()])[0].cost_usd == 2


@pytest.mark.parametrize("body", [b"", b"nonsense", msgspec.msgpack.encode([1, "0.0.1", []])])
def test_what_was_remembered_wrongly_is_looked_up_again(body: bytes) -> None:
    """Damage, or another version's prices, cost a look-up and nothing else."""
    pricing = Pricing(cached=lambda _: body)
    assert pricing.price_attempts([an_attempt()])[0].cost_usd == 2


def test_a_disk_that_is_full_is_no_reason_not_to_price(tmp_path: Path) -> None:
    """Remembering is only a help."""

    def full(*_: object) -> None:
        raise StorageFull(tmp_path)

    pricing = Pricing(cached=full, keep=full)
    assert pricing.price_attempts([an_attempt()])[0].cost_usd == 2


# -- exactly what the library says, and fast

MODELS = [
    ("claude", "anthropic", "claude-sonnet-4-5"),
    ("claude", "anthropic", "claude-opus-4-5-20251101"),
    ("openai", "openai", "gpt-5.6-sol"),
    ("openai", "openai", "o3"),
    ("openai", "openai", "gpt-5-mini"),
    ("gemini", "google", "gemini-2.5-pro"),
    ("deepseek", "deepseek", "deepseek-chat"),
    ("xai", "x-ai", "grok-4"),
]


def mixed_attempts(count: int, seed: int) -> list[tuple[str, Attempt]]:
    """Attempts of many models over two years, each with the library's name of its provider."""
    chosen = random.Random(seed)
    attempts = []
    for number in range(count):
        provider, list_id, model = chosen.choice(MODELS)
        written = chosen.randrange(20_000)
        tokens = Tokens(
            uncached_input=chosen.choice([chosen.randrange(20_000), chosen.randrange(400_000)]),
            cache_read=chosen.randrange(150_000),
            cache_write=written,
            cache_write_1h=chosen.choice([0, written // 3, written]),
            visible_output=chosen.randrange(10_000),
            reasoning=chosen.randrange(10_000),
        )
        started_ms = chosen.randrange(at("2025-01-01"), at("2026-12-31"))
        attempt = Attempt(
            key=number,
            started_ms=started_ms,
            request_id=f"{number:08x}",
            provider=provider,
            model=model,
            tokens=tokens,
        )
        attempts.append((list_id, attempt))
    return attempts


def _library_cost(list_id: str, attempt: Attempt) -> Decimal:
    tokens = attempt.tokens
    usage = Usage(
        input_tokens=tokens.input,
        cache_read_tokens=tokens.cache_read,
        cache_write_tokens=tokens.cache_write,
        cache_write_1h_tokens=tokens.cache_write_1h,
        output_tokens=tokens.output,
    )
    moment = datetime.fromtimestamp(attempt.started_ms / 1000, UTC)
    price = calc_price(usage, attempt.model, provider_id=list_id, genai_request_timestamp=moment)
    return price.total_price


def _totals_equal_the_library(directory: Path, count: int) -> None:
    told = mixed_attempts(count, seed=20261120)
    expected = sum((_library_cost(list_id, attempt) for list_id, attempt in told), Decimal(0))
    with a_store(directory, clock=lambda: at("2027-01-01")) as store:
        attempts = Pricing.of(store, directory).price_attempts([attempt for _, attempt in told])
        for start in range(0, count, 1000):
            store.record_attempts(
                QueueBatch(source="queue", attempts=attempts[start : start + 1000])
            )
        assert store.get_usage_stats().total_cost_usd == expected
        assert store.get_usage_stats().total_requests == count
        assert store.get_usage_stats().unpriced_requests == 0


def test_totals_are_the_library_s_to_the_last_digit(tmp_path: Path) -> None:
    """3,000 mixed requests through the queue: our total is the sum of the library's answers."""
    _totals_equal_the_library(tmp_path, 3_000)


@pytest.mark.torture
def test_a_hundred_thousand_requests_cost_what_the_library_says(tmp_path: Path) -> None:
    """100,000 mixed requests, each also priced by the library directly, summed exactly."""
    _totals_equal_the_library(tmp_path, 100_000)


def test_pricing_is_fast_in_bulk() -> None:
    """A few microseconds a request once the models are known (measured 3; the bound is lenient)."""
    attempts = [attempt for _, attempt in mixed_attempts(5_000, seed=1)]
    pricing = Pricing()
    pricing.price_attempts(attempts)
    begun = time.perf_counter()
    pricing.price_attempts(attempts)
    assert (time.perf_counter() - begun) / len(attempts) < 50e-6


def test_admitting_a_priced_request_changes_nothing() -> None:
    """A cost made here passes the door as it is, to the last digit."""
    (priced,) = Pricing().price_requests([a_request(tokens_in=7, tokens_out=1)])
    assert priced.cost_usd == Decimal("0.000036")
    assert admit(priced, priced.timestamp) == priced
