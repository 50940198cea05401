"""The same calls as each collector of CLIProxyAPI's usage writes them, and what they come to."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from proxypal import Store
from proxypal.clock import offset_of
from proxypal.records.attempt import Attempt
from proxypal.records.key_labels import KeyLabels
from proxypal.records.queue_payload import read_payload
from proxypal.records.request import RequestLog
from proxypal.service.import_pricing import NO_PRICES, Prices
from proxypal.service.import_report import ImportReport
from proxypal.service.importing import Importer
from proxypal.store.values import QueueBatch, SourceBatch

START_MS = 1_766_404_800_000
"""2025-12-22T12:00Z."""

LABELS = KeyLabels(b"a secret of the tests")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt upstream; `at_ms` is its start, counted from `START_MS`."""

    at_ms: int
    model: str = "gpt-5"
    key: str = "sk-local-abcdefghijkl"
    tokens_in: int = 100
    tokens_out: int = 10
    failed: bool = False
    latency_ms: int = 500
    request_id: str = ""

    @property
    def started(self) -> str:
        """As Go writes it, to the nanosecond."""
        seconds, rest_ms = divmod(START_MS + self.at_ms, 1000)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ms:03d}4567Z"

    @property
    def ended_ms(self) -> int:
        """Unix milliseconds."""
        return START_MS + self.at_ms + self.latency_ms

    def tokens(self) -> dict[str, int]:
        """As the proxy counts them."""
        return {
            "input_tokens": self.tokens_in,
            "output_tokens": self.tokens_out,
            "reasoning_tokens": 0,
            "cached_tokens": 0,
            "total_tokens": self.tokens_in + self.tokens_out,
        }


def usage_export(path: Path, calls: Iterable[Call], **totals: Any) -> Path:
    """`GET /v0/management/usage/export` of a proxy that saw these calls."""
    apis: dict[str, Any] = {}
    for call in calls:
        models = apis.setdefault(call.key, {"models": {}})["models"]
        models.setdefault(call.model, {"details": []})["details"].append(
            {
                "timestamp": call.started,
                "latency_ms": call.latency_ms,
                "source": "dev@example.com",
                "auth_index": "9f1c2ab34d5e6f70",
                "tokens": call.tokens(),
                "failed": call.failed,
            }
        )
    usage = {"apis": apis, **totals}
    path.write_text(
        json.dumps({"version": 1, "exported_at": "2026-01-01T00:00:00Z", "usage": usage})
    )
    return path


def queue_record(call: Call) -> dict[str, Any]:
    """The record of the usage queue."""
    return {
        "timestamp": call.started,
        "latency_ms": call.latency_ms,
        "source": "dev@example.com",
        "auth_index": "9f1c2ab34d5e6f70",
        "tokens": call.tokens(),
        "failed": call.failed,
        "fail": {"status_code": 500 if call.failed else 200, "body": ""},
        "provider": "codex",
        "executor_type": "CodexExecutor",
        "model": call.model,
        "alias": call.model,
        "endpoint": "POST /v1/responses",
        "auth_type": "oauth",
        "api_key": call.key,
        "request_id": call.request_id,
    }


def queue_lines(path: Path, calls: Iterable[Call]) -> Path:
    """Records of the usage queue, saved a line each."""
    path.write_text("".join(json.dumps(queue_record(call)) + "\n" for call in calls))
    return path


