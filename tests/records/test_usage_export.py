import json
from pathlib import Path
from typing import Any

import pytest

from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.foreign_rows import AttemptRow, RowRejected
from proxypal.records.key_labels import KeyLabels
from proxypal.records.natural_key import attempt_key
from proxypal.records.usage_export import read_usage_export

DATA = Path(__file__).parents[1] / "data" / "cliproxyapi"
LABELS = KeyLabels(b"a secret of the tests")


def read(export: object) -> tuple[list[Attempt], list[str]]:
    """The attempts of an export given as a Python value, and why other parts were left out."""
    rows = list(read_usage_export(json.dumps(export).encode(), LABELS))
    return (
        [row.attempt for row in rows if isinstance(row, AttemptRow)],
        [row.reason for row in rows if isinstance(row, RowRejected)],
    )


def a_detail(**changes: Any) -> dict[str, Any]:
    """A detail of an attempt with 10 tokens of input and 5 of output."""
    return {
        "timestamp": "2026-01-28T09:00:01.123456789+07:00",
        "source": "me@example.com",
        "tokens": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
        "failed": False,
        **changes,
    }


def an_export(*details: Any, caller: str = "sk-local-key-abcdef", **totals: Any) -> dict[str, Any]:
    """A snapshot of one caller's one model."""
    return {"apis": {caller: {"models": {"gpt-5": {"details": list(details), **totals}}}}}


def test_two_keys_with_the_same_model_both_count() -> None:
    """D10: attempts of one model under two client keys are rows of their own."""
    rows = list(read_usage_export((DATA / "usage-export-two-keys.json").read_bytes(), LABELS))
    assert [row.line for row in rows] == [1, 2, 3]
    attempts = [row.attempt for row in rows if isinstance(row, AttemptRow)]
    assert len(attempts) == 3
    assert sum(attempt.tokens.output for attempt in attempts) == 350
    assert len({attempt.api_key for attempt in attempts}) == 2
    assert [attempt.failed for attempt in attempts] == [False, False, True]
    assert attempts[0].key == attempts[1].key != attempts[2].key


def test_a_detail_becomes_an_attempt() -> None:
    """Start, latency, model and the tokens by Claude's rules: input there excludes the cache."""
    rows = list(read_usage_export((DATA / "usage-export-v1.json").read_bytes(), LABELS))
    attempts = [row.attempt for row in rows if isinstance(row, AttemptRow)]
    assert attempts[0] == Attempt(
        key=attempt_key(1_776_675_481_204, "claude-sonnet-4-5"),
        started_ms=1_776_675_481_204,
        latency_ms=8123,
        provider="claude",
        model="claude-sonnet-4-5",
        tokens=Tokens(uncached_input=1200, cache_read=5000, visible_output=330),
        api_key=LABELS.api_key("local-client-key"),
        account=LABELS.account("dev@example.com"),
    )
    assert (attempts[1].failed, attempts[1].status) == (True, 0)
    assert len(rows) == 2


@pytest.mark.parametrize(
    "wrap",
    [
        lambda snapshot: snapshot,
        lambda snapshot: {"usage": snapshot, "failed_requests": 0},
        lambda snapshot: {"version": 1, "exported_at": "2026-01-01T00:00:00Z", "usage": snapshot},
        lambda snapshot: {"version": 0, "usage": snapshot},
    ],
)
def test_every_wrapping_is_read(wrap: Any) -> None:
    """A bare snapshot, the answer of the management API and the export file say the same."""
    attempts, left_out = read(wrap(an_export(a_detail())))
    assert [attempt.tokens.input for attempt in attempts] == [10]
    assert left_out == []


@pytest.mark.parametrize(
    ("caller", "api_key", "route", "provider"),
    [
        ("sk-local-key-abcdef", LABELS.api_key("sk-local-key-abcdef"), "", "openai"),
        ("POST /v1/messages", None, "/v1/messages", "openai"),
        ("POST /v1beta/models/*action?key=AIzaSECRET", None, "/v1beta/models/*action", "openai"),
        ("codex", None, "", "openai"),
        ("gemini-cli", None, "", "gemini"),
        ("openai-compatible-mine", None, "", "mine"),
        ("unknown", None, "", "openai"),
        ("", None, "", "openai"),
        ("mine", LABELS.api_key("mine"), "", "openai"),
    ],
)
def test_the_caller_is_a_key_a_route_or_a_provider(
    caller: str, api_key: str | None, route: str, provider: str
) -> None:
    """Requests without a client key are filed under their route or provider: no key is made up."""
    ((attempt,), left_out) = read(an_export(a_detail(), caller=caller))
    assert (attempt.api_key, attempt.route, attempt.provider) == (api_key, route, provider)
    assert left_out == []


def test_requests_that_only_the_totals_know_are_reported() -> None:
    """Totals beyond the details (v6.6.96 kept 1,000 of them) are told, and not counted as now."""
    export = an_export(a_detail(), total_requests=1001, total_tokens=9015)
    export["total_requests"] = 1004
    export["total_tokens"] = 9015
    attempts, left_out = read(export)
    assert len(attempts) == 1
    assert len(left_out) == 2
    assert left_out[0].startswith("1000 requests and 9000 tokens of gpt-5 by key sk-…cdef#")
    assert left_out[1].startswith("3 requests and 0 tokens of callers it does not name")


