from decimal import Decimal
from typing import Any, cast

import pytest

from builders import NOW_MS, a_request
from proxypal.records.incoming import MAX_SKEW_MS, admit, parse_request_line
from proxypal.records.request import (
    MAX_INTEGER,
    MAX_LABEL_CHARS,
    MAX_PATH_CHARS,
    RequestLog,
    encode_request,
)

NOW = NOW_MS + 1000


def admitted(request: RequestLog) -> RequestLog:
    verdict = admit(request, NOW)
    assert isinstance(verdict, RequestLog), verdict
    return verdict


def parsed(line: bytes) -> RequestLog:
    verdict = parse_request_line(line, NOW)
    assert isinstance(verdict, RequestLog), verdict
    return verdict


def test_clean_request_is_kept_as_it_is() -> None:
    """A request of the seed's ten fields comes out unchanged, from Python and from NDJSON."""
    request = a_request()
    assert admitted(request) == request
    assert parsed(encode_request(request)) == request


def test_only_the_status_is_needed() -> None:
    """`{"status": 200}` is a request: now, by nobody known, to no known path."""
    request = parsed(b'{"status": 200}')
    assert (request.timestamp, request.provider, request.model) == (NOW, "unknown", "unknown")
    assert (request.method, request.path, request.tokens_in) == ("POST", "", None)
    assert request.timestamp_claimed is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "it is empty"),
        (b"\0\0\0", "it holds only zero bytes"),
        (b"[1]", "expected a JSON object, got a list"),
        (b'"status"', "expected a JSON object, got text"),
        (b"{}", "status: missing"),
        (b'{"status": null}', "status: missing"),
        (b'{"status": true}', "status: expected a whole number from 0 to 999, got true or false"),
        (b'{"status": "200"}', "status: expected a whole number from 0 to 999, got text"),
        (b'{"status": 1000}', "status: expected a whole number from 0 to 999, got one outside"),
        (b'{"status": 200.5}', "status: expected a whole number from 0 to 999, got a number"),
        (b'{"status": 200, "tokensIn": -1}', "tokensIn: expected a whole number"),
        (b'{"status": 200, "tokensIn": 9007199254740992}', "tokensIn: expected a whole number"),
        (b'{"status": 200, "model": 5}', "model: expected text, got a whole number"),
        (b'{"status": 200, "failed": 1}', "failed: expected true or false"),
        (b'{"status": 200, "costUsd": -0.01}', "costUsd: expected an amount of dollars from 0"),
        (b'{"status": 200, "costUsd": NaN}', "costUsd: expected an amount of dollars, got one"),
        (b'{"status": 200, "costUsd": 1e999999}', "costUsd: expected an amount of dollars from 0"),
        (b'{"status": 200, "costUsd": 1e-31}', "costUsd: expected at most 30 decimal places"),
        (b'{"status": 200, "timestampClaimed": -1}', "timestampClaimed: expected a whole number"),
        (b'{"status": 200, "x": 1e400}', "unknown keys: a number that few JSON readers can hold"),
        (b'{"status": 200, "x": "' + b"y" * 20_000 + b'"}', "unknown keys: larger than 16384"),
        (b'{"status": 200', "it is not JSON"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"status":' + b"1" * 5000 + b"}", "it holds a number of thousands of digits"),
    ],
)  # fmt: skip
def test_rejection_says_what_is_wrong(line: bytes, reason: str) -> None:
    """A line that is no request is answered with the field and what was expected of it."""
    verdict = parse_request_line(line, NOW)
    assert isinstance(verdict, str)
    assert verdict.startswith(reason)


def test_reason_never_repeats_the_value() -> None:
    """A rejected value may be a secret; the reason names only its kind."""
    verdict = parse_request_line(b'{"status": 200, "timestamp": "sk-secretsecret"}', NOW)
    assert isinstance(verdict, str)
    assert "secretsecret" not in verdict


def test_numbers_written_as_floats_and_nulls_are_accepted() -> None:
    """Other languages write 200.0 and null: both mean what they say."""
    request = parsed(
        b'{"status": 200.0, "durationMs": 1e3, "tokensIn": 5.0, "tokensOut": null,'
        b' "model": null, "failed": null, "costUsd": 1}'
    )
    assert (request.status, request.duration_ms, request.tokens_in) == (200, 1000, 5)
    assert (request.tokens_out, request.failed, request.cost_usd) == (None, False, Decimal(1))


def test_unknown_keys_are_preserved() -> None:
    """Keys that are not ours come back beside ours, numbers with every digit."""
    request = parsed(b'{"status":200,"teamName":"red","ratio":0.12345678901234567890,"n":null}')
    assert request.extras == {
        "teamName": "red",
        "ratio": Decimal("0.12345678901234567890"),
        "n": None,
    }
    assert b'"ratio":0.12345678901234567890' in encode_request(request)


