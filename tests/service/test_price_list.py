"""The price list: the same cost as the library's own, for every model it has."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

import genai_prices
import pytest
from genai_prices import Usage, data_snapshot
from genai_prices.types import ModelInfo, Provider
from hypothesis import given
from hypothesis import strategies as st

from builders import at
from proxypal.records.attempt import Tokens
from proxypal.records.cost import cost_of
from proxypal.service import price_list
from proxypal.service.price_list import TIERS, Listed, library_version, look_up

UP_TO = 10**9
"""Tokens of one kind in one request; with 10^15 the library itself begins to round."""


@cache
def catalogue() -> list[tuple[Provider, ModelInfo]]:
    """Every model of the library."""
    providers = data_snapshot.get_snapshot().providers
    return [(provider, model) for provider in providers for model in provider.models]


def usage_of(tokens: Tokens) -> Usage:
    """The same tokens as the library names them."""
    return Usage(
        input_tokens=tokens.input,
        cache_read_tokens=tokens.cache_read,
        cache_write_tokens=tokens.cache_write,
        cache_write_1h_tokens=tokens.cache_write_1h,
        output_tokens=tokens.output,
        output_reasoning_tokens=tokens.reasoning,
    )


def some_tokens() -> st.SearchStrategy[Tokens]:
    """Any request: small, large, beyond every tier."""
    count = st.integers(0, 2_000) | st.integers(0, 600_000) | st.integers(0, UP_TO)
    return st.builds(
        lambda written, share, **kinds: Tokens(
            cache_write=written, cache_write_1h=written * share // 4, **kinds
        ),
        count,
        st.integers(0, 4),
        uncached_input=count,
        cache_read=count,
        visible_output=count,
        reasoning=count,
    )


def found(provider: str, model: str, tier: str = "") -> Listed:
    """The entry, which must be there."""
    entry = look_up(provider, model, tier)
    assert entry is not None
    return entry


def input_price(provider: str, model: str, day: str, tier: str = "") -> Decimal:
    """Dollars per million tokens of input on a day."""
    schedule = found(provider, model, tier).schedule
    assert schedule is not None
    tariff = schedule.tariff_at(at(day))
    assert tariff is not None
    return tariff.rates.uncached_input


@pytest.mark.parametrize("tier", ["", *TIERS])
@given(data=st.data(), tokens=some_tokens(), moment_s=st.integers(1_600_000_000, 1_830_000_000))
def test_every_model_costs_what_the_library_says(
    tier: str, data: st.DataObject, tokens: Tokens, moment_s: int
) -> None:
    """To the last digit, for any tokens, any moment and any service tier.

    A list that names no price of tokens is no price of $0: there the library says 0 and we say
    that it is not known.
    """
    provider, model = data.draw(st.sampled_from(catalogue()))
    told = model.calc_price(
        usage_of(tokens),
        provider,
        genai_request_timestamp=datetime.fromtimestamp(moment_s, UTC),
        price_context=TIERS.get(tier),
    ).total_price
    schedule = price_list.schedule_of(provider, model, TIERS.get(tier))
    tariff = None if schedule is None else schedule.tariff_at(moment_s * 1000)
    if tariff is None:
        assert told == 0
    else:
        assert cost_of(tokens, tariff) == told


def test_the_schedule_is_right_at_every_moment_of_a_change() -> None:
    """Around each change of day or hour of each model that has any, as the library says."""
    tokens = Tokens(uncached_input=1_000, cache_read=10, visible_output=100)
    for provider, model in catalogue():
        schedule = price_list.schedule_of(provider, model, None)
        for step in [] if schedule is None else schedule.steps:
            for slot in step.slots if step.from_day else ():
                for beside_ms in (-1, 0):
                    moment_ms = step.from_day * 86_400_000 + slot.from_ms + beside_ms
                    told = model.calc_price(
                        usage_of(tokens),
                        provider,
                        genai_request_timestamp=datetime.fromtimestamp(moment_ms / 1000, UTC),
                    ).total_price
                    tariff = schedule.tariff_at(moment_ms) if schedule else None
                    assert tariff is not None
                    assert cost_of(tokens, tariff) == told, (model.id, moment_ms)


@pytest.mark.parametrize(
    ("model", "day", "dollars"),
    [
        ("o3", "2025-06-09", "10"),
        ("o3", "2025-06-10", "2"),
        ("gpt-5.6-sol", "2026-08-20", "5"),
        ("gpt-5.6-sol", "2026-08-23", "4"),
        ("gpt-5.6-terra", "2026-07-29", "2.5"),
        ("gpt-5.6-terra", "2026-07-30", "2"),
        ("gpt-5.6-luna", "2026-07-29", "1"),
        ("gpt-5.6-luna", "2026-07-30", "0.2"),
    ],
)
def test_a_price_is_that_of_the_day(model: str, day: str, dollars: str) -> None:
    """What was cheaper later is not cheaper before, and the other way round."""
    assert input_price("openai", model, day) == Decimal(dollars)


def test_a_service_tier_has_its_price() -> None:
    """Priority costs more, flex and batch less, a tier nobody knows is the standard one."""
    prices = [
        input_price("openai", "gpt-5.6-sol", "2026-11-01", tier)
        for tier in ("flex", "batch", "auto", "", "priority")
    ]
    assert prices == [2, 2, 4, 4, 8]


@pytest.mark.parametrize(
    ("provider", "model", "entry"),
    [
        ("claude", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
        ("openai", "gpt-5(high)", "openai/gpt-5"),
        ("gemini", "models/gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("zhipu", "glm-4.6", "zai/GLM-4.6"),
        ("xai", "grok-4", "x-ai/grok-4-0709"),
        ("moonshot", "kimi-k2-thinking", "moonshotai/kimi-k2-thinking"),
        ("openrouter", "openai/gpt-5", "openrouter/openai/gpt-5"),
        ("openai-compatible-openrouter", "openai/gpt-5", "openrouter/openai/gpt-5"),
        ("groq", "llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile"),
    ],
)
def test_a_seller_s_own_list_is_asked_first(provider: str, model: str, entry: str) -> None:
    """Whoever is paid sets the price."""
    listed = found(provider, model)
    assert f"{listed.provider}/{listed.model}" == entry


@pytest.mark.parametrize(
    ("provider", "model", "entry"),
    [
        ("some-reseller", "gpt-5", "openai/gpt-5"),
        ("some-reseller", "glm-4.6", "zai/GLM-4.6"),
        ("openrouter", "gpt-5", "openai/gpt-5"),
        ("iflow", "kimi-k2", "moonshotai/kimi-k2"),
        ("antigravity", "gemini-claude-sonnet-4-5-thinking", "anthropic/claude-sonnet-4-5"),
        ("kiro", "kiro-claude-sonnet-4-5-agentic", "anthropic/claude-sonnet-4-5"),
        ("unknown", "claude-opus-4-5", "anthropic/claude-opus-4-5"),
    ],
)
def test_else_the_maker_s_price_holds(provider: str, model: str, entry: str) -> None:
    """A subscription or a reseller without a list is valued at the maker's list price."""
    listed = found(provider, model)
    assert f"{listed.provider}/{listed.model}" == entry


@pytest.mark.parametrize(
    ("provider", "model"),
    [("ollama", "deepseek-r1:8b"), ("lmstudio", "gpt-oss-20b"), ("qwen", "qwen3-coder-plus")],
)
def test_nothing_is_invented(provider: str, model: str) -> None:
    """What runs on one's own machine, or is in no list, has no price."""
    assert look_up(provider, model) is None


def test_free_is_a_price_and_silence_is_none() -> None:
    """A model that is sold as free costs 0; one that is listed without a price costs nobody knows.

    And it is not looked for elsewhere: its own seller knows it.
    """
    free = found("openrouter", "deepseek/deepseek-r1:free").schedule
    assert free is not None
    tariff = free.tariff_at(at("2026-01-01"))
    assert tariff is not None
    assert cost_of(Tokens(uncached_input=10**6), tariff) == 0
    assert found("copilot", "gpt-4o").schedule is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_name_gets_an_answer(provider: str, model: str) -> None:
    """Names come from clients: none of them breaks the look-up."""
    look_up(provider, model)


def test_the_version_is_known_without_the_library() -> None:
    """It is read from what is installed, and is the library's own."""
    assert library_version() == genai_prices.__version__
