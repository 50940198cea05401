"""Prices as they are shown: what, since when, where from, and who has none."""

from decimal import Decimal
from pathlib import Path

from builders import NOW_MS, a_request, a_store, at
from proxypal.service.price_list import library_version
from proxypal.service.price_report import PriceShown, explain, models_in_totals
from proxypal.service.pricing import Pricing
from proxypal.service.settings_file import parse_settings


def shown(model: str, day: str, provider: str = "openai", settings: str = "") -> PriceShown:
    """The price of a model on a day."""
    pricing = Pricing(parse_settings(settings.encode()))
    return explain(pricing, model, provider, at(day))


def test_a_price_says_since_when_and_until_when() -> None:
    """O3 was dearer before 2025-06-10, and says so on either side."""
    before, after = shown("o3", "2025-06-09"), shown("o3", "2026-01-01")
    assert before.usd_per_million is not None
    assert after.usd_per_million is not None
    assert before.usd_per_million.input == 10
    assert after.usd_per_million.input == 2
    assert (before.since, before.until) == (None, "2025-06-10")
    assert (after.since, after.until) == ("2025-06-10", None)


def test_a_price_says_where_it_is_from() -> None:
    """The library with its version and its name of the model, or the user's own entry."""
    listed = shown("gpt-5(high)", "2026-01-01")
    assert (listed.origin, listed.version) == ("genai-prices", library_version())
    assert listed.entry == "openai/gpt-5"
    own = shown("gpt-5", "2026-01-01", settings='[prices."gpt-*"]\ninput = 1\noutput = 2\n')
    assert (own.origin, own.entry, own.version) == ("settings.toml", "gpt-*", None)
    alias = shown("house", "2026-01-01", settings='[aliases]\nhouse = "gpt-5"\n')
    assert (alias.alias, alias.entry) == ("gpt-5", "openai/gpt-5")


def test_tiers_and_hours_are_shown() -> None:
    """Long requests, and prices that change within the day."""
    tiers = shown("gpt-5.6-sol", "2026-11-01").tiers
    assert [tier.above_input for tier in tiers] == [272_000]
    assert [tier.usd_per_million.input for tier in tiers] == [8]
    hours = shown("deepseek-chat", "2026-01-01", provider="deepseek").hours
    assert [hour.from_utc for hour in hours] == ["00:00", "00:30", "16:30"]


def test_a_model_without_a_price_says_why() -> None:
    """Unpriced is a reason, never a number."""
    price = shown("house-model", "2026-01-01")
    assert price.usd_per_million is None
    assert price.reason is not None
    assert "does not know it" in price.reason
    silent = shown("gpt-4o", "2026-01-01", provider="copilot")
    assert silent.reason is not None
    assert "without a price" in silent.reason


def test_every_model_with_tokens_is_listed(tmp_path: Path) -> None:
    """With its counts, most requests first, by the provider it was last bought from."""
    rows = [
        a_request(model="glm-4.6", provider="zhipu", cost_usd=Decimal("0.5")),
        a_request(model="glm-4.6", provider="zhipu", cost_usd=Decimal("0.5")),
        a_request(model="house-model", provider="somebody"),
        a_request(model="refused", status=401, tokens_in=None, tokens_out=None),
    ]
    with a_store(tmp_path) as store:
        store.record(rows)
        prices = models_in_totals(store, Pricing(), NOW_MS)
    assert [(price.model, price.provider, price.requests, price.unpriced) for price in prices] == [
        ("glm-4.6", "zhipu", 2, 0),
        ("house-model", "somebody", 1, 1),
    ]
    assert prices[0].cost_usd == 1
    assert prices[0].entry == "zai/GLM-4.6"
