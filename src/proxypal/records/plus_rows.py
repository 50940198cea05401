"""CPA-Manager-Plus's records: the lines of its JSONL export, and the rows of its database.

CPA-Manager-Plus (seakee/CPA-Manager-Plus, apps/manager-server/internal/usage/event.go, v0.1 to
v1.12) exports one event per line, no header. An event has its `event_hash`; `model` is the name
the client asked for, `resolved_model` the upstream one (since v0.2, where told). Tokens are
those of the usage record; `cache_input_mode` (since v1.11) says whether input includes the
cache. The client's key is only there as a SHA-256 hash: its label differs from the one of the
same key seen live. `source` is masked by it, and masked again here.

Must not enter: files, SQL, reading of queue records that stand in between.
"""

from collections.abc import Iterable, Iterator

from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.detection import canonical_provider, provider_of_model
from proxypal.records.foreign_rows import AttemptRow, ForeignRow, NumberedLine, RowRejected
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
    tree_of,
)
from proxypal.records.key_labels import KeyLabels
from proxypal.records.natural_key import attempt_key
from proxypal.records.request import UNKNOWN
from proxypal.records.tolerant_json import Refused, read_json
from proxypal.records.usage_export import caller_of

EVENT_HASHES = ("event_hash", "eventHash")
"""What only its records have."""


def read_plus_lines(lines: Iterable[NumberedLine], labels: KeyLabels) -> Iterator[ForeignRow]:
    """One `AttemptRow` per line that is an event; empty lines are nothing. Never raises."""
    for number, line in lines:
        if line is None:
            yield RowRejected(number, "it is too long to be a record")
            continue
        if not line.strip(b"\0 \t\r\n\xef\xbb\xbf"):
            continue
        try:
            yield AttemptRow(plus_attempt(tree_of(read_json(line)), labels), number)
        except Refused as error:
            yield RowRejected(number, str(error))


def read_plus_rows(rows: Iterable[tuple[int, Tree]], labels: KeyLabels) -> Iterator[ForeignRow]:
    """The same for rows of its table `usage_events`, whose columns are named like the fields."""
    for number, columns in rows:
        try:
            yield AttemptRow(plus_attempt(columns, labels), number)
        except Refused as error:
            yield RowRejected(number, str(error))


def plus_attempt(tree: Tree, labels: KeyLabels) -> Attempt:
    """The attempt an event tells of.

    Raises:
        Refused: it tells of none; the message is the reason.
    """
    if not any(text_in(tree, name) for name in EVENT_HASHES):
        raise Refused("it has no event_hash, so it is no event of CPA-Manager-Plus")
    told = first(tree, "timestamp_ms", "timestampMs")
    started_ms = moment_ms(told or first(tree, "timestamp"))
    asked = _name(tree, "requested_model", "requestedModel") or _name(tree, "model")
    model = _name(tree, "resolved_model", "resolvedModel") or asked or UNKNOWN
    provider = _provider(tree)
    route = caller_of(text_in(tree, "endpoint"), labels)
    failed = flag_in(tree, "failed", "is_failed", "isFailed")
    status = count_in(tree, "fail_status_code", "failStatusCode", most=999)
    account = text_in(tree, "account_snapshot", "accountSnapshot") or text_in(tree, "source")
    key_hash = text_in(tree, "api_key_hash", "apiKeyHash")
    return Attempt(
        key=attempt_key(started_ms, model),
        started_ms=started_ms,
        latency_ms=count_in(tree, "latency_ms", "latencyMs", most=MAX_DURATION_MS),
        ttft_ms=count_in(tree, "ttft_ms", "ttftMs", most=MAX_DURATION_MS) or None,
        request_id=_request_id(tree),
        method=route.method if route.route else _name(tree, "method") or "POST",
        route=route.route,
        provider=canonical_provider(provider) if provider else provider_of_model(model),
        model=model,
        model_requested=asked if asked and asked != model else None,
        status=status if failed else 200,
        failed=failed,
        tokens=_tokens(tree, provider, model),
        api_key=labels.api_key(key_hash) if key_hash else None,
        account=labels.account(account.removeprefix("m:")) if account else None,
        service_tier=_name(tree, "service_tier", "serviceTier") or None,
    )


def _name(tree: Tree, *names: str) -> str:
    text = label(text_in(tree, *names))
    return "" if text == "-" else text


def _provider(tree: Tree) -> str:
    # Where the record had no provider it took the kind of credential for one.
    told = _name(tree, "provider")
    is_provider = told.lower() not in {"", "oauth", "apikey", "api_key"}
    return told if is_provider else _name(tree, "auth_provider_snapshot", "authProviderSnapshot")


def _request_id(tree: Tree) -> str | None:
    told = _name(tree, "request_id", "requestId")
    # Of an imported usage export it makes up `legacy:HASH`, an id that no proxy gave.
    return None if told.startswith("legacy:") else told or None


def _tokens(tree: Tree, provider: str, model: str) -> Tokens:
    executor = text_in(tree, "executor_type", "executorType")
    family = family_told(executor, provider, model)
    mode = text_in(tree, "cache_input_mode", "cacheInputMode")
    if mode == "separate_from_input":
        family = "claude"
    elif mode == "included_in_input" and family == "claude":
        family = "openai"
    return tokens_from(counts_in(tree), family)
