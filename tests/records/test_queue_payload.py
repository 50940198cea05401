import json
from typing import Any

import msgspec
import pytest

from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.key_labels import KeyLabels
from proxypal.records.queue_payload import Control, NotUnderstood, read_payload
from proxypal.records.scrubbing import MAX_PAYLOAD_BYTES
from usage_payloads import ABSENT, LABELS, SAMPLES, payload_of, usage_record

DEV = LABELS.account("dev@example.com")
CLIENT = LABELS.api_key("local-client-key")


def attempt_of(**changes: Any) -> Attempt:
    """The attempt that a record with these changes tells of."""
    attempt = read_payload(payload_of(usage_record(**changes)), LABELS)
    assert isinstance(attempt, Attempt)
    return attempt


def without_payload(attempt: object) -> object:
    """An attempt, to be compared with one that was kept in other bytes."""
    assert isinstance(attempt, Attempt)
    return msgspec.structs.replace(attempt, payload=b"")


def test_the_first_version() -> None:
    """A record of v6.9.38 has one cached number, no status and no alias."""
    attempt = read_payload(SAMPLES[0], LABELS)
    assert isinstance(attempt, Attempt)
    assert attempt.started_ms == 1_777_169_472_123
    assert attempt.ended_ms == 1_777_169_480_246
    assert attempt.tokens == Tokens(uncached_input=12, cache_read=5000, visible_output=340)
    assert (attempt.method, attempt.route) == ("POST", "/v1/messages")
    assert (attempt.provider, attempt.model) == ("claude", "claude-sonnet-4-5")
    assert (attempt.status, attempt.failed, attempt.request_id) == (200, False, "a1b2c3d4")
    assert (attempt.account, attempt.api_key) == (DEV, CLIENT)
    assert (attempt.model_requested, attempt.ttft_ms, attempt.service_tier) == (None, None, None)


@pytest.mark.parametrize(
    ("sample", "provider", "tokens", "requested"),
    [
        (1, "fake", (100, 30, 0, 50, 20), "fake-model"),
        (2, "claude", (52_012, 50_000, 2000, 900, 400), "claude-sonnet-4-5(high)"),
        (3, "gemini", (40, 8, 0, 70, 10), None),
        (4, "openai", (0, 0, 0, 0, 0), None),
        (5, "claude", (905, 900, 0, 80, 0), "claude-opus-latest"),
    ],
)
def test_later_versions(
    sample: int, provider: str, tokens: tuple[int, ...], requested: str | None
) -> None:
    """Each family's record up to v8 means the same in our five kinds."""
    attempt = read_payload(SAMPLES[sample], LABELS)
    assert isinstance(attempt, Attempt)
    told = attempt.tokens
    assert (told.input, told.cache_read, told.cache_write, told.output, told.reasoning) == tokens
    assert attempt.provider == provider
    assert attempt.model_requested == requested
    assert attempt.has_tokens


def test_a_failed_attempt_keeps_its_status_and_loses_its_words() -> None:
    """The upstream's error can be counted by status; what it said is not kept."""
    attempt = read_payload(SAMPLES[4], LABELS)
    assert isinstance(attempt, Attempt)
    assert (attempt.status, attempt.failed, attempt.ttft_ms) == (502, True, None)
    assert attempt.service_tier == "priority"
    assert b"overloaded" not in attempt.payload
    assert b"Retry-After" not in attempt.payload
    assert json.loads(attempt.payload)["fail"] == {"status_code": 502}


@pytest.mark.parametrize("sample", SAMPLES)
def test_nothing_secret_is_in_an_attempt(sample: bytes) -> None:
    """D48: keys, addresses of people and machines, and hashes of tokens are not kept in clear."""
    shown = repr(read_payload(sample, LABELS))
    tree = json.loads(sample)
    for name in ("source", "api_key", "access_token_sha256", "client_ip", "x_forwarded_for"):
        if tree.get(name):
            assert tree[name] not in shown
    assert "dev@" not in shown


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_kept_payload_is_read_to_the_same_attempt(sample: bytes) -> None:
    """What is kept can be understood again by a later version, with the same key and labels."""
    attempt = read_payload(sample, LABELS)
    assert isinstance(attempt, Attempt)
    assert read_payload(attempt.payload, LABELS) == attempt


