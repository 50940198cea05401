from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.attempt import Tokens
from proxypal.records.request import MAX_INTEGER, MAX_TOKENS_OF_REQUEST
from proxypal.records.tokens import (
    Family,
    family_of,
    family_of_model,
    tokens_of_counts,
    tokens_of_record,
)

FAMILIES: tuple[Family, ...] = ("openai", "claude", "gemini")


def counts(given: int, made: int, reasoning: int = 0, cached: int = 0, **more: Any) -> Any:
    """The `tokens` of a record; before v7.0.3 without further numbers."""
    return {
        "input_tokens": given,
        "output_tokens": made,
        "reasoning_tokens": reasoning,
        "cached_tokens": cached,
        "total_tokens": given + made,
        **more,
    }


def breakdown(**changes: Any) -> dict[str, Any]:
    """A complete one of 52,012 in and 900 out."""
    return {
        "schema_version": 2,
        "quality": "complete",
        "total_tokens": 52_912,
        "input": {
            "total_tokens": 52_012,
            "uncached_tokens": 12,
            "cache_read_tokens": 50_000,
            "cache_write_tokens": 2000,
        },
        "output": {"total_tokens": 900, "non_reasoning_tokens": 500, "reasoning_tokens": 400},
        "unclassified_tokens": 0,
        **changes,
    }


@pytest.mark.parametrize(
    ("provider", "executor", "family"),
    [
        ("claude", "ClaudeExecutor", "claude"),
        ("claude", "", "claude"),
        ("codex", "CodexWebsocketsExecutor", "openai"),
        ("xai", "XAIExecutor", "openai"),
        ("kimi", "unknown", "openai"),
        ("gemini", "", "gemini"),
        ("vertex", "GeminiVertexExecutor", "gemini"),
        ("aistudio", "AIStudioExecutor", "gemini"),
        ("antigravity", "", "gemini"),
        ("openai-compatible-claude-mirror", "OpenAICompatExecutor", "openai"),
        ("openai-compatible-gemini", "unknown", "openai"),
        ("claude-mirror", "OpenAICompatExecutor", "openai"),
        ("my-gemini", "", "openai"),
        ("unknown", "ClaudeExecutor", "claude"),
        ("unknown", "unknown", "openai"),
    ],
)
def test_the_executor_decides_then_the_exact_provider(
    provider: str, executor: str, family: Family
) -> None:
    """A provider the user named after Claude or Gemini is still counted in OpenAI's way."""
    assert family_of(provider, executor) == family


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("claude-sonnet-4-5", "claude"),
        ("team/Claude-opus-4-5", "claude"),
        ("gemini-2.5-pro", "gemini"),
        ("gemini-claude-sonnet-4-5", "gemini"),
        ("gpt-5.6", "openai"),
        ("", "openai"),
    ],
)
def test_without_a_provider_the_model_decides(model: str, family: Family) -> None:
    """Old usage exports name no provider, and are counted right all the same."""
    assert family_of_model(model) == family


def test_reasoning_is_part_of_openai_output() -> None:
    """D54: reasoning tokens are not added to an output that includes them."""
    tokens = tokens_of_counts(counts(100, 50, reasoning=20), "openai")
    assert tokens == Tokens(uncached_input=100, visible_output=30, reasoning=20)
    assert isinstance(tokens, Tokens)
    assert tokens.output == 50


def test_cached_input_is_part_of_openai_input() -> None:
    """2b.3: cached tokens of OpenAI are not paid twice."""
    told = counts(100, 50, cached=30, cache_read_tokens=30, cache_creation_tokens=10)
    tokens = tokens_of_counts(told, "openai")
    assert tokens == Tokens(uncached_input=60, cache_read=30, cache_write=10, visible_output=50)
    assert isinstance(tokens, Tokens)
    assert tokens.input == 100