def plus_lines(path: Path, calls: Iterable[Call]) -> Path:
    """The JSONL export of CPA-Manager-Plus."""
    lines = [
        {
            "request_id": call.request_id,
            "event_hash": f"{number:064x}",
            "timestamp_ms": START_MS + call.at_ms,
            "timestamp": call.started,
            "provider": "codex",
            "model": call.model,
            "endpoint": "POST /v1/responses",
            "source": "dev***@example.com",
            "latency_ms": call.latency_ms,
            "failed": call.failed,
            **call.tokens(),
        }
        for number, call in enumerate(calls, 1)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


_KEEPER = """
CREATE TABLE usage_events (
  id integer PRIMARY KEY, event_key text, api_group_key text, provider text, endpoint text,
  request_id text, model text, timestamp datetime, source text, auth_index text, failed numeric,
  latency_ms integer, input_tokens integer, output_tokens integer, reasoning_tokens integer,
  cached_tokens integer, total_tokens integer
)
"""


def keeper_database(path: Path, calls: Iterable[Call]) -> Path:
    """The database of CPA Usage Keeper."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_KEEPER)
        connection.executemany(
            f"INSERT INTO usage_events VALUES ({', '.join('?' * 17)})",
            (
                (
                    number,
                    f"key-{number}",
                    call.key,
                    "codex",
                    "POST /v1/responses",
                    call.request_id,
                    call.model,
                    call.started,
                    "dev@example.com",
                    "9f1c2ab34d5e6f70",
                    int(call.failed),
                    call.latency_ms,
                    *call.tokens().values(),
                )
                for number, call in enumerate(calls, 1)
            ),
        )
    return path


COLLECTORS = {
    "usage-export": usage_export,
    "queue": queue_lines,
    "plus": plus_lines,
    "keeper": keeper_database,
}
"""By the kind its files are recognised as."""


def day_report(path: Path, days: Iterable[tuple[str, str, int, int, float | None]]) -> Path:
    """`ccusage daily --json`: (day, model, input, output, cost) each."""
    daily = [
        {
            "date": day,
            "inputTokens": tokens_in,
            "outputTokens": tokens_out,
            "cacheCreationTokens": 0,
            "cacheReadTokens": 0,
            "totalTokens": tokens_in + tokens_out,
            "totalCost": cost or 0,
            "modelsUsed": [model],
            "modelBreakdowns": [
                {
                    "modelName": model,
                    "inputTokens": tokens_in,
                    "outputTokens": tokens_out,
                    "cacheCreationTokens": 0,
                    "cacheReadTokens": 0,
                    "cost": cost or 0,
                }
            ],
        }
        for day, model, tokens_in, tokens_out, cost in days
    ]
    path.write_text(json.dumps({"daily": daily, "totals": {}}))
    return path


def some_calls(count: int, first: int = 0) -> list[Call]:
    """Calls a minute apart, every fifth of them failed, under ids of their own."""
    return [
        Call(
            at_ms=number * 60_000 + number % 7,
            model=f"gpt-5.{number % 3}",
            tokens_in=0 if number % 5 == 0 else 100 + number,
            tokens_out=0 if number % 5 == 0 else number,
            failed=number % 5 == 0,
            request_id=f"{number:08x}",
        )
        for number in range(first, first + count)
    ]


def capture(store: Store, calls: Sequence[Call]) -> None:
    """Record calls as the usage queue hands them out."""
    found = [read_payload(msgspec.json.encode(queue_record(call)), LABELS) for call in calls]
    attempts = [one for one in found if isinstance(one, Attempt)]
    assert len(attempts) == len(calls)
    store.record_attempts(QueueBatch(source="queue", attempts=attempts))


def watch(store: Store, calls: Sequence[Call]) -> None:
    """Record the access lines of calls as the watcher reads them."""
    lines = [
        RequestLog(
            timestamp=call.ended_ms // 1000 * 1000,
            provider="openai",
            model=call.model,
            path="/v1/responses",
            status=200,
            duration_ms=call.latency_ms,
            request_id=call.request_id or None,
            source="log",
        )
        for call in calls
    ]
    generation = store.positions().generation
    store.record_batch(
        SourceBatch(
            source="/logs/main.log", start=None, generation=generation, state=b"{}", requests=lines
        )
    )


def import_all(
    store: Store, *paths: Path, is_preview: bool = False, prices: Prices = NO_PRICES
) -> list[ImportReport]:
    """Import files one after another; every one must be readable."""
    importer = Importer(
        store,
        offset_of("UTC"),
        lambda _done, _total: None,
        is_preview=is_preview,
        labels=LABELS,
        prices=prices,
    )
    return list(importer.run(paths))


def truth_of(calls: Sequence[Call]) -> dict[str, int]:
    """What calls come to that are a request each."""
    return {
        "requests": len(calls),
        "failures": sum(call.failed for call in calls),
        "in": sum(call.tokens_in for call in calls),
        "out": sum(call.tokens_out for call in calls),
    }


def counted(store: Store) -> dict[str, int]:
    """The same of a store; its parts agree, or this fails."""
    found = store.get_aggregate()
    wrong = [one for one in store.check() if not one.ok]
    assert wrong == [], wrong
    for parts in (found.model_stats, found.provider_stats):
        assert sum(part.requests for part in parts.values()) == found.total_requests
        assert sum(part.input_tokens for part in parts.values()) == found.total_tokens_in
    assert sum(day.value for day in found.tokens_by_day) == (
        found.total_tokens_in + found.total_tokens_out
    )
    return {
        "requests": found.total_requests,
        "failures": found.total_failure_count,
        "in": found.total_tokens_in,
        "out": found.total_tokens_out,
    }
