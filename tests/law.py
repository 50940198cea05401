"""The law of the store, audited from outside: what any data directory must show at any time.

Expected numbers are computed here, from the requests that were offered; nothing of the store's
own arithmetic is used. `ledger.py` says what a list of operations must come to.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from law_breakdown import audit_months, day_of
from proxypal.records.request import RequestLog, request_from_tree
from proxypal.store import Store
from proxypal.store.publication import read_published

BASE_MS = 1_767_225_600_000  # 2026-01-01T00:00Z
NOW_MS = BASE_MS + 10 * 365 * 24 * 3_600_000
HISTORY_LIMIT = 500

FILES = ("aggregate.json", "history.json")
_STATUSES = (200, 200, 200, 429, 499, 200, 500, 302, 404)
_PROVIDERS = ("claude", "openai", "gemini")

JsonObject = dict[str, Any]


def clock() -> int:
    """A clock that stands still, so that two runs of the same operations are the same."""
    return NOW_MS


def open_store(directory: Path, **more: Any) -> Store:
    """The store as every test here opens it: days in UTC, the clock standing still."""
    return Store(directory, zone="UTC", clock=clock, **more)


def request(number: int, stream: int = 0) -> RequestLog:
    """Request `number` of a stream: the same whenever it is asked for, no two alike.

    Three at a time share a timestamp; a day has about 500; every stream has its own models.
    """
    place = stream * 100_000 + number
    return RequestLog(
        id=f"s{stream}-{number:06d}",
        timestamp=BASE_MS + place // 3 * 518_000,
        provider=_PROVIDERS[number % 3],
        model=f"stream-{stream}-model-{number % 4}",
        path="/v1/messages",
        status=_STATUSES[number % len(_STATUSES)],
        duration_ms=100 + number % 977,
        tokens_in=1000 + number,
        tokens_out=7 * number % 311,
        tokens_cached=number % 13,
        cost_usd=Decimal(number % 100 + 1) / 10_000,
    )


def requests(first: int, count: int, stream: int = 0) -> list[RequestLog]:
    """Requests `first` to `first + count - 1` of a stream."""
    return [request(number, stream) for number in range(first, first + count)]


# -- what the files must say, out of the requests that were counted


def expected_books(counted: Sequence[RequestLog]) -> JsonObject:
    """The numbers of `aggregate.json` for exactly these requests, each once.

    One of 0 attempts is no request, but tokens beside one.
    """
    days: dict[str, list[int]] = {}
    models: dict[str, Counter[str]] = {}
    providers: dict[str, Counter[str]] = {}
    for item in counted:
        tokens = (item.tokens_in or 0) + (item.tokens_out or 0)
        day = days.setdefault(day_of(item.timestamp), [0, 0])
        day[0] += item.attempts != 0
        day[1] += tokens
        for label, group in ((item.model, models), (item.provider, providers)):
            group.setdefault(label, Counter()).update(_line_of(item))
    return {
        "totalRequests": sum(item.attempts != 0 for item in counted),
        "totalSuccessCount": sum(_line_of(item)["successCount"] for item in counted),
        "totalFailureCount": sum(_line_of(item)["failureCount"] for item in counted),
        "totalTokensIn": sum(item.tokens_in or 0 for item in counted),
        "totalTokensOut": sum(item.tokens_out or 0 for item in counted),
        "totalTokensCached": sum(item.tokens_cached or 0 for item in counted),
        "totalCostUsd": sum((item.cost_usd or Decimal(0) for item in counted), Decimal(0)),
        "requestsByDay": {day: sums[0] for day, sums in days.items()},
        "tokensByDay": {day: sums[1] for day, sums in days.items()},
        "modelStats": {label: dict(line) for label, line in models.items()},
        "providerStats": {label: dict(line) for label, line in providers.items()},
    }


def _succeeded(item: RequestLog) -> bool:
    return 100 <= item.status < 400 and not item.failed


def _line_of(item: RequestLog) -> dict[str, int]:
    is_request = item.attempts != 0
    return {
        "requests": int(is_request),
        "successCount": int(is_request and _succeeded(item)),
        "failureCount": int(is_request and not _succeeded(item)),
        "tokens": (item.tokens_in or 0) + (item.tokens_out or 0),
        "inputTokens": item.tokens_in or 0,
        "outputTokens": item.tokens_out or 0,
        "cachedTokens": item.tokens_cached or 0,
        "durationMs": item.duration_ms,
    }


def books_of(aggregate: JsonObject) -> JsonObject:
    """The same numbers as `expected_books`, out of a parsed `aggregate.json`."""
    wanted = {"requests", "successCount", "failureCount", "tokens", "inputTokens"}
    wanted |= {"outputTokens", "cachedTokens", "durationMs"}
    books = {
        key: aggregate[key]
        for key in (
            "totalRequests",
            "totalSuccessCount",
            "totalFailureCount",
            "totalTokensIn",
            "totalTokensOut",
            "totalTokensCached",
            "totalCostUsd",
        )
    }
    for series in ("requestsByDay", "tokensByDay"):
        points = {point["label"]: point["value"] for point in aggregate[series]}
        assert len(points) == len(aggregate[series]), f"{series} names a day twice"
        books[series] = points
    for group in ("modelStats", "providerStats"):
        books[group] = {
            label: {key: value for key, value in line.items() if key in wanted}
            for label, line in aggregate[group].items()
        }
    return books


# -- the audit


def read_json(path: Path) -> JsonObject:
    """A JSON file with its money exact."""
    decoder = msgspec.json.Decoder(JsonObject, float_hook=Decimal)
    return decoder.decode(path.read_bytes())


def audit_files(directory: Path) -> tuple[JsonObject, JsonObject]:
    """Both files as they stand: ours, unharmed, consistent in themselves; (aggregate, history)."""
    for name in FILES:
        data = (directory / name).read_bytes()
        assert read_published(data) is not None, f"{name} is not as we wrote it"
    aggregate, history = (read_json(directory / name) for name in FILES)
    _audit_sums(aggregate)
    rows = history["requests"]
    assert len(rows) <= HISTORY_LIMIT
    times = [row["timestamp"] for row in rows]
    assert times == sorted(times), "history is out of order"
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids), "history holds a request twice"
    return aggregate, history


def _audit_sums(aggregate: JsonObject) -> None:
    total = aggregate["totalRequests"]
    assert aggregate["totalSuccessCount"] + aggregate["totalFailureCount"] == total
    tokens = aggregate["totalTokensIn"] + aggregate["totalTokensOut"]
    undated = aggregate["undated"]
    assert _sum(aggregate["requestsByDay"]) + undated["requests"] == total
    assert _sum(aggregate["tokensByDay"]) + undated["tokens"] == tokens
    money = _sum(aggregate["costByDay"]) + undated["costUsd"]
    assert money == aggregate["totalCostUsd"]
    assert _sum(aggregate["requestsByHour"]) <= total
    for group in ("modelStats", "providerStats"):
        lines = aggregate[group].values()
        for key, whole in (
            ("requests", total),
            ("successCount", aggregate["totalSuccessCount"]),
            ("failureCount", aggregate["totalFailureCount"]),
            ("tokens", tokens),
            ("inputTokens", aggregate["totalTokensIn"]),
            ("outputTokens", aggregate["totalTokensOut"]),
            ("cachedTokens", aggregate["totalTokensCached"]),
            ("costUsd", aggregate["totalCostUsd"]),
        ):
            assert sum(line[key] for line in lines) == whole, f"{group}: {key}"
            assert all(line[key] >= 0 for line in lines), f"{group}: {key} below zero"


def _sum(points: Sequence[JsonObject]) -> Any:
    return sum(point["value"] for point in points)


def name_of(item: RequestLog) -> str:
    """The id it came with; of one from log or queue all that was told."""
    if item.id and not item.id.startswith("req_"):
        return item.id
    said = f"{item.request_id} at {item.timestamp} took {item.duration_ms} ms, {item.status}"
    return (
        f"{said}, {item.attempts} attempts, {item.tokens_in} + {item.tokens_out} tokens, "
        f"{item.cost_usd} $, {item.model}, {item.path}, {item.api_key}, by {item.source}"
    )


def payloads_in(directory: Path) -> dict[int, list[bytes]]:
    """What lies in a closed store of what the queue said, by the number of its request."""
    with closing(sqlite3.connect(directory / "proxypal.db")) as connection:
        rows = connection.execute("SELECT arrival, body FROM payloads").fetchall()
    return {arrival: bytes(body).split(b"\n") for arrival, body in rows}


class QueueKnown(NamedTuple):
    """What a store knows of the usage queue: its reader's last words, and how much it took."""

    status: bytes = b""
    records: int = 0
    unread: int = 0


