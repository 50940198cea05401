"""An old `aggregate.json` (ProxyPal v0.3.0-v0.4.51, or ours changed by another program): claims.

Must not enter: deciding between claims.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from proxypal.records.aggregate import Aggregate
from proxypal.records.incoming import settled_model, settled_provider
from proxypal.records.legacy_claims import ClaimReader, Claims, Notes, unknown_keys
from proxypal.records.legacy_history import LATEST_MS
from proxypal.records.request_fields import read_count
from proxypal.records.tolerant_json import Refused, kind_of, printable

_TOTALS = {
    "totalRequests": "requests",
    "totalSuccessCount": "success",
    "totalFailureCount": "failures",
    "totalTokensIn": "tokens_in",
    "totalTokensOut": "tokens_out",
    "totalTokensCached": "tokens_cached",
    "totalTokensCacheWrite": "tokens_cache_write",
    "totalTokensReasoning": "tokens_reasoning",
    "totalCostUsd": "cost",
}
_SERIES = {
    "requestsByDay": "requests",
    "tokensByDay": "tokens",
    "costByDay": "cost",
    "requestsByHour": "requests",
    "tokensByHour": "tokens",
}
_LABELLED = {
    "requests": "requests",
    "failureCount": "failures",
    "tokens": "tokens",
    "inputTokens": "tokens_in",
    "outputTokens": "tokens_out",
    "cachedTokens": "tokens_cached",
    "cacheWriteTokens": "tokens_cache_write",
    "reasoningTokens": "tokens_reasoning",
    "costUsd": "cost",
}
_KNOWN = frozenset(
    {"published", *(field.encode_name for field in msgspec.structs.fields(Aggregate))}
)


class OldAggregate(msgspec.Struct, frozen=True, kw_only=True):
    """What one aggregate says; `created_at_ms` None if it says nothing that can be a time."""

    claims: Claims
    created_at_ms: int | None
    extras: dict[str, Any]


def read_aggregate(tree: Mapping[str, Any], notes: Notes) -> OldAggregate:
    """Read a decoded `aggregate.json`; what cannot be read is noted and left out."""
    reader = ClaimReader(notes)
    reader.totals(tree, _TOTALS)
    for key, quantity in _SERIES.items():
        reader.series(tree, key, quantity)
    _stats(reader, tree, "modelStats", "model", settled_model)
    _stats(reader, tree, "providerStats", "provider", settled_provider)
    return OldAggregate(
        claims=reader.claims,
        created_at_ms=_created_at(tree, notes),
        extras=unknown_keys(tree, _KNOWN, notes),
    )


def _stats(
    reader: ClaimReader,
    tree: Mapping[str, Any],
    key: str,
    scope: str,
    settled: Callable[[str], str],
) -> None:
    stats = tree.get(key)
    if stats is None:
        return
    if not isinstance(stats, dict):
        reader.notes.add(f"{key} is {kind_of(stats)} and not an object; left out")
        return
    for name, numbers in stats.items():
        label = settled(printable(name))
        what = f"{key}, {label}"
        if not isinstance(numbers, dict):
            reader.notes.add(f"{what} is {kind_of(numbers)} and not an object; left out")
            continue
        reader.labelled(_with_failures(numbers), scope, label, _LABELLED, what)


def _with_failures(numbers: dict[str, Any]) -> dict[str, Any]:
    """The failures of a model: stated, or what the successes leave of the requests."""
    try:
        requests = read_count(numbers.get("requests"))
        success = read_count(numbers.get("successCount"))
        stated = read_count(numbers.get("failureCount") or 0)
    except Refused:
        return numbers
    return {**numbers, "failureCount": max(stated, requests - success)}


def _created_at(tree: Mapping[str, Any], notes: Notes) -> int | None:
    value = tree.get("createdAt")
    if value is None:
        return None
    try:
        return read_count(value, LATEST_MS) or None
    except Refused as error:
        notes.add(f"createdAt: {error}; left out")
        return None