def test_broken_text_is_text() -> None:
    """Lone surrogates, NUL and bytes that are no UTF-8 cost characters, not requests."""
    assert parsed(b'{"status":200,"model":"a\\ud800b"}').model == "a\ufffdb"
    assert parsed(b'{"status":200,"model":"a\\u0000b"}').model == "a\0b"
    assert parsed(b'{"status":200,"model":"a\xffb"}').model == "a\ufffdb"
    assert admitted(a_request(model="a\ud800b", extras={"\udfff": "\ud800"})).model == "a\ufffdb"
    assert parsed(b'\xef\xbb\xbf{"status":200}').status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"status": True},
        {"status": "200"},
        {"status": 1000},
        {"tokens_in": -1},
        {"tokens_in": 2**53},
        {"tokens_in": 1.5},
        {"duration_ms": float("nan")},
        {"model": b"bytes"},
        {"cost_usd": Decimal("NaN")},
        {"cost_usd": Decimal("Infinity")},
        {"cost_usd": float("nan")},
        {"cost_usd": Decimal("1000000000000.01")},
        {"cost_usd": Decimal(1).scaleb(-31)},
        {"cost_usd": True},
        {"failed": "no"},
        {"extras": [1]},
        {"extras": {"model": "mine"}},
        {"extras": {1: "x"}},
        {"extras": {"x": object()}},
        {"extras": {"x": float("inf")}},
        {"extras": {"extras": {}}},
    ],
)
def test_requests_built_in_python_are_validated(changes: dict[str, Any]) -> None:
    """`RequestLog(...)` checks nothing by itself; what is wrong is rejected before it counts."""
    verdict = admit(a_request(**changes), NOW)
    assert isinstance(verdict, str)


def test_something_else_than_a_request_is_rejected() -> None:
    """A dict handed to the Python API is an answer, not a crash."""
    assert admit(cast("RequestLog", {"status": 200}), NOW) == "expected a RequestLog, got an object"


def test_python_values_are_kept_exactly() -> None:
    """A float price and integral floats from Python are what they look like."""
    request = admitted(a_request(cost_usd=0.1, tokens_in=5.0, timestamp=1_766_394_932_000.0))
    assert (request.cost_usd, request.tokens_in) == (Decimal("0.1"), 5)
    assert type(request.timestamp) is int


@pytest.mark.parametrize(
    ("claimed", "kept", "note"),
    [
        (0, NOW, None),
        (NOW + MAX_SKEW_MS, NOW + MAX_SKEW_MS, None),
        (NOW + MAX_SKEW_MS + 1, NOW, NOW + MAX_SKEW_MS + 1),
        (MAX_INTEGER, NOW, MAX_INTEGER),
        (1, 1, None),
    ],
)
def test_a_time_in_the_future_becomes_now(claimed: int, kept: int, note: int | None) -> None:
    """More than five minutes ahead is a wrong clock: recorded as now, with what it claimed."""
    request = admitted(a_request(timestamp=claimed))
    assert (request.timestamp, request.timestamp_claimed) == (kept, note)


@pytest.mark.parametrize(
    ("changes", "provider", "model"),
    [
        ({"provider": "anthropic"}, "claude", "claude-sonnet-4-5"),
        ({"provider": "", "model": "gpt-5-codex"}, "openai", "gpt-5-codex"),
        ({"provider": "unknown", "model": "gemini-3-pro"}, "gemini", "gemini-3-pro"),
        ({"provider": "", "model": "", "path": "/v1/messages"}, "claude", "unknown"),
        (
            {"provider": "", "model": " ", "path": "/v1beta/models/gemini-2.5-pro:generateContent"},
            "gemini",
            "gemini-2.5-pro",
        ),
        ({"model": "api-request"}, "claude", "unknown"),
        ({"provider": "openai-compatible-openai-compatible-x"}, "x", "claude-sonnet-4-5"),
    ],
)
def test_provider_and_model_are_settled(changes: dict[str, Any], provider: str, model: str) -> None:
    """Aliases fold in, what is missing is detected, the old placeholder names no model."""
    request = admitted(a_request(**changes))
    assert (request.provider, request.model) == (provider, model)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_path_names_no_model(status: int) -> None:
    """Whoever is refused may have made the name up: it does not become a model of yours."""
    path = "/v1beta/models/made-up:generateContent"
    assert admitted(a_request(model="", path=path, status=status)).model == "unknown"
    assert admitted(a_request(model="", path=path, status=429)).model == "made-up"


def test_long_names_are_cut() -> None:
    """No name from outside can grow a row without bound."""
    long = "n" * 5000
    request = admitted(
        a_request(id=long, model=long, provider=long, path="/" + long, method=long, request_id=long)
    )
    for name in ("id", "model", "provider", "method", "request_id"):
        assert len(getattr(request, name)) == MAX_LABEL_CHARS
    assert len(request.path) == MAX_PATH_CHARS


def test_secrets_are_masked_at_the_door() -> None:
    """D48: no key and no address is ever stored, wherever in the record it stands."""
    request = parsed(
        b'{"status":200,"path":"/v1beta/models/g:generateContent?alt=sse&key=AIzaSySecret1234567",'
        b'"apiKey":"sk-local-abcdefgh0XYZ","account":"someone@example.com",'
        b'"source":"other@example.com","upstream_api_key":"sk-upstream-abcdefgh",'
        b'"note":"ask third@example.com"}'
    )
    assert request.path == "/v1beta/models/g:generateContent?alt=sse&key="
    assert (request.api_key, request.account) == ("sk-…0XYZ", "s…@example.com")
    assert request.source == "o…@example.com"
    assert request.extras == {"upstream_api_key": "sk-…efgh", "note": "ask t…@example.com"}


def test_masked_labels_stay_and_empty_ones_go() -> None:
    """A label masked before, also by the proxy, is the same label afterwards."""
    request = admitted(a_request(api_key="sk-o...0XYZ", account="d***@example.com"))
    assert (request.api_key, request.account) == ("sk-o...0XYZ", "d***@example.com")
    request = admitted(a_request(api_key="", account=""))
    assert (request.api_key, request.account) == (None, None)