class Found(msgspec.Struct):
    """What a reopened store said of itself."""

    aggregate: JsonObject
    history: list[JsonObject]
    warnings: list[str]
    queue: QueueKnown

    @property
    def books(self) -> JsonObject:
        """The numbers to compare with `expected_books`."""
        return books_of(self.aggregate)

    @property
    def ids(self) -> list[str]:
        """The recent requests, oldest first: by id, or by what was told of them."""
        return [name_of(request_from_tree(row)) for row in self.history]


def reopen(directory: Path) -> Found:
    """Open the store as the next process would, audit everything it says and leave it closed.

    Opening it a second time must find nothing more to mend.
    """
    with open_store(directory) as store:
        warnings = list(store.warnings)
        off = [f for f in store.check() if not f.ok and f.check != "disk space"]
        assert not off, off
        stats = store.get_usage_stats()
        queues = [QueueKnown(one.status, one.records, one.unread) for one in store.queues()]
    aggregate, history = audit_files(directory)
    audit_months(directory, aggregate)
    assert stats.total_requests == aggregate["totalRequests"]
    assert stats.success_count == aggregate["totalSuccessCount"]
    assert stats.history_count == len(history["requests"])
    with open_store(directory) as store:
        assert store.warnings == [], "opening it twice must say nothing new"
        assert store.get_usage_stats() == stats
    assert audit_files(directory) == (aggregate, history)
    queue = queues[0] if queues else QueueKnown()
    return Found(aggregate, history["requests"], warnings, queue)


