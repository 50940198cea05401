"""Flat token counts of other collectors, under the names they use, as our five kinds.

Must not enter: what a family's counts include (`records.tokens`), which file has which names.
"""

from proxypal.records.attempt import Tokens
from proxypal.records.foreign_values import Tree, count_in
from proxypal.records.tokens import Family, family_of, family_of_model, tokens_of_counts
from proxypal.records.tolerant_json import Refused

_NAMES = {
    "input_tokens": ("input_tokens", "inputTokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "outputTokens", "completion_tokens"),
    "reasoning_tokens": ("reasoning_tokens", "reasoningTokens"),
    "total_tokens": ("total_tokens", "totalTokens"),
    "cached_tokens": ("cached_tokens", "cachedTokens"),
}
_CACHE_NAMES = {
    "cache_read_tokens": ("cache_read_tokens", "cacheReadTokens", "cache_read_input_tokens"),
    "cache_creation_tokens": (
        "cache_creation_tokens",
        "cacheCreationTokens",
        "cache_creation_input_tokens",
    ),
}
_UNTOLD = frozenset({"", "-", "unknown"})


def counts_in(tree: Tree) -> dict[str, int]:
    """A record's counts under CLIProxyAPI's names; what it does not tell is 0.

    Reads and writes of the cache are only in it if one of them is told: a column that was added
    to a table is 0 in the rows from before, whose `cached_tokens` still counts.

    Raises:
        Refused: one is no whole number; the message names it.
    """
    counts = {name: count_in(tree, *names) for name, names in _NAMES.items()}
    counts["cached_tokens"] = max(counts["cached_tokens"], count_in(tree, "cache_tokens"))
    apart = {name: count_in(tree, *names) for name, names in _CACHE_NAMES.items()}
    return counts | apart if any(apart.values()) else counts


def family_told(executor: str, provider: str, model: str) -> Family:
    """The family by executor and provider where one is told, else by the model's name."""
    if executor.strip().lower() in _UNTOLD and provider.strip().lower() in _UNTOLD:
        return family_of_model(model)
    return family_of(provider, executor)


def tokens_from(counts: dict[str, int], family: Family) -> Tokens:
    """The five kinds.

    Raises:
        Refused: more than can be kept.
    """
    tokens = tokens_of_counts(counts, family)
    if isinstance(tokens, str):
        raise Refused(tokens)
    return tokens