def test_a_snapshot_without_details_is_reported() -> None:
    """An export that holds only totals is not taken for an empty one."""
    attempts, left_out = read(
        {"usage": {"total_requests": 7, "apis": {"k": {"total_requests": 7, "total_tokens": 70}}}}
    )
    assert attempts == []
    assert [reason[:24] for reason in left_out] == ["7 requests and 70 tokens"]


def test_totals_as_the_proxy_sums_them_are_no_surplus() -> None:
    """A total of zero was filled up by the proxy; its own sums agree with the details."""
    details = [
        a_detail(tokens={"input_tokens": 1, "output_tokens": 2, "reasoning_tokens": 3}),
        a_detail(tokens={"cached_tokens": 9}),
    ]
    _, left_out = read(an_export(*details, total_requests=2, total_tokens=15))
    assert left_out == []


def test_hours_of_day_are_not_taken_for_hours() -> None:
    """D29: `requests_by_hour` sums an hour of day over all days; it adds nothing to any hour."""
    export = an_export(a_detail())
    attempts, left_out = read(
        {
            **export,
            "requests_by_hour": {"09": 50},
            "tokens_by_hour": {"09": 9},
            "requests_by_day": {},
        }
    )
    assert (len(attempts), left_out) == (1, [])


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        (a_detail(timestamp="0001-01-01T00:00:00Z"), "it has no time"),
        (a_detail(timestamp=None), "expected a time"),
        (a_detail(tokens={"input_tokens": -1}), "input_tokens: expected a whole number"),
        (a_detail(tokens=[]), "tokens: expected an object, got a list"),
        (a_detail(failed="no"), "failed: expected true or false"),
        ("text", "expected a JSON object, got text"),
    ],
)
def test_a_bad_detail_is_one_rejection(detail: object, reason: str) -> None:
    """A detail without a time, or with nonsense in it, is rejected; those around it are taken."""
    rows = list(
        read_usage_export(json.dumps(an_export(a_detail(), detail, a_detail())).encode(), LABELS)
    )
    assert [type(row) for row in rows] == [AttemptRow, RowRejected, AttemptRow]
    rejected = rows[1]
    assert isinstance(rejected, RowRejected)
    assert rejected.line == 2
    assert reason in rejected.reason


def test_details_of_all_versions_are_read() -> None:
    """`auth_index` as a number (before v6.6.56), no `failed` (before v6.2.26), no latency."""
    old = {"timestamp": "2025-11-01T10:00:00Z", "auth_index": 3, "tokens": {"input_tokens": 4}}
    ((attempt,), left_out) = read(an_export(old))
    assert (attempt.tokens.input, attempt.failed, attempt.latency_ms) == (4, False, 0)
    assert left_out == []


def test_richer_details_are_used() -> None:
    """CPA-Manager-Plus adds the upstream model, the executor and both kinds of cache tokens."""
    tokens = {"input_tokens": 12, "output_tokens": 9, "cached_tokens": 50}
    tokens |= {"cache_read_tokens": 50, "cache_creation_tokens": 20}
    detail = a_detail(
        tokens=tokens,
        resolved_model="claude-opus-4-6",
        requested_model="opus",
        executor_type="ClaudeExecutor",
        failed=True,
        fail_status_code=529,
        ttft_ms=80,
    )
    ((attempt,), _) = read(an_export(detail))
    assert (attempt.model, attempt.model_requested) == ("claude-opus-4-6", "opus")
    assert attempt.tokens == Tokens(
        uncached_input=12, cache_read=50, cache_write=20, visible_output=9
    )
    assert (attempt.status, attempt.ttft_ms, attempt.provider) == (529, 80, "claude")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b'{"usage":', "it is not JSON"),
        (b"[]", "expected a JSON object, got a list"),
        (b'{"usage":[]}', "usage: expected an object"),
        (b'{"apis":[]}', "apis: expected an object"),
    ],
)
def test_a_file_that_is_none_is_one_rejection(data: bytes, reason: str) -> None:
    """A file that cannot be read at all says why, once."""
    (row,) = read_usage_export(data, LABELS)
    assert isinstance(row, RowRejected)
    assert row.line == 0
    assert reason in row.reason


def test_no_secret_survives() -> None:
    """D48: neither keys nor e-mail addresses leave the reader in clear, in rows or in reasons."""
    key, upstream = "sk-proj-abcdefghijklmnopqrstuv", "AIzaSyABCDEFGHIJKLMNOPQRSTU"
    export = an_export(
        a_detail(), a_detail(source=upstream), a_detail(timestamp=0), caller=key, total_requests=9
    )
    export["apis"][key + "2"] = []
    rows = repr(list(read_usage_export(json.dumps(export).encode(), LABELS)))
    for secret in (key, upstream, "me@example.com", key[3:20]):
        assert secret not in rows