@pytest.mark.parametrize("sample", SAMPLES)
def test_unknown_fields_change_nothing(sample: bytes) -> None:
    """A field that a later version adds leaves the attempt as it is, and is kept."""
    tree = json.loads(sample) | {"new_thing": {"weight": 1.5}}
    attempt = read_payload(payload_of(tree), LABELS)
    assert without_payload(attempt) == without_payload(read_payload(sample, LABELS))
    assert isinstance(attempt, Attempt)
    assert json.loads(attempt.payload)["new_thing"] == {"weight": 1.5}


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2026-08-22T22:39:02.5002+08:00"},
        {"request_id": "b7e0129e"},
        {"model": "gpt-image-1"},
        {"auth_index": "478b008489538d29"},
        {"latency_ms": 1488},
        {"tokens": {"input_tokens": 101}},
        {"failed": True},
    ],
)
def test_the_key_tells_records_of_one_request_apart(change: dict[str, Any]) -> None:
    """Retries and the extra record of an image tool are no repetition of each other."""
    assert attempt_of(**change).key != attempt_of().key
    assert -(2**63) <= attempt_of(**change).key < 2**63


def test_the_key_is_the_record_own() -> None:
    """The same record, saved by another program or with another secret, is recognised."""
    record = usage_record()
    reordered = dict(reversed(record.items())) | {
        "tokens": dict(reversed(record["tokens"].items()))
    }
    spaced = json.dumps(reordered, indent=1).encode()
    again = read_payload(spaced, KeyLabels(b"another secret"))
    assert isinstance(again, Attempt)
    assert again.key == attempt_of().key


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"fail": ABSENT}, (200, False)),
        ({"fail": ABSENT, "failed": True}, (0, True)),
        ({"fail": ABSENT, "failed": ABSENT}, (200, False)),
        ({"fail": {"status_code": 429, "body": ""}, "failed": True}, (429, True)),
        ({"fail": {"status_code": 429}, "failed": ABSENT}, (429, True)),
        ({"fail": {"status_code": 429}, "failed": "yes"}, (429, True)),
        ({"fail": {"status_code": 200}, "failed": True}, (200, True)),
        ({"fail": {"status_code": 0}, "failed": True}, (0, True)),
        ({"fail": {"status_code": "500"}, "failed": True}, (0, True)),
        ({"fail": "broken", "failed": True}, (0, True)),
    ],
)
def test_status_and_failure(changes: dict[str, Any], expected: tuple[int, bool]) -> None:
    """Each is told by the other where it is missing, and neither is invented."""
    attempt = attempt_of(**changes)
    assert (attempt.status, attempt.failed) == expected


@pytest.mark.parametrize(
    ("changes", "model", "requested", "provider"),
    [
        ({"model": "m", "alias": "m"}, "m", None, "fake"),
        ({"model": "m", "alias": ""}, "m", None, "fake"),
        ({"model": "unknown", "response_model": "gpt-5.6"}, "gpt-5.6", "fake-model", "fake"),
        ({"model": "", "alias": "gpt-5.6(high)"}, "gpt-5.6", "gpt-5.6(high)", "fake"),
        ({"model": "unknown", "alias": "unknown"}, "unknown", None, "fake"),
        ({"model": "claude-x", "provider": "unknown"}, "claude-x", "fake-model", "claude"),
        (
            {"model": "m", "provider": "", "endpoint": "POST /v1/messages"},
            "m",
            "fake-model",
            "claude",
        ),
        ({"model": "m", "provider": "Codex"}, "m", "fake-model", "openai"),
        ({"model": "m", "provider": "openrouter"}, "m", "fake-model", "openrouter"),
        ({"model": "m", "provider": "gemini-interactions"}, "m", "fake-model", "gemini"),
        ({"model": 5, "alias": "m"}, "m", None, "fake"),
    ],
)
def test_model_and_provider(
    changes: dict[str, Any], model: str, requested: str | None, provider: str
) -> None:
    """An unnamed model is looked for in the other names, an unnamed provider in the model's."""
    attempt = attempt_of(**changes)
    assert (attempt.model, attempt.model_requested) == (model, requested)
    assert attempt.provider == provider


@pytest.mark.parametrize(
    ("endpoint", "method", "route"),
    [
        ("GET /v1/responses", "GET", "/v1/responses"),
        ("POST /v1beta/models/*action", "POST", "/v1beta/models/*action"),
        ("/v1/messages", "POST", "/v1/messages"),
        ("", "POST", ""),
        ("POST /x?key=hunter22", "POST", "/x?key="),
    ],
)
def test_endpoints(endpoint: str, method: str, route: str) -> None:
    """The route template tells a websocket's turns from plain requests."""
    attempt = attempt_of(endpoint=endpoint)
    assert (attempt.method, attempt.route) == (method, route)


@pytest.mark.parametrize(
    ("changes", "tier"),
    [
        ({}, "auto"),
        ({"response_service_tier": "priority"}, "priority"),
        ({"service_tier": "", "request_service_tier": "flex"}, "flex"),
        ({"service_tier": ABSENT}, None),
    ],
)
def test_the_tier_that_was_given_is_the_one_paid(changes: dict[str, Any], tier: str | None) -> None:
    """The upstream's word counts before the client's wish."""
    assert attempt_of(**changes).service_tier == tier


