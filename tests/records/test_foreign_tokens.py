import pytest

from proxypal.records.attempt import Tokens
from proxypal.records.foreign_tokens import counts_in, family_told, tokens_from


@pytest.mark.parametrize(
    ("executor", "provider", "model", "family"),
    [
        ("ClaudeExecutor", "my-relay", "gpt-5", "claude"),
        ("OpenAICompatExecutor", "openai-compatible-claude", "claude-opus-4-5", "openai"),
        ("", "openrouter", "anthropic/claude-opus-4-5", "openai"),
        ("", "claude", "x", "claude"),
        ("unknown", "vertex", "x", "gemini"),
        ("", "", "claude-sonnet-4-5", "claude"),
        ("", "unknown", "gemini-2.5-pro", "gemini"),
        ("", "-", "gpt-5", "openai"),
    ],
)
def test_the_best_witness_decides(executor: str, provider: str, model: str, family: str) -> None:
    """The executor, else the provider; the model's name only where neither is told."""
    assert family_told(executor, provider, model) == family


def test_a_new_column_does_not_hide_the_old_one() -> None:
    """2b.3: in rows older than the column of cache reads, `cached_tokens` still counts."""
    row = {"input_tokens": 12, "output_tokens": 340, "cached_tokens": 5000}
    told = Tokens(uncached_input=12, cache_read=5000, visible_output=340)
    for columns in ({}, {"cache_read_tokens": 0, "cache_creation_tokens": 0}):
        assert tokens_from(counts_in({**row, **columns}), "claude") == told


def test_cached_tokens_are_not_added_to_what_they_repeat() -> None:
    """2b.3: where reads and writes are told, `cached_tokens` only repeats one of them."""
    row = {"input_tokens": 12, "cached_tokens": 700, "cache_creation_tokens": 700}
    assert tokens_from(counts_in(row), "claude") == Tokens(uncached_input=12, cache_write=700)


def test_other_spellings_are_understood() -> None:
    """Names in camelCase, and OpenAI's own names count as well."""
    assert tokens_from(counts_in({"promptTokens": 1, "inputTokens": 9}), "openai").input == 9
    assert tokens_from(counts_in({"prompt_tokens": 9, "completion_tokens": 4}), "openai") == Tokens(
        uncached_input=9, visible_output=4
    )
