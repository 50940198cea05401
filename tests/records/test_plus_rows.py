import json
from pathlib import Path
from typing import Any

import pytest

from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.foreign_rows import AttemptRow, RowRejected
from proxypal.records.key_labels import KeyLabels
from proxypal.records.natural_key import attempt_key
from proxypal.records.plus_rows import plus_attempt, read_plus_lines, read_plus_rows

DATA = Path(__file__).parents[1] / "data" / "plus"
LABELS = KeyLabels(b"a secret of the tests")


def an_event(**changes: Any) -> dict[str, Any]:
    """An event as its first versions exported it."""
    return {
        "event_hash": "ab" * 32,
        "timestamp_ms": 1_777_169_472_123,
        "model": "gpt-5",
        "input_tokens": 100,
        "output_tokens": 50,
        "reasoning_tokens": 20,
        "cached_tokens": 30,
        "total_tokens": 150,
        "failed": False,
        **changes,
    }


def test_an_exported_event_becomes_an_attempt() -> None:
    """The upstream model, not the alias, makes the key: what was captured live is recognised."""
    with (DATA / "usage-events.jsonl").open("rb") as file:
        first, second = read_plus_lines(enumerate(file, 1), LABELS)
    assert first == AttemptRow(
        Attempt(
            key=attempt_key(1_777_169_472_123, "claude-opus-4-6"),
            started_ms=1_777_169_472_123,
            latency_ms=22_950,
            ttft_ms=1204,
            request_id="a1b2c3d4",
            route="/v1/messages",
            provider="claude",
            model="claude-opus-4-6",
            model_requested="opus-latest",
            tokens=Tokens(
                uncached_input=12,
                cache_read=50_000,
                cache_write=2000,
                visible_output=500,
                reasoning=400,
            ),
            api_key=LABELS.api_key("c0ffee00" * 8),
            account=LABELS.account("developer@example.com"),
            service_tier="priority",
        ),
        1,
    )
    assert isinstance(second, AttemptRow)
    assert second.line == 2
    assert (second.attempt.status, second.attempt.provider) == (502, "openrouter")
    assert second.attempt.account == "sk-o...0XYZ"
    assert second.attempt.tokens == Tokens(
        uncached_input=70, cache_read=30, visible_output=30, reasoning=20
    )


@pytest.mark.parametrize(
    ("model", "mode", "uncached"),
    [
        ("claude-x", "separate_from_input", 100),
        ("claude-x", "included_in_input", 70),
        ("claude-x", None, 100),
        ("gpt-5", "separate_from_input", 100),
        ("gpt-5", "included_in_input", 70),
        ("gpt-5", None, 70),
    ],
)
def test_it_says_itself_whether_input_includes_the_cache(
    model: str, mode: str | None, uncached: int
) -> None:
    """2b.3: the mode of the event decides, where it has one, else the family."""
    attempt = plus_attempt(an_event(model=model, cache_input_mode=mode), LABELS)
    assert attempt.tokens.uncached_input == uncached
    assert attempt.tokens.cache_read == 30


def test_ids_that_it_made_up_are_not_the_proxys() -> None:
    """Events it imported from a usage export have an invented id, and a dash for no name."""
    attempt = plus_attempt(
        an_event(request_id="legacy:0123456789abcdef", model="-", endpoint="-", provider="oauth"),
        LABELS,
    )
    assert (attempt.request_id, attempt.model, attempt.route) == (None, "unknown", "")
    assert attempt.provider == "unknown"


def test_camel_case_and_a_missing_number_are_understood() -> None:
    """Events written in camelCase, or with only the time's text, are read alike."""
    event = {
        "eventHash": "x",
        "timestampMs": 0,
        "timestamp": "2026-04-26T02:11:12.123999Z",
        "resolvedModel": "gpt-5",
        "inputTokens": 4,
    }
    attempt = plus_attempt(event, LABELS)
    assert attempt.key == attempt_key(1_777_169_472_123, "gpt-5")
    assert attempt.tokens.input == 4


def test_lines_that_are_no_events_are_rejected_by_number() -> None:
    """A torn line, a foreign record and an overlong line each say why; empty ones are nothing."""
    good = json.dumps(an_event()).encode()
    lines = [good, b"", good[:40], b'{"timestamp":"2026-01-01T00:00:00Z"}', None, b"[]\r\n", good]
    rows = list(read_plus_lines(enumerate(lines, 1), LABELS))
    assert [row.line for row in rows if isinstance(row, AttemptRow)] == [1, 7]
    reasons = {row.line: row.reason for row in rows if isinstance(row, RowRejected)}
    assert list(reasons) == [3, 4, 5, 6]
    assert "not JSON" in reasons[3]
    assert "no event_hash" in reasons[4]
    assert "too long" in reasons[5]


def test_rows_of_its_database_are_the_same() -> None:
    """Columns are named like the fields, with NULL for what is missing and 0 and 1 for flags."""
    event = an_event(failed=1, provider=None, cache_input_mode=None, latency_ms=None)
    (row,) = read_plus_rows([(7, event)], LABELS)
    assert isinstance(row, AttemptRow)
    assert (row.line, row.attempt.failed, row.attempt.tokens.input) == (7, True, 100)
    (rejected,) = read_plus_rows([(8, {**event, "timestamp_ms": None})], LABELS)
    assert isinstance(rejected, RowRejected)


def test_no_secret_survives() -> None:
    """D48: the key's hash, accounts and error texts do not leave the reader in clear."""
    event = an_event(
        api_key_hash="c0ffee00" * 8,
        source="AIzaSyABCDEFGHIJKLMNOPQRSTU",
        fail_summary="sk-abcdefghijklmnop1234",
        raw_json='{"api_key":"sk-abcdefghijklmnop1234"}',
    )
    shown = repr(plus_attempt(event, LABELS))
    shown += repr(plus_attempt(an_event(account_snapshot="me@example.com"), LABELS))
    for secret in ("c0ffee00c0", "AIzaSyABC", "abcdefgh", "me@example.com"):
        assert secret not in shown