def test_cached_input_stands_beside_claude_input() -> None:
    """2b.3: cached tokens of Claude are not taken out of an input that does not include them."""
    told = counts(12, 900, 400, 50_000, cache_read_tokens=50_000, cache_creation_tokens=2000)
    assert tokens_of_counts(told, "claude") == Tokens(
        uncached_input=12, cache_read=50_000, cache_write=2000, visible_output=500, reasoning=400
    )


def test_claude_writes_are_not_reads_as_well() -> None:
    """`cached_tokens`, which repeats the writes where nothing was read, is not counted again."""
    told = counts(12, 9, cached=2000, cache_read_tokens=0, cache_creation_tokens=2000)
    tokens = tokens_of_counts(told, "claude")
    assert tokens == Tokens(uncached_input=12, cache_write=2000, visible_output=9)


def test_thoughts_stand_beside_gemini_output() -> None:
    """Thoughts of Gemini, which its output leaves out, are counted."""
    tokens = tokens_of_counts(counts(40, 60, 10, 8), "gemini")
    assert tokens == Tokens(uncached_input=32, cache_read=8, visible_output=60, reasoning=10)
    assert isinstance(tokens, Tokens)
    assert tokens.output == 70


def test_before_7_0_3_cached_tokens_are_reads() -> None:
    """A record of the first version keeps its one cached number."""
    assert tokens_of_counts(counts(12, 340, cached=5000), "claude") == Tokens(
        uncached_input=12, cache_read=5000, visible_output=340
    )


def test_the_breakdown_is_believed_before_the_family() -> None:
    """A complete breakdown says what is in what, whatever the provider is called."""
    for family in FAMILIES:
        assert tokens_of_record(counts(1, 1), breakdown(), family) == Tokens(
            uncached_input=12,
            cache_read=50_000,
            cache_write=2000,
            visible_output=500,
            reasoning=400,
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"quality": "inconsistent", "unclassified_tokens": 52_912},
        {"quality": "unclassified"},
        {"total_tokens": 52_913},
        {"input": {"total_tokens": 5, "uncached_tokens": 6}},
        {"output": {"total_tokens": -1, "non_reasoning_tokens": -1}},
        {"output": {"total_tokens": True, "non_reasoning_tokens": 1}},
        {"input": 5},
        {"output": None},
    ],
)
def test_a_breakdown_that_contradicts_itself_is_not_used(wrong: dict[str, Any]) -> None:
    """Then the plain counts are read by the rules of the family."""
    told = counts(100, 50)
    assert tokens_of_record(told, breakdown(**wrong), "openai") == Tokens(
        uncached_input=100, visible_output=50
    )


def test_one_hour_writes_are_told_apart() -> None:
    """2b.4: cache writes for an hour, which cost more, are known as such."""
    told = counts(
        5, 80, cache_creation_tokens=300, cache_creation_5m_tokens=100, cache_creation_1h_tokens=200
    )
    tokens = tokens_of_counts(told, "claude")
    assert isinstance(tokens, Tokens)
    assert (tokens.cache_write, tokens.cache_write_1h) == (300, 200)
    del told["cache_creation_tokens"]
    assert tokens_of_counts(told, "claude") == tokens
    of_breakdown = tokens_of_record(told, breakdown(), "claude")
    assert isinstance(of_breakdown, Tokens)
    assert (of_breakdown.cache_write, of_breakdown.cache_write_1h) == (2000, 200)


def test_a_part_larger_than_its_whole_is_cut() -> None:
    """No more is ever counted than was told as the whole."""
    tokens = tokens_of_counts(counts(100, 50, reasoning=70, cached=300), "openai")
    assert tokens == Tokens(cache_read=100, reasoning=50)


def test_a_part_beside_its_whole_is_added_if_the_total_says_so() -> None:
    """An upstream that leaves the cache or the reasoning out of its numbers loses nothing."""
    told = {**counts(100, 50, reasoning=70, cached=300), "total_tokens": 520}
    assert tokens_of_counts(told, "openai") == Tokens(
        uncached_input=100, cache_read=300, visible_output=50, reasoning=70
    )


