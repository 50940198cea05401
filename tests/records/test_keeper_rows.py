from typing import Any
from zoneinfo import ZoneInfo

import pytest

from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.foreign_rows import AttemptRow, RowRejected
from proxypal.records.keeper_rows import KeeperRow, read_keeper_rows
from proxypal.records.key_labels import KeyLabels
from proxypal.records.labels import zone_offset
from proxypal.records.natural_key import attempt_key

LABELS = KeyLabels(b"a secret of the tests")


def attempt_of(**columns: Any) -> Attempt:
    """The attempt of a row with these columns besides the usual ones."""
    row = {"id": 1, "timestamp": "2026-04-26T10:11:12.123456789+08:00", "model": "gpt-5", **columns}
    (found,) = read_keeper_rows([KeeperRow(1, row)], LABELS)
    assert isinstance(found, AttemptRow), found
    return found.attempt


def test_a_row_becomes_an_attempt() -> None:
    """All that a row of the newest schema tells is taken; the alias is what the client asked."""
    attempt = attempt_of(
        event_key="a1b2c3d4",
        api_group_key="sk-local-abcdefghijkl",
        provider="openai-compatible-mine",
        endpoint="POST /v1/responses",
        auth_type="apikey",
        request_id="a1b2c3d4",
        client_ip="127.0.0.1",
        model_alias="fast",
        service_tier="auto",
        response_service_tier="priority",
        executor_type="OpenAICompatExecutor",
        source="sk-upstream-abcdefgh",
        failed=0,
        generate=1,
        latency_ms=900,
        ttft_ms=70,
        input_tokens=100,
        output_tokens=50,
        reasoning_tokens=20,
        cached_tokens=30,
        cache_read_tokens=30,
        cache_creation_tokens=5,
        total_tokens=150,
    )
    assert attempt == Attempt(
        key=attempt_key(1_777_169_472_123, "gpt-5"),
        started_ms=1_777_169_472_123,
        latency_ms=900,
        ttft_ms=70,
        request_id="a1b2c3d4",
        route="/v1/responses",
        provider="mine",
        model="gpt-5",
        model_requested="fast",
        tokens=Tokens(
            uncached_input=65, cache_read=30, cache_write=5, visible_output=30, reasoning=20
        ),
        api_key=LABELS.api_key("sk-local-abcdefghijkl"),
        account=LABELS.account("sk-upstream-abcdefgh"),
        service_tier="priority",
    )


CLAUDE = {"provider": "claude", "model": "claude-opus-4-6", "output_tokens": 9}
GEMINI = {"provider": "gemini", "model": "gemini-2.5-pro", "input_tokens": 40, "output_tokens": 60}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        # Before v1.9.0 Claude's input was kept as it came: beside the cache.
        (
            {**CLAUDE, "input_tokens": 1200, "cached_tokens": 800, "total_tokens": 1209},
            Tokens(uncached_input=1200, cache_read=800, visible_output=9),
        ),
        # Since then the cache is in it.
        (
            {
                **CLAUDE,
                "executor_type": "ClaudeExecutor",
                "input_tokens": 2020,
                "cached_tokens": 800,
                "cache_read_tokens": 800,
                "cache_creation_tokens": 20,
                "total_tokens": 2029,
            },
            Tokens(uncached_input=1200, cache_read=800, cache_write=20, visible_output=9),
        ),
        # Older rows in a newer database: the cache cannot be in so small an input...
        (
            {
                **CLAUDE,
                "executor_type": "",
                "input_tokens": 12,
                "cached_tokens": 800,
                "cache_read_tokens": 800,
                "cache_creation_tokens": 0,
                "total_tokens": 21,
            },
            Tokens(uncached_input=12, cache_read=800, visible_output=9),
        ),
        # ...or the total counts it once more.
        (
            {
                **CLAUDE,
                "executor_type": "",
                "input_tokens": 1000,
                "cache_read_tokens": 800,
                "cache_creation_tokens": 0,
                "total_tokens": 1809,
            },
            Tokens(uncached_input=1000, cache_read=800, visible_output=9),
        ),
        (
            {
                **GEMINI,
                "executor_type": "GeminiExecutor",
                "reasoning_tokens": 10,
                "total_tokens": 100,
            },
            Tokens(uncached_input=40, visible_output=50, reasoning=10),
        ),
        (
            {**GEMINI, "executor_type": "", "reasoning_tokens": 10, "total_tokens": 110},
            Tokens(uncached_input=40, visible_output=60, reasoning=10),
        ),
        (
            {**GEMINI, "reasoning_tokens": 10, "total_tokens": 110},
            Tokens(uncached_input=40, visible_output=60, reasoning=10),
        ),
    ],
    ids=["claude-old", "claude-new", "claude-small", "claude-total", "gemini-new", "-kept", "-old"],
)
def test_tokens_mean_what_the_keeper_made_of_them(
    columns: dict[str, Any], expected: Tokens
) -> None:
    """2b.3: no cached token is counted twice or dropped, whichever version wrote the row."""
    assert attempt_of(**columns).tokens == expected


