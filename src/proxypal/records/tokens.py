"""Token counts of a usage record as five disjoint kinds, whatever its provider calls input.

OpenAI counts the cache inside the input and the reasoning inside the output; Claude counts the
cache beside the input; Gemini counts thoughts beside the output (CLIProxyAPI
sdk/cliproxy/usage/accounting.go, v7.2.97). The kinds always add up to all input and all output.

Numbers that cannot be counts (negative, above 2^53-1, a fraction, text, true), or that add up to
more than 10^12 tokens in or out, make the whole set unusable, with a reason: a part of it would
look like a total. Parts that are larger than their whole are taken as standing beside it if the
record's own total says so, else cut to it. Must not enter: prices, and how a record is read.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from proxypal.records.attempt import Tokens
from proxypal.records.request import MAX_INTEGER, MAX_TOKENS_OF_REQUEST
from proxypal.records.tolerant_json import Refused, kind_of

Family = Literal["openai", "claude", "gemini"]

_CLAUDE = frozenset({"claude", "anthropic"})
_GEMINI = frozenset(
    {
        "aistudio",
        "antigravity",
        "gemini",
        "gemini-cli",
        "gemini-interactions",
        "google",
        "vertex",
    }
)
_EXECUTORS: tuple[tuple[str, Family], ...] = (
    ("openai", "openai"),
    ("claude", "claude"),
    ("gemini", "gemini"),
    ("vertex", "gemini"),
    ("aistudio", "gemini"),
    ("antigravity", "gemini"),
    ("interactions", "gemini"),
)
_NO_EXECUTOR = frozenset({"", "unknown"})


@lru_cache(maxsize=1024)
def family_of(provider: str, executor_type: str) -> Family:
    """How a record counts: by the executor (since v7.1.38), else by the provider's exact name.

    A provider the user named (`openai-compatible-claude-mirror`, before v7.2.21 just
    `claude-mirror`) answers in OpenAI's style, whatever its name holds.
    """
    provider = provider.strip().lower()
    executor = executor_type.strip().lower()
    if provider.startswith("openai-compat"):
        return "openai"
    if executor not in _NO_EXECUTOR:
        return next((family for name, family in _EXECUTORS if executor.startswith(name)), "openai")
    if provider in _CLAUDE:
        return "claude"
    return "gemini" if provider in _GEMINI else "openai"


@lru_cache(maxsize=4096)
def family_of_model(model: str) -> Family:
    """How a record counts that names no provider: by the upstream model, prefixes aside."""
    name = model.strip().lower().rpartition("/")[2]
    if name.startswith("claude"):
        return "claude"
    return "gemini" if name.startswith("gemini") else "openai"


def tokens_of_record(counts: object, breakdown: object, family: Family) -> Tokens | str:
    """Tokens of a record's `tokens` and `token_breakdown`, or why there are none.

    The breakdown is taken where its quality is `complete` and its sums are right.
    """
    told = _of_breakdown(breakdown, counts) if isinstance(breakdown, Mapping) else None
    return tokens_of_counts(counts, family) if told is None else told


def tokens_of_counts(counts: object, family: Family) -> Tokens | str:
    """Tokens of a record's `tokens` by the rules of its family, or why there are none.

    Before v7.0.3 there is one `cached_tokens`: reads, or writes where Claude read nothing. It is
    taken as reads.
    """
    if not isinstance(counts, Mapping):
        return "no token counts" if counts is None else f"tokens: {kind_of(counts)}"
    if counts.keys().isdisjoint(_FIELDS):
        return "no token counts"
    try:
        return _of_family(counts, family)
    except Refused as error:
        return str(error)


_FIELDS = frozenset(
    {
        "input_tokens",
        "output_tokens",
        "reasoning_tokens",
        "cached_tokens",
        "cache_read_tokens",
        "cache_creation_tokens",
    }
)


def _of_family(counts: Mapping[str, object], family: Family) -> Tokens:
    told_input = _count(counts, "input_tokens")
    output = _count(counts, "output_tokens")
    reasoning = _count(counts, "reasoning_tokens")
    total = _count(counts, "total_tokens")
    read = _cache_read(counts, family)
    write, write_1h = _cache_write(counts)
    separate_output = output + reasoning
    if family == "claude":
        uncached = told_input
    else:
        uncached = told_input - read - write
        if uncached < 0:
            beside = told_input + read + write
            if total >= beside + output:
                uncached = told_input
            else:
                read = min(read, told_input)
                write = min(write, told_input - read)
                uncached = told_input - read - write
    all_input = uncached + read + write
    if family == "gemini" or (reasoning > output and total >= all_input + separate_output):
        visible = output
    else:
        reasoning = min(reasoning, output)
        visible = output - reasoning
    return _checked(uncached, read, write, visible, reasoning, write_1h)


def _cache_read(counts: Mapping[str, object], family: Family) -> int:
    cached = _count(counts, "cached_tokens")
    if "cache_read_tokens" not in counts:
        return cached
    read = _count(counts, "cache_read_tokens")
    # Claude's `cached_tokens` repeats the writes where nothing was read.
    if read or family == "claude" or counts.get("cache_read_tokens_present") is True:
        return read
    return cached


def _cache_write(counts: Mapping[str, object]) -> tuple[int, int]:
    """All that was written to the cache, and the part kept for an hour (told since v8)."""
    write = _count(counts, "cache_creation_tokens")
    write_1h = _count(counts, "cache_creation_1h_tokens")
    return write or _count(counts, "cache_creation_5m_tokens") + write_1h, write_1h


def _of_breakdown(breakdown: Mapping[str, object], counts: object) -> Tokens | None:
    """None where the breakdown does not say, or contradicts itself."""
    given, made = breakdown.get("input"), breakdown.get("output")
    if breakdown.get("quality") != "complete" or not isinstance(given, Mapping):
        return None
    if not isinstance(made, Mapping):
        return None
    try:
        uncached = _count(given, "uncached_tokens")
        read = _count(given, "cache_read_tokens")
        write = _count(given, "cache_write_tokens")
        visible = _count(made, "non_reasoning_tokens")
        reasoning = _count(made, "reasoning_tokens")
        all_input, all_output = uncached + read + write, visible + reasoning
        if (
            _count(given, "total_tokens") != all_input
            or _count(made, "total_tokens") != all_output
            or _count(breakdown, "total_tokens") != all_input + all_output
        ):
            return None
        return _checked(uncached, read, write, visible, reasoning, _told_1h(counts))
    except Refused:
        return None


def _told_1h(counts: object) -> int:
    if not isinstance(counts, Mapping):
        return 0
    try:
        return _count(counts, "cache_creation_1h_tokens")
    except Refused:
        return 0


def _checked(  # noqa: PLR0913, PLR0917 - the six numbers of `Tokens`, in its order
    uncached: int, read: int, write: int, visible: int, reasoning: int, write_1h: int
) -> Tokens:
    if max(uncached + read + write, visible + reasoning) > MAX_TOKENS_OF_REQUEST:
        raise Refused("more tokens than one request can have, at most 10^12")
    return Tokens(
        uncached_input=uncached,
        cache_read=read,
        cache_write=write,
        visible_output=visible,
        reasoning=reasoning,
        cache_write_1h=min(write_1h, write),
    )


def _count(counts: Mapping[str, object], name: str) -> int:
    value = counts.get(name)
    if type(value) is int:
        if 0 <= value <= MAX_INTEGER:
            return value
        raise Refused(f"{name}: not from 0 to 2^53-1")
    return 0 if value is None else _unusual_count(value, name)


def _unusual_count(value: object, name: str) -> int:
    """`12.0`, as some write whole numbers, is one.

    Raises:
        Refused: anything else.
    """
    if isinstance(value, float | Decimal):
        number = Decimal(value)
        if number.is_finite() and 0 <= number <= MAX_INTEGER and number == int(number):
            return int(number)
    raise Refused(f"{name}: expected a whole number, got {kind_of(value)}")
