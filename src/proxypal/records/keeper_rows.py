"""The rows of CPA Usage Keeper's database, as attempts; v1.0 to v1.14 and what is like it.

CPA Usage Keeper (Willxup/cpa-usage-keeper, internal/entities/usage_event.go) keeps a row per
usage record in `usage_events`, and since v1.14 moves old ones to `usage_events_archive`. Columns
came one after another, so only those that are there are read. `api_group_key` is the client's
key in clear, else the provider, else the route.

Since v1.9.0 (31 May 2026) it rewrites tokens as they come: input of Claude then includes the
cache, since June output of Gemini includes the reasoning; older rows it rewrote only in part.
The columns and the total tell which it was.

Must not enter: SQL, files.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from proxypal.records.attempt import Attempt
from proxypal.records.detection import canonical_provider, provider_of_model
from proxypal.records.foreign_rows import AttemptRow, ForeignRow, RowRejected
from proxypal.records.foreign_tokens import counts_in, family_told, tokens_from
from proxypal.records.foreign_values import (
    MAX_DURATION_MS,
    Tree,
    count_in,
    first,
    flag_in,
    label,
    moment_ms,
    text_in,
)
from proxypal.records.key_labels import KeyLabels
from proxypal.records.labels import Offset
from proxypal.records.natural_key import attempt_key
from proxypal.records.request import UNKNOWN
from proxypal.records.tokens import Family
from proxypal.records.tolerant_json import Refused
from proxypal.records.usage_export import caller_of

REWRITING_COLUMN = "executor_type"
"""Came in the same days as the rewriting of tokens: a database without it has none rewritten."""


class KeeperRow(NamedTuple):
    """A row as SQLite has it. `number` is its id."""

    number: int
    columns: Mapping[str, Any]


def read_keeper_rows(
    rows: Iterable[KeeperRow], labels: KeyLabels, offset: Offset | None = None
) -> Iterator[ForeignRow]:
    """One `AttemptRow` per row; `line` is its id. Never raises on what a row holds.

    Early versions stored some times without their zone: `offset` is the zone the keeper ran in;
    without it such rows are rejected.
    """
    for row in rows:
        try:
            attempt = _attempt(row.columns, labels, offset)
        except Refused as error:
            yield RowRejected(row.number, str(error))
        else:
            yield AttemptRow(attempt, row.number)


def _attempt(columns: Tree, labels: KeyLabels, offset: Offset | None) -> Attempt:
    started_ms = moment_ms(first(columns, "timestamp"), offset)
    model = label(text_in(columns, "model")) or UNKNOWN
    asked = label(text_in(columns, "model_alias"))
    provider = text_in(columns, "provider")
    endpoint = caller_of(text_in(columns, "endpoint"), labels)
    caller = endpoint._replace(api_key=None)
    group = text_in(columns, "api_group_key")
    if group not in {"", provider, text_in(columns, "endpoint")}:
        caller = caller_of(group, labels)
    route = endpoint if endpoint.route else caller
    provider = provider or caller.provider
    failed = flag_in(columns, "failed")
    source = text_in(columns, "source")
    return Attempt(
        key=attempt_key(started_ms, model),
        started_ms=started_ms,
        latency_ms=count_in(columns, "latency_ms", most=MAX_DURATION_MS),
        ttft_ms=count_in(columns, "ttft_ms", most=MAX_DURATION_MS) or None,
        request_id=label(text_in(columns, "request_id")) or None,
        method=route.method,
        route=route.route,
        provider=canonical_provider(provider) if provider else provider_of_model(model),
        model=model,
        model_requested=asked if asked and asked != model else None,
        status=0 if failed else 200,
        failed=failed,
        tokens=tokens_from(*_meant(columns, provider, model)),
        api_key=caller.api_key,
        account=labels.account(source) if source else None,
        service_tier=label(
            text_in(columns, "response_service_tier") or text_in(columns, "service_tier")
        )
        or None,
    )


def _meant(columns: Tree, provider: str, model: str) -> tuple[dict[str, int], Family]:
    """The counts, and the family that means by them what they include in this very row."""
    counts = counts_in(columns)
    family = family_told(text_in(columns, "executor_type"), provider, model)
    if REWRITING_COLUMN not in columns:
        return counts, family
    told, total = counts["input_tokens"] + counts["output_tokens"], counts["total_tokens"]
    reasoning = counts["reasoning_tokens"]
    if family == "claude":
        read = counts.get("cache_read_tokens", counts["cached_tokens"])
        cache = read + counts.get("cache_creation_tokens", 0)
        # Not rewritten: a cache that the input cannot hold, or a total that counts it once more.
        is_apart = cache > counts["input_tokens"] or (cache > 0 and total >= told + cache)
        return counts, "claude" if is_apart else "openai"
    if family == "gemini" and 0 < reasoning <= counts["output_tokens"]:
        return counts, "gemini" if total == told + reasoning else "openai"
    return counts, family
