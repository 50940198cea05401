"""The fields of CLIProxyAPI's usage record, v6.9.38 to v8, as they are written.

(internal/redisqueue/plugin.go.) A record with known fields of the right types alone is decoded at
once; any other is looked through field by field. Must not enter: what the fields mean
(`records.queue_payload`), what of them may be kept (`records.scrubbing`).
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from proxypal.records.request import MAX_LABEL_CHARS, Count

Text = Annotated[str, msgspec.Meta(max_length=MAX_LABEL_CHARS)]
Flag = bool | UnsetType
Counts = dict[str, Count | bool]


class UsageRecord(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One record. Text that is not there is empty, a number 0, anything else unset."""

    timestamp: Text = ""
    latency_ms: Count = 0
    ttft_ms: Count = 0
    source: Text = ""
    auth_index: Text = ""
    access_token_sha256: Text = ""
    client_ip: str = ""
    resolved_client_ip: str = ""
    x_forwarded_for: str = ""
    user_agent: Text = ""
    tokens: Counts | UnsetType = UNSET
    failed: Flag = UNSET
    generate: Flag = UNSET
    stream: Flag = UNSET
    fail: dict[str, Count | str] | UnsetType = UNSET
    response_headers: msgspec.Raw | UnsetType = UNSET
    accounting_version: Count = 0
    token_breakdown: dict[str, Count | Text | dict[str, Count]] | UnsetType = UNSET
    provider: Text = ""
    executor_type: Text = ""
    model: Text = ""
    alias: Text = ""
    endpoint: Text = ""
    auth_type: Text = ""
    api_key: Text = ""
    request_id: Text = ""
    reasoning_effort: Text = ""
    service_tier: Text = ""
    request_service_tier: Text = ""
    response_service_tier: Text = ""
    session_id: Text = ""
    parent_session_id: Text = ""
    execution_id: Text = ""
    trace_id: Text = ""
    node_kind: Text = ""
    is_fork: Flag = UNSET
    is_compaction: Flag = UNSET
    response_model: Text = ""


_DECODER = msgspec.json.Decoder(UsageRecord)
_NUMBERS = ("latency_ms", "ttft_ms")
_TEXTS = (
    "timestamp",
    "source",
    "auth_index",
    "provider",
    "executor_type",
    "model",
    "alias",
    "endpoint",
    "api_key",
    "request_id",
    "service_tier",
    "request_service_tier",
    "response_service_tier",
    "response_model",
)
_FLAGS = ("failed", "generate")
_OBJECTS = ("tokens", "token_breakdown", "fail")
_TOKEN_NAMES = frozenset(
    {
        "input_tokens",
        "output_tokens",
        "reasoning_tokens",
        "cached_tokens",
        "cache_read_tokens",
        "cache_read_tokens_present",
        "cache_creation_tokens",
        "cache_creation_5m_tokens",
        "cache_creation_1h_tokens",
        "total_tokens",
    }
)
_BREAKDOWN_NAMES = frozenset(
    {"schema_version", "quality", "total_tokens", "input", "output", "unclassified_tokens"}
)
_PART_NAMES = frozenset(
    {
        "total_tokens",
        "uncached_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "non_reasoning_tokens",
        "reasoning_tokens",
    }
)
_FAIL_NAMES = frozenset({"status_code", "body"})
_QUALITIES = frozenset({"complete", "inconsistent", "unclassified"})


def decode_known(payload: bytes) -> UsageRecord | None:
    """The record, if it has known fields of the right types and lengths and nothing else."""
    try:
        record = _DECODER.decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    counts, fail = record.tokens, record.fail
    if counts is not UNSET and not _TOKEN_NAMES.issuperset(counts):
        return None
    if fail is not UNSET and not _FAIL_NAMES.issuperset(fail):
        return None
    breakdown = record.token_breakdown
    if breakdown is not UNSET and not _is_known_breakdown(breakdown):
        return None
    return record


def _is_known_breakdown(breakdown: Mapping[str, object]) -> bool:
    if not _BREAKDOWN_NAMES.issuperset(breakdown) or breakdown.get("quality") not in _QUALITIES:
        return False
    for name in ("input", "output"):
        part = breakdown.get(name)
        if not isinstance(part, dict) or not _PART_NAMES.issuperset(part):
            return False
    return not isinstance(breakdown.get("total_tokens"), str | dict)


def record_of_tree(tree: Mapping[str, Any]) -> UsageRecord:
    """The known fields of a decoded object; those of a wrong type are as if they were not there."""
    record = UsageRecord()
    for name in _TEXTS:
        if isinstance(value := tree.get(name), str):
            setattr(record, name, value)
    for name in _NUMBERS:
        if (value := _whole_number(tree.get(name))) is not None:
            setattr(record, name, value)
    for name in _FLAGS:
        if isinstance(value := tree.get(name), bool):
            setattr(record, name, value)
    for name in _OBJECTS:
        if isinstance(value := tree.get(name), Mapping):
            setattr(record, name, value)
    return record


def _whole_number(value: object) -> int | None:
    try:
        return msgspec.convert(value, Count, strict=True)
    except msgspec.ValidationError:
        return None