@pytest.mark.parametrize(
    "tokens", [{"input_tokens": -5}, {"output_tokens": 2**60}, {"input_tokens": "12"}, [], None]
)
def test_absurd_numbers_are_left_out(tokens: object) -> None:
    """The request is still counted; its tokens are unknown, not zero and not absurd."""
    attempt = attempt_of(tokens=tokens)
    assert not attempt.has_tokens
    assert attempt.tokens == Tokens()
    assert attempt_of(latency_ms=-5).latency_ms == 0
    assert attempt_of(latency_ms=10**30, ttft_ms="x").ttft_ms is None


def test_a_success_told_without_usage_has_no_tokens() -> None:
    """2b.5: zeros that only mean that the upstream said nothing are not shown as zero."""
    zeros = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    assert not attempt_of(tokens=zeros).has_tokens
    assert attempt_of(tokens=zeros, generate=False).has_tokens
    assert attempt_of(tokens=zeros, failed=True).has_tokens


def test_without_keys_and_ids_there_are_none() -> None:
    """Empty text is no id, no key and no account."""
    attempt = attempt_of(request_id="", api_key="", source="", ttft_ms=0)
    assert (attempt.request_id, attempt.ttft_ms) == (None, None)
    assert (attempt.api_key, attempt.account) == (None, None)


def test_accounts_of_one_address_are_one_and_others_are_not() -> None:
    """Usage of account A is credited to A, though B looks alike behind the mask."""
    first = attempt_of(source="dev@example.com").account
    assert first == DEV
    assert attempt_of(source="dora@example.com").account != first


@pytest.mark.parametrize(
    ("payload", "name"),
    [(b'{"support_refresh":true}', "support_refresh"), (b' {"refresh": true}\n', "refresh")],
)
def test_control_messages_are_no_records(payload: bytes, name: str) -> None:
    """What the proxy tells its subscribers about themselves is neither counted nor kept."""
    assert read_payload(payload, LABELS) == Control(name)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "not JSON"),
        (b'{"api_key":"local-client-key"', "not JSON"),
        (b'["local-client-key"]', "a list"),
        (b"{}", "no time"),
        (b'{"timestamp":"yesterday","api_key":"local-client-key"}', "no time"),
        (b'{"timestamp":"0001-01-01T00:00:00Z","model":"m"}', "no time"),
        (b'{"timestamp":"2026-08-22T22:39:02Z","source":"local-client-key"}', "no model"),
        (
            b'{"timestamp":"2026-08-22T22:39:02Z","provider":"codex","model":"m","retryable":true}',
            "credential",
        ),
    ],
)
def test_what_is_not_understood_is_kept_without_secrets(payload: bytes, reason: str) -> None:
    """The reason says what was missing, and a later version may understand what is kept."""
    answer = read_payload(payload, LABELS)
    assert isinstance(answer, NotUnderstood)
    assert reason in answer.reason
    assert b"local-client" not in answer.payload
    json.loads(answer.payload)


def test_a_record_needs_only_its_time_and_one_name() -> None:
    """Whatever else a fork leaves out, its requests are counted."""
    for name, value in (("model", "m"), ("provider", "codex"), ("tokens", {"input_tokens": 5})):
        payload = payload_of({"timestamp": "2026-08-22T22:39:02Z", name: value})
        assert isinstance(read_payload(payload, LABELS), Attempt)


def test_a_key_in_other_fields_is_masked_there() -> None:
    """A client that puts its key into its name, or a model's, does not get it stored."""
    for changes in (
        {"user_agent": "agent local-client-key"},
        {"alias": "local-client-key/fake"},
        {"model": "x-local-client-key"},
        {"new": ["local-client-key"]},
        {"request_id": "sk-hunter22hunter22hunter22", "auth_index": "hunter@example.com"},
        {"user_agent": "sk-hunter22hunter22hunter22", "model": "hunter@example.com"},
    ):
        shown = repr(attempt_of(**changes))
        assert "local-client-key" not in shown
        assert "hunter" not in shown


def test_a_large_record_is_kept_small() -> None:
    """A record with an endless error or much that is new takes no more than its share of room."""
    for changes in (
        {"fail": {"status_code": 500, "body": "x" * 5_000_000}},
        {"new": ["words " * 50] * 900},
        {"model": "m" * 100_000},
    ):
        attempt = attempt_of(**changes)
        assert len(attempt.payload) <= MAX_PAYLOAD_BYTES
        assert attempt.tokens == attempt_of().tokens
        assert attempt.request_id == "b7e0129f"
