"""Tokens as they really were, and what each family of providers and each version tells of them.

CLIProxyAPI internal/runtime/executor/helps/usage_helpers.go, sdk/cliproxy/usage/accounting.go.
"""

from typing import Any, Literal, NamedTuple, Self

import msgspec

from fake_version import Version

Quality = Literal["complete", "inconsistent", "unclassified"]


class Usage(msgspec.Struct, frozen=True):
    """Five disjoint kinds, as the upstream billed them. `write_1h` is a part of `write`."""

    uncached: int = 0
    read: int = 0
    write: int = 0
    visible: int = 0
    reasoning: int = 0
    write_1h: int = 0

    @property
    def input(self) -> int:
        """All that went in."""
        return self.uncached + self.read + self.write

    @property
    def output(self) -> int:
        """All that came out."""
        return self.visible + self.reasoning

    def __add__(self, other: Self) -> Self:
        return type(self)(
            *(one + another for one, another in zip(_kinds(self), _kinds(other), strict=True))
        )


def _kinds(usage: Usage) -> tuple[int, ...]:
    return tuple(msgspec.structs.astuple(usage))


class Family(NamedTuple):
    """A kind of provider. `key` is what it is called in totals, `provider` in records."""

    key: str
    provider: str
    executor: str
    auth_type: str
    style: Literal["openai", "claude", "gemini"]
    account: str
    path: str


FAMILIES = {
    "claude": Family(
        "claude",
        "claude",
        "ClaudeExecutor",
        "oauth",
        "claude",
        "dev@example.com",
        "/v1/messages?beta=true",
    ),
    "claude-key": Family(
        "claude",
        "claude",
        "ClaudeExecutor",
        "apikey",
        "claude",
        "sk-ant-api03-fake-upstream-0123456789",
        "/v1/messages",
    ),
    "codex": Family(
        "openai",
        "codex",
        "CodexExecutor",
        "oauth",
        "openai",
        "codex.user@example.com",
        "/v1/responses",
    ),
    "gemini": Family(
        "gemini",
        "gemini",
        "GeminiExecutor",
        "apikey",
        "gemini",
        "AIzaFAKEupstreamKey0123456789abcdefghij",
        "",
    ),
    "vertex": Family(
        "gemini",
        "vertex",
        "GeminiVertexExecutor",
        "apikey",
        "gemini",
        "vertex-project-17",
        "",
    ),
    "xai": Family(
        "xai",
        "xai",
        "XAIExecutor",
        "apikey",
        "openai",
        "xai-fake-upstream-key-0123456789",
        "/v1/chat/completions",
    ),
    "fake": Family(
        "fake",
        "openai-compatible-fake",
        "OpenAICompatExecutor",
        "apikey",
        "openai",
        "sk-fake-upstream-key-9876543210",
        "/v1/chat/completions",
    ),
}


def family_of(model: str) -> str:
    """The family that serves a model where a script does not say."""
    starts = {"claude": "claude", "gpt": "codex", "gemini": "gemini", "grok": "xai"}
    return next((name for start, name in starts.items() if model.startswith(start)), "fake")


def provider_name(family: Family, version: Version) -> str:
    """`provider` of a record: before v7.2.21 a configured provider's bare name."""
    if version.since("7.2.21"):
        return family.provider
    return family.provider.removeprefix("openai-compatible-")


def as_told(usage: Usage, family: Family, version: Version) -> Usage:
    """What a perfect reader can know of these tokens from a record of this version."""
    if not version.is_v8:
        usage = msgspec.structs.replace(usage, write_1h=0)
    if version.since("7.2.117"):
        return usage
    if family.style == "claude":
        if not version.since("7.0.3"):
            # One cached number: what was read, or else what was written; read, for all one knows.
            cached = usage.read or usage.write
            return Usage(usage.uncached, cached, 0, usage.output)
        return Usage(usage.uncached, usage.read, usage.write, usage.output)
    if not version.since("7.0.3"):
        return Usage(usage.uncached + usage.write, usage.read, 0, usage.visible, usage.reasoning)
    return usage


def tokens_field(usage: Usage, family: Family, version: Version) -> dict[str, Any]:
    """`tokens` of a record."""
    split = version.since("7.0.3")
    if family.style == "claude":
        tokens_in, tokens_out = usage.uncached, usage.output
        cached = usage.read or usage.write
        total = tokens_in + tokens_out
        if version.since("7.1.26"):
            total = usage.input + usage.output
        reasoning = usage.reasoning if version.since("7.2.117") else 0
    else:
        tokens_in, cached, reasoning = usage.input, usage.read, usage.reasoning
        tokens_out = usage.visible if family.style == "gemini" else usage.output
        total = usage.input + usage.output
    told: dict[str, Any] = {
        "input_tokens": tokens_in,
        "output_tokens": tokens_out,
        "reasoning_tokens": reasoning,
        "cached_tokens": cached,
    }
    if split:
        told["cache_read_tokens"] = usage.read
        if version.since("7.2.74"):
            told["cache_read_tokens_present"] = True
        told["cache_creation_tokens"] = usage.write
        if version.is_v8 and usage.write_1h:
            told["cache_creation_5m_tokens"] = usage.write - usage.write_1h
            told["cache_creation_1h_tokens"] = usage.write_1h
    return {**told, "total_tokens": total}


def breakdown_field(usage: Usage, quality: Quality) -> dict[str, Any]:
    """`token_breakdown` of a record; unless complete, everything is unclassified."""
    total = usage.input + usage.output
    shown = usage if quality == "complete" else Usage()
    return {
        "schema_version": 2,
        "quality": quality,
        "total_tokens": total,
        "input": {
            "total_tokens": shown.input,
            "uncached_tokens": shown.uncached,
            "cache_read_tokens": shown.read,
            "cache_write_tokens": shown.write,
        },
        "output": {
            "total_tokens": shown.output,
            "non_reasoning_tokens": shown.visible,
            "reasoning_tokens": shown.reasoning,
        },
        "unclassified_tokens": total - shown.input - shown.output,
    }
