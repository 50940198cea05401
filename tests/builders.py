"""Builders of what the tests feed: log lines in each layout of CLIProxyAPI, requests, a clock."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import strategies as st

from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.counters import Counters, count_into
from proxypal.records.imported import ImportedFacts
from proxypal.records.labels import LocalHours, day_label, hour_label, zone_offset
from proxypal.records.request import MAX_INTEGER, RequestLog
from proxypal.store import Store

Layout = Literal["A", "B", "C"]
LAYOUTS: tuple[Layout, ...] = ("A", "B", "C")
"""Up to v6.6.49, v6.6.50-51, since v6.6.52."""

NO_ID = "--------"


def entry_line(
    message: str,
    *,
    layout: Layout = "C",
    stamp: str = "2026-08-22 22:39:03",
    request_id: str = NO_ID,
    level: str = "info",
    code: str = "gin_logger.go:97",
) -> str:
    """Any line of the proxy's log, without its line feed."""
    if layout == "A":
        return f"[{stamp}] [{level}] [{code}] {message}"
    if layout == "B":
        return f"[{stamp}] [{level:5}] [{code}] | {request_id} | {message}"
    return f"[{stamp}] [{request_id}] [{level:5}] [{code}] {message}"


def access_line(
    path: str = "/v1/messages",
    *,
    layout: Layout = "C",
    stamp: str = "2026-08-22 22:39:03",
    request_id: str = "a1b2c3d4",
    status: int = 200,
    latency: str = "1.5s",
    ip: str = "127.0.0.1",
    method: str = "POST",
    tail: str = "",
) -> str:
    """The line of a finished request; `tail` follows the path's closing quote."""
    message = f'{status:3} | {latency:>13} | {ip:>15} | {method:<7} "{path}"{tail}'
    if layout == "A":
        message = f"[GIN] {stamp.replace('-', '/').replace(' ', ' - ')} | {message}"
    return entry_line(message, layout=layout, stamp=stamp, request_id=request_id)


def model_line(
    model: str = "claude-sonnet-4-5",
    *,
    layout: Layout = "C",
    stamp: str = "2026-08-22 22:39:02",
    request_id: str = "a1b2c3d4",
    account: str = "OAuth provider=claude auth_file=claude-dev@example.com.json",
) -> str:
    """The debug line of one attempt; `account` as in `API key sk-o...0XYZ`."""
    return entry_line(
        f"Use {account} for model {model}",
        layout=layout,
        stamp=stamp,
        request_id=request_id,
        level="debug",
        code="conductor_execution.go:1508",
    )


def log_of(*lines: str) -> bytes:
    """The lines as a log's bytes."""
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


NOW_MS = 1_767_960_000_000
"""2026-01-09T12:00 UTC, the moment tests of the store begin at unless they say otherwise."""

ZONE = ZoneInfo("America/St_Johns")
"""Half an hour beside the others, and with clock changes: the zone that finds mistakes."""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        """Unix milliseconds."""
        return self.now_ms


