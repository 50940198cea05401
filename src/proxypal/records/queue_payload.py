"""One payload of CLIProxyAPI's usage queue: scrubbed first, then understood.

Any bytes get an answer: an attempt, a control message, or what could be kept of something nobody
understands yet. No key and no address leaves this module in clear. Must not enter: prices, which
request an attempt belongs to, how payloads arrive.
"""

import re
from functools import lru_cache
from hashlib import blake2b

import msgspec
from msgspec import UNSET

from proxypal.records.attempt import NO_TOKENS, Attempt, Tokens
from proxypal.records.detection import canonical_provider, detect_provider
from proxypal.records.key_labels import KeyLabels
from proxypal.records.masking import clean_path
from proxypal.records.request import UNKNOWN
from proxypal.records.rfc3339 import unix_ms
from proxypal.records.scrubbing import MAX_PAYLOAD_BYTES, scrub
from proxypal.records.text_cleaning import clean_label, clean_text
from proxypal.records.tokens import Family, family_of, tokens_of_record
from proxypal.records.tolerant_json import Refused, kind_of, read_json
from proxypal.records.usage_record import UsageRecord, decode_known, record_of_tree

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_KEY_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="number")
_IDS = re.compile(r"(?:[0-9a-fTZ:.+\-]{0,40}\n){7}")
_METHOD = re.compile(r"[A-Z]{1,16}")
_SUFFIX = re.compile(r"\([^()]*\)\Z")
_CONTROLS = frozenset({"support_refresh", "refresh"})
_NO_NAME = frozenset({"", UNKNOWN})
_OWN_SECRET_CHARS = 8


class Control(msgspec.Struct, frozen=True):
    """A word of the proxy to its subscribers, no record: `support_refresh` or `refresh`."""

    name: str


class NotUnderstood(msgspec.Struct, frozen=True):
    """Why a payload is no attempt, and the scrubbed JSON of it that may be kept."""

    reason: str
    payload: bytes


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    """What the words of a record say; the same words come again and again."""

    is_clean: bool
    family: Family
    provider: str
    model: str
    model_requested: str | None
    method: str
    route: str
    service_tier: str | None


def read_payload(payload: bytes, labels: KeyLabels) -> Attempt | Control | NotUnderstood:
    """What a payload says, of any version since v6.9.38 (2026-04); never raises."""
    record = decode_known(payload)
    if record is not None:
        words = _words_of(record)
        if (body := _scrub_known(record, words, labels)) is not None:
            return _attempt_of(record, words, body)
    try:
        tree = read_json(payload)
    except Refused as error:
        kept = {"unreadable": str(error), "bytes": len(payload)}
        return NotUnderstood(str(error), _ENCODER.encode(kept))
    if isinstance(tree, dict) and tree.keys() <= _CONTROLS and tree:
        return Control(min(tree))
    kept, body = scrub(tree, labels)
    if not isinstance(tree, dict) or not isinstance(kept, dict):
        return NotUnderstood(f"expected an object, got {kind_of(tree)}", body)
    if "tokens" not in tree and ("retryable" in tree or "auth_status" in tree):
        return NotUnderstood("it tells of a credential's trouble, not of usage", body)
    record = record_of_tree(kept)
    return _attempt_of(record, _words_of(record), body)


def _scrub_known(record: UsageRecord, words: _Named, labels: KeyLabels) -> bytes | None:
    """Scrub a record of known fields in place; None if that takes a closer look."""
    if not (words.is_clean and _are_ids(record)):
        return None
    secrets = (record.source, record.api_key, record.access_token_sha256)
    record.source = labels.account(record.source)
    record.api_key = labels.api_key(record.api_key)
    record.access_token_sha256 = labels.api_key(record.access_token_sha256)
    record.client_ip = record.resolved_client_ip = record.x_forwarded_for = ""
    record.response_headers = UNSET
    if record.fail is not UNSET:
        record.fail.pop("body", None)
    body = _ENCODER.encode(record)
    if len(body) > MAX_PAYLOAD_BYTES:
        return None
    kept = (record.source, record.api_key, record.access_token_sha256)
    for secret, label in zip(secrets, kept, strict=True):
        is_long = len(secret) >= _OWN_SECRET_CHARS and secret != label
        if is_long and _ENCODER.encode(secret)[1:-1] in body:
            return None
    return body