@pytest.mark.parametrize(
    ("group", "api_key"),
    [
        ("claude", None),
        ("POST /v1/messages", None),
        ("unknown", None),
        ("my-key", "my-key"),
        (None, None),
    ],
)
def test_a_group_is_not_always_a_key(group: str | None, api_key: str | None) -> None:
    """Requests without a client key are grouped by provider or route: no key is made up."""
    attempt = attempt_of(api_group_key=group, provider="claude", endpoint="POST /v1/messages")
    assert attempt.api_key == (LABELS.api_key(api_key) if api_key else None)
    assert attempt.route == "/v1/messages"


def test_a_provider_of_the_users_own_is_not_taken_for_a_key() -> None:
    """A group that repeats the row's provider is the provider, whatever it is called."""
    assert attempt_of(api_group_key="my-relay", provider="my-relay").api_key is None


def test_the_first_schema_is_read() -> None:
    """v1.0 had no provider, endpoint or id: the model tells the provider."""
    attempt = attempt_of(snapshot_run_id=3, api_group_key="k", model="gemini-2.5-pro", failed=1)
    assert (attempt.provider, attempt.request_id, attempt.failed) == ("gemini", None, True)
    assert attempt.status == 0


def test_times_without_a_zone_are_the_keepers_own() -> None:
    """Early rows without a zone are read in the zone that is given, else rejected."""
    row = KeeperRow(4, {"timestamp": "2026-04-26 10:11:12.123", "model": "gpt-5"})
    (rejected,) = read_keeper_rows([row], LABELS)
    assert rejected == RowRejected(4, "its time has no zone")
    (found,) = read_keeper_rows([row], LABELS, zone_offset(ZoneInfo("Asia/Shanghai")))
    assert isinstance(found, AttemptRow)
    assert found.attempt.started_ms == 1_777_169_472_123


@pytest.mark.parametrize(
    "columns",
    [
        {"timestamp": None},
        {"timestamp": b"\xff"},
        {"model": 5},
        {"input_tokens": -3},
        {"input_tokens": "many"},
        {"failed": 7},
        {"latency_ms": 2**62},
    ],
)
def test_a_bad_row_is_one_rejection(columns: dict[str, Any]) -> None:
    """SQLite stores anything in any column: such a row is rejected by its id, with a reason."""
    good = {"timestamp": "2026-04-26T10:11:12Z", "model": "gpt-5"}
    rows = [KeeperRow(1, good), KeeperRow(2, {**good, **columns}), KeeperRow(3, good)]
    found = list(read_keeper_rows(rows, LABELS))
    assert [type(row) for row in found] == [AttemptRow, RowRejected, AttemptRow]
    assert found[1].line == 2


def test_no_secret_survives() -> None:
    """D48: keys, addresses and what clients sent along stay in the keeper's database."""
    shown = repr(
        attempt_of(
            api_group_key="sk-local-abcdefghijkl",
            source="me@example.com",
            client_ip="10.1.2.3",
            user_agent="agent/1",
        )
    )
    for secret in ("abcdefgh", "me@example.com", "10.1.2.3", "agent/1"):
        assert secret not in shown