def at(text: str) -> int:
    """Unix milliseconds of an ISO 8601 time, UTC unless it bears an offset."""
    moment = datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def wall_clock(moment_ms: int, zone: ZoneInfo = ZONE) -> datetime:
    """What a clock on the wall of that zone shows, by the standard library alone."""
    return datetime.fromtimestamp(moment_ms // 1000, zone)


def a_request(**changes: Any) -> RequestLog:
    """A request as the proxy sees many; say only what matters to the test."""
    usual = RequestLog(
        timestamp=NOW_MS,
        provider="claude",
        model="claude-sonnet-4-5",
        path="/v1/messages",
        status=200,
        duration_ms=1234,
        tokens_in=500,
        tokens_out=300,
    )
    return msgspec.structs.replace(usual, **changes)


def an_attempt(key: int = 1, started_ms: int = NOW_MS - 2_000, **changes: Any) -> Attempt:
    """A usage record, understood: 10 tokens in, 5 out, a second long, under one request id."""
    usual = Attempt(
        key=key,
        started_ms=started_ms,
        latency_ms=1_000,
        request_id="a1b2c3d4",
        route="/v1/messages",
        provider="claude",
        model="claude-sonnet-4-5",
        tokens=Tokens(uncached_input=10, visible_output=5),
        payload=b'{"model":"claude-sonnet-4-5"}',
    )
    return msgspec.structs.replace(usual, **changes)


def a_line(ended_ms: int = NOW_MS - 500, **changes: Any) -> RequestLog:
    """What the log says of a request: no tokens, and without debug lines no model."""
    usual = RequestLog(
        timestamp=ended_ms,
        provider="claude",
        model="unknown",
        path="/v1/messages?beta=true",
        status=200,
        duration_ms=2_000,
        request_id="a1b2c3d4",
        source="log",
    )
    return msgspec.structs.replace(usual, **changes)


def seed_shaped(number: int, start_ms: int = 1_766_394_932_000) -> RequestLog:
    """A row with the values of the design's sample, and an id and a time of its own."""
    timestamp = start_ms + number * 1000
    return RequestLog(
        id=f"req_{timestamp}_{number}",
        timestamp=timestamp,
        provider="claude",
        model="claude-3-opus",
        method="POST",
        path="/v1/messages",
        status=200,
        duration_ms=1234,
        tokens_in=500,
        tokens_out=300,
    )


def a_store(path: Path, **options: Any) -> Store:
    """An open store with labels in UTC and a clock at `NOW_MS`, unless said otherwise."""
    return Store(path, **{"zone": "UTC", "clock": SetClock(), **options})


def json_file(path: Path) -> Any:
    """What a JSON file holds, money as `Decimal`."""
    return json.loads(path.read_bytes(), parse_float=Decimal)


def facts_of(
    requests: Sequence[RequestLog],
    *,
    undated: Sequence[RequestLog] = (),
    zone: tzinfo = UTC,
    **more: Any,
) -> ImportedFacts:
    """Facts as an old file of these requests brings them.

    `undated` ones are counted without a day and are not in its history.
    """
    hours = LocalHours(zone_offset(zone))
    sums: dict[tuple[str, str], Counters] = {}
    for request in [*requests, *undated]:
        keys = [("total", ""), ("model", request.model), ("provider", request.provider)]
        hour = hours(request.timestamp)
        dated = [("day", day_label(hour)), ("hour", hour_label(hour))]
        for key in keys + (dated if request in requests else [("undated", "")]):
            count_into(sums.setdefault(key, Counters()), request)
    return ImportedFacts(requests=list(requests), sums=sums, **more)


def money() -> st.SearchStrategy[Decimal]:
    """US dollars to the last of the thirty decimal places we keep."""
    return st.integers(0, 10**42).map(lambda units: Decimal(f"{units}E-30"))


def requests() -> st.SearchStrategy[RequestLog]:
    """Any request our type can hold, without unknown keys."""
    count = st.integers(0, MAX_INTEGER)
    names = st.text(max_size=12)
    return st.builds(
        RequestLog,
        id=names,
        timestamp=count,
        provider=names,
        model=names,
        method=names,
        path=names,
        status=st.integers(0, 999),
        duration_ms=count,
        tokens_in=st.none() | count,
        tokens_out=st.none() | count,
        tokens_cached=st.none() | count,
        tokens_cache_write=st.none() | count,
        tokens_reasoning=st.none() | count,
        cost_usd=st.none() | money(),
        ttft_ms=st.none() | count,
        request_id=st.none() | names,
        model_requested=st.none() | names,
        attempts=st.none() | count,
        api_key=st.none() | names,
        account=st.none() | names,
        source=st.none() | names,
        failed=st.booleans(),
        timestamp_claimed=st.none() | count,
        legacy_id=st.none() | names,
    )
