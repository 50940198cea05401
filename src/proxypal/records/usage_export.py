"""CLIProxyAPI's usage exports and snapshots, v6.0.0 to v6.9.49, and what others made of them.

Three wrappings of one snapshot: `{"version": 1, "exported_at": ..., "usage": SNAPSHOT}` (export),
`{"usage": SNAPSHOT, "failed_requests": n}` (the answer of `GET /v0/management/usage`), and the
bare snapshot. In it `apis` is an object by caller (the client's key, else the route, else the
provider), then by model, with one `detail` per upstream attempt (CLIProxyAPI
internal/usage/logger_plugin.go). CPA-Manager-Plus serves the same shape with richer details.

Only details become rows. What totals tell beyond the details (v6.6.96 kept the last 1,000 per
model) is reported, and not taken as a day's total: the next export of the same proxy tells the
same surplus again, grown, so that it would count twice. `requests_by_hour` are sums over all
days by hour of day, `requests_by_day` are recounts of the details; both are not read.

Must not enter: what attempts are added to.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from proxypal.records.attempt import Attempt
from proxypal.records.detection import PROVIDER_ALIASES, canonical_provider, provider_of_model
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
    object_in,
    text_in,
    tree_of,
)
from proxypal.records.key_labels import KeyLabels
from proxypal.records.natural_key import attempt_key
from proxypal.records.request import UNKNOWN
from proxypal.records.tolerant_json import Refused, read_json

_ROUTE = re.compile(r"([A-Z]{3,7}) (/\S{0,500})")
_PROVIDERS = frozenset(PROVIDER_ALIASES) | {
    alias for aliases in PROVIDER_ALIASES.values() for alias in aliases
}


class Caller(NamedTuple):
    """What the name of a group of attempts stands for; the others are None or empty."""

    api_key: str | None = None
    method: str = "POST"
    route: str = ""
    provider: str = ""

    def __str__(self) -> str:
        """The caller as it may be shown."""
        if self.api_key is not None:
            return f"key {self.api_key}"
        return f"{self.method} {self.route}" if self.route else self.provider or UNKNOWN


def caller_of(name: str, labels: KeyLabels) -> Caller:
    """A client's key (as its label), a route or a provider: whichever the name is.

    A provider whose name only its user knows is taken for a key: masked without need, but no
    key is ever taken for a provider.
    """
    name = name.strip()
    route = _ROUTE.fullmatch(name)
    if route:
        return Caller(method=route[1], route=route[2].partition("?")[0])
    lowered = name.lower()
    if lowered in _PROVIDERS or lowered.startswith("openai-compatib"):
        return Caller(provider=label(lowered))
    return Caller() if lowered in {"", "-", UNKNOWN} else Caller(api_key=labels.api_key(name))


def read_usage_export(data: bytes, labels: KeyLabels) -> Iterator[ForeignRow]:
    """One `AttemptRow` per detail; `line` is its number in the file, from 1. Never raises.

    Two client keys with the same model are separate rows.
    """
    try:
        snapshot = _snapshot(data)
        groups = object_in(snapshot, "apis")
    except Refused as error:
        yield RowRejected(0, str(error))
        return
    told = _Tally()
    for name, group in groups.items():
        caller = caller_of(name, labels)
        try:
            models = object_in(tree_of(group), "models")
        except Refused as error:
            yield RowRejected(0, f"{caller}: {error}")
            continue
        of_caller = _Tally(told.details)
        for model, stats in models.items():
            known_as = label(model) or UNKNOWN
            of_model = _Tally(of_caller.details)
            yield from _rows(caller, known_as, stats, labels, of_model)
            yield from _surplus(stats, of_model, f"of {known_as} by {caller}")
            of_caller.add(of_model)
        yield from _surplus(group, of_caller, f"by {caller} of models it does not name")
        told.add(of_caller)
    yield from _surplus(snapshot, told, "of callers it does not name")


class _Tally:
    """Details so far in the file, and the requests and tokens that one part of it told."""

    def __init__(self, details: int = 0) -> None:
        self.details = details
        self.requests = 0
        self.tokens = 0

    def add(self, other: "_Tally") -> None:
        self.details = other.details
        self.requests += other.requests
        self.tokens += other.tokens


def _snapshot(data: bytes) -> Tree:
    tree = tree_of(read_json(data))
    return object_in(tree, "usage") if "usage" in tree else tree


def _rows(
    caller: Caller, model: str, stats: object, labels: KeyLabels, tally: _Tally
) -> Iterator[ForeignRow]:
    details = first(stats, "details") if isinstance(stats, dict) else None
    if details is not None and not isinstance(details, list):
        yield RowRejected(0, f"{model} by {caller}: details: expected a list")
        return
    for detail in details or ():
        tally.details += 1
        tally.requests += 1
        try:
            tokens = object_in(tree_of(detail), "tokens")
            tally.tokens += _total(tokens)
            attempt = _attempt(caller, model, detail, tokens, labels)
        except Refused as error:
            yield RowRejected(tally.details, f"{model} by {caller}: {error}")
        else:
            yield AttemptRow(attempt, tally.details)


def _total(tokens: Tree) -> int:
    """The total as the proxy summed it: a zero was filled up, from the cache too if need be."""
    counts = counts_in(tokens)
    told = counts["input_tokens"] + counts["output_tokens"] + counts["reasoning_tokens"]
    return counts["total_tokens"] or told or counts["cached_tokens"]


def _attempt(caller: Caller, model: str, detail: Tree, tokens: Tree, labels: KeyLabels) -> Attempt:
    started_ms = moment_ms(first(detail, "timestamp"))
    upstream = label(text_in(detail, "resolved_model")) or model
    provider = caller.provider or text_in(detail, "auth_provider_snapshot")
    family = family_told(text_in(detail, "executor_type"), provider, upstream)
    failed = flag_in(detail, "failed")
    status = count_in(detail, "fail_status_code", most=999)
    source = text_in(detail, "source")
    asked = label(text_in(detail, "requested_model"))
    return Attempt(
        key=attempt_key(started_ms, upstream),
        started_ms=started_ms,
        latency_ms=count_in(detail, "latency_ms", most=MAX_DURATION_MS),
        ttft_ms=count_in(detail, "ttft_ms", most=MAX_DURATION_MS) or None,
        method=caller.method,
        route=caller.route,
        provider=canonical_provider(provider) if provider else provider_of_model(upstream),
        model=upstream,
        model_requested=asked if asked and asked != upstream else None,
        status=status if failed else 200,
        failed=failed,
        tokens=tokens_from(counts_in(tokens), family),
        has_tokens=bool(tokens),
        api_key=caller.api_key,
        account=labels.account(source) if source else None,
        service_tier=label(text_in(detail, "service_tier")) or None,
    )


def _surplus(stats: object, tally: _Tally, whose: str) -> Iterator[RowRejected]:
    """What totals tell beyond the details; afterwards the tally holds it too."""
    if not isinstance(stats, dict):
        return
    try:
        requests = count_in(stats, "total_requests") - tally.requests
        tokens = count_in(stats, "total_tokens") - tally.tokens
    except Refused as error:
        yield RowRejected(0, f"{whose}: {error}")
        return
    if requests > 0 or tokens > 0:
        yield RowRejected(
            0,
            f"{max(requests, 0)} requests and {max(tokens, 0)} tokens {whose} are only in its "
            "totals, without the time they happened: left out",
        )
    tally.requests += max(requests, 0)
    tally.tokens += max(tokens, 0)