@pytest.mark.parametrize(
    "bad", [-1, MAX_INTEGER + 1, 10**30, True, "12", 1.5, float("inf"), Decimal("NaN"), [], {}]
)
def test_what_is_no_count_refuses_the_whole_set(bad: object) -> None:
    """A part of the numbers is never shown as if it were the total; the reason names the field."""
    for family in FAMILIES:
        reason = tokens_of_counts({**counts(1, 2), "output_tokens": bad}, family)
        assert isinstance(reason, str)
        assert "output_tokens" in reason


def test_more_than_can_be_counted_exactly_is_refused() -> None:
    """A sum that other readers of JSON would round is not kept."""
    reason = tokens_of_counts({**counts(MAX_INTEGER, 1), "total_tokens": 0}, "openai")
    assert isinstance(reason, str)
    assert isinstance(tokens_of_counts(counts(MAX_TOKENS_OF_REQUEST, 1), "openai"), Tokens)


def test_whole_numbers_written_with_a_fraction_are_counts() -> None:
    """`12.0` is twelve."""
    tokens = tokens_of_counts({"input_tokens": Decimal("12.0"), "output_tokens": 3.0}, "openai")
    assert tokens == Tokens(uncached_input=12, visible_output=3)


@pytest.mark.parametrize("nothing", [None, {}, {"total_tokens": 5}, [], "100", 7])
def test_no_counts_are_not_zero_counts(nothing: object) -> None:
    """Where no numbers are told, nobody claims there were none."""
    assert isinstance(tokens_of_counts(nothing, "openai"), str)


_number = st.one_of(
    st.integers(0, 5000),
    st.integers(-5, MAX_INTEGER * 2),
    st.none(),
    st.booleans(),
    st.floats(),
    st.text(max_size=3),
    st.decimals(),
)
_names = (
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "cache_creation_5m_tokens",
    "cache_creation_1h_tokens",
    "total_tokens",
)
_counts = st.one_of(
    st.fixed_dictionaries({}, optional=dict.fromkeys(_names, _number)),
    st.fixed_dictionaries(dict.fromkeys(_names[:6], st.integers(0, 9000))),
)
_part = st.dictionaries(
    st.sampled_from(["total_tokens", "uncached_tokens", "cache_read_tokens", "reasoning_tokens"]),
    _number,
)


@given(
    _counts, st.none() | st.builds(breakdown, input=_part, output=_part), st.sampled_from(FAMILIES)
)
def test_kinds_are_never_negative_and_always_add_up(
    told: dict[str, Any], given_breakdown: Any, family: Family
) -> None:
    """Whatever is told, every kind is a count, and the kinds make up all input and all output."""
    tokens = tokens_of_record(told, given_breakdown, family)
    if isinstance(tokens, str):
        return
    kinds = (tokens.uncached_input, tokens.cache_read, tokens.cache_write)
    made = (tokens.visible_output, tokens.reasoning)
    assert all(0 <= kind <= MAX_INTEGER for kind in (*kinds, *made))
    assert 0 <= tokens.cache_write_1h <= tokens.cache_write
    assert tokens.input == sum(kinds) <= MAX_INTEGER
    assert tokens.output == sum(made) <= MAX_INTEGER


@given(
    st.fixed_dictionaries(dict.fromkeys(_names[:6], st.integers(0, 9000))),
    st.sampled_from(FAMILIES),
)
def test_no_family_counts_more_than_all_kinds_side_by_side(
    told: dict[str, int], family: Family
) -> None:
    """Nothing is counted twice: the most there can be is every number once."""
    tokens = tokens_of_counts(told, family)
    assert isinstance(tokens, Tokens)
    cache = max(told["cached_tokens"], told["cache_read_tokens"]) + told["cache_creation_tokens"]
    assert tokens.input <= told["input_tokens"] + cache
    assert tokens.output <= told["output_tokens"] + told["reasoning_tokens"]
    if family == "openai":
        assert tokens.input == told["input_tokens"]
        assert tokens.output == told["output_tokens"]