def _are_ids(record: UsageRecord) -> bool:
    ids = (
        f"{record.timestamp}\n{record.request_id}\n{record.auth_index}\n{record.session_id}\n"
        f"{record.parent_session_id}\n{record.execution_id}\n{record.trace_id}\n"
    )
    return _IDS.fullmatch(ids) is not None


def _attempt_of(record: UsageRecord, words: _Named, body: bytes) -> Attempt | NotUnderstood:
    """A scrubbed record, understood."""
    started_ms = unix_ms(record.timestamp)
    if started_ms is None:
        return NotUnderstood("it has no time that can be read", body)
    if record.tokens is UNSET and words.model == words.provider == UNKNOWN:
        return NotUnderstood("it names no model, no provider and no tokens", body)
    counts = None if record.tokens is UNSET else record.tokens
    breakdown = None if record.token_breakdown is UNSET else record.token_breakdown
    tokens = tokens_of_record(counts, breakdown, words.family)
    status, failed = _outcome(record)
    if isinstance(tokens, Tokens):
        # A success without usage is told as zeros; only a warm-up and a failure truly have none.
        has_tokens = bool(tokens) or failed or record.generate is False
    else:
        tokens, has_tokens = NO_TOKENS, False
    return Attempt(
        key=_key(record),
        started_ms=started_ms,
        latency_ms=record.latency_ms,
        ttft_ms=record.ttft_ms or None,
        request_id=record.request_id.strip() or None,
        method=words.method,
        route=words.route,
        provider=words.provider,
        model=words.model,
        model_requested=words.model_requested,
        status=status,
        failed=failed,
        tokens=tokens,
        has_tokens=has_tokens,
        api_key=record.api_key or None,
        account=record.source or None,
        service_tier=words.service_tier,
        payload=body,
    )


def _key(record: UsageRecord) -> int:
    """The same record told twice has one key; two records of one request differ in some part."""
    parts = (
        record.timestamp,
        record.request_id,
        record.model,
        record.auth_index,
        record.latency_ms,
        record.tokens if record.tokens is not UNSET else None,
        record.failed is True,
    )
    digest = blake2b(_KEY_ENCODER.encode(parts), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _outcome(record: UsageRecord) -> tuple[int, bool]:
    """(status, failed); each is derived from the other where it is not told."""
    status = None if record.fail is UNSET else record.fail.get("status_code")
    if type(status) is not int or not 100 <= status <= 999:
        return (0, True) if record.failed is True else (200, False)
    return status, status >= 400 if record.failed is UNSET else record.failed


def _words_of(record: UsageRecord) -> _Named:
    return _named(
        record.provider,
        record.executor_type,
        record.model,
        record.alias,
        record.response_model,
        record.endpoint,
        record.response_service_tier or record.service_tier or record.request_service_tier,
        (
            record.request_service_tier,
            record.service_tier,
            record.auth_type,
            record.reasoning_effort,
            record.node_kind,
        ),
        record.user_agent,
    )


@lru_cache(maxsize=4096)
def _named(  # noqa: PLR0913, PLR0917 - one argument for each word, so that the cache sees them
    provider: str,
    executor_type: str,
    model: str,
    alias: str,
    response_model: str,
    endpoint: str,
    tier: str,
    others: tuple[str, ...],
    user_agent: str,
) -> _Named:
    known = (provider, executor_type, model, alias, response_model, endpoint, tier, *others)
    method, route = _method_and_route(endpoint.strip())
    asked = alias.strip()
    name = next(
        (word for word in (model.strip(), response_model.strip()) if word not in _NO_NAME),
        _SUFFIX.sub("", asked) or UNKNOWN,
    )
    made_by = canonical_provider(provider)
    return _Named(
        is_clean=clean_text(user_agent) == user_agent
        and all(clean_label(word) == word for word in known),
        family=family_of(provider, executor_type),
        provider=detect_provider(name, route) if made_by == UNKNOWN else made_by,
        model=name,
        model_requested=None if asked in _NO_NAME or asked == name else asked,
        method=method,
        route=route,
        service_tier=tier.strip() or None,
    )


def _method_and_route(endpoint: str) -> tuple[str, str]:
    """`POST /v1/messages` in two; without a method it is a POST."""
    method, _, route = endpoint.partition(" ")
    if not _METHOD.fullmatch(method):
        return "POST", clean_path(endpoint)
    return method, clean_path(route.strip())