def check_law(
    directory: Path,
    *,
    acknowledged: Collection[str] | int,
    offered: Sequence[RequestLog],
    batch: int = 1,
) -> Found:
    """Reopen after whatever happened and hold the store to its law.

    Args:
        directory: the data directory, with no process left in it.
        acknowledged: ids of the requests whose recording was reported durable, or how many of
            the first of `offered` were.
        offered: all requests that were given to the store, each model's in the order they were
            given, none of them twice.
        batch: how many at a time were given by each recorder; a batch is counted whole or not.
    """
    if isinstance(acknowledged, int):
        acknowledged = {item.id for item in offered[:acknowledged]}
    found = reopen(directory)
    counted: list[RequestLog] = []
    by_model: dict[str, list[RequestLog]] = {}
    for item in offered:
        by_model.setdefault(item.model, []).append(item)
    lines = found.aggregate["modelStats"]
    assert set(lines) <= set(by_model)
    for model, given in by_model.items():
        count = lines.get(model, {}).get("requests", 0)
        missing = [item.id for item in given[count:] if item.id in acknowledged]
        assert not missing, f"acknowledged and lost: {missing[:5]}"
        counted += given[:count]
    in_flight = len(counted) - len(acknowledged)
    assert in_flight % batch == 0 or len(counted) == len(offered), "a batch was torn"
    assert found.books == expected_books(counted)
    recent = sorted(counted, key=lambda item: item.timestamp)[-HISTORY_LIMIT:]
    assert [row["timestamp"] for row in found.history] == [item.timestamp for item in recent]
    edge = recent[0].timestamp if recent else 0
    certain = {item.id for item in recent if item.timestamp > edge}
    assert certain <= set(found.ids) <= {item.id for item in counted}
    return found
