"""The same questions asked of the list of all requests, by a function short enough to believe."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from builders import at
from proxypal.records.counters import Counters, count_into
from proxypal.records.labels import LocalHours, zone_offset
from proxypal.records.request import RequestLog
from proxypal.records.sketch import Sketch
from proxypal.records.usage_answer import UsageFacts
from proxypal.records.usage_metrics import DaySketch

if TYPE_CHECKING:
    from proxypal.records.imported import Names

ZONES = {
    "UTC": ("2026-03-08T00:00Z", "2026-11-01T00:00Z"),
    "Asia/Kolkata": ("2026-03-31T18:30Z", "2026-12-31T18:30Z"),
    "America/St_Johns": ("2026-03-08T05:30Z", "2026-11-01T04:30Z"),
    "Australia/Lord_Howe": ("2026-04-04T15:00Z", "2026-10-03T15:30Z"),
}
"""Zones, and two moments in each: where clocks change, or else where a month begins."""

CONDITIONS = {
    "provider=claude": ("provider", "claude", True),
    "provider!=claude": ("provider", "claude", False),
    "model=m-*": ("model", "m-*", True),
    "model=*-2": ("model", "*-2", True),
    "model!=m-1": ("model", "m-1", False),
    "key=": ("key", "", True),
    "key!=k-…1": ("key", "k-…1", False),
    "account=a*": ("account", "a*", True),
    "source=log": ("source", "log", True),
    "outcome=success": ("outcome", "success", True),
    "outcome!=client_gone": ("outcome", "client_gone", False),
    "outcome=rate_limited": ("outcome", "rate_limited", True),
}
"""Conditions as they are written, and as the brute force understands them."""


class Asked(NamedTuple):
    """A question: from one wall-clock hour up to before another, which requests, grouped how."""

    since: datetime
    until: datetime
    where: Sequence[str]
    by: Sequence[str]


def facts_about(request: RequestLog, zone: ZoneInfo) -> dict[str, str]:
    """What a request can be grouped by, from the standard library and the design's words alone."""
    wall = datetime.fromtimestamp(request.timestamp // 1000, zone)
    status = request.status
    ranges = {"rate_limited": [429], "client_gone": [499], "client_errors": range(400, 500)}
    ranges |= {"server_errors": range(500, 600), "other_failures": range(1000)}
    is_success = status in range(100, 400) and not request.failed
    failure = next(name for name, statuses in ranges.items() if status in statuses)
    return {
        "hour": wall.strftime("%Y-%m-%dT%H"),
        "day": wall.strftime("%Y-%m-%d"),
        "week": wall.strftime("%G-W%V"),
        "month": wall.strftime("%Y-%m"),
        "weekday-hour": wall.strftime("%a %H"),
        "provider": request.provider,
        "model": request.model,
        "key": request.api_key or "",
        "account": request.account or "",
        "source": request.source or "",
        "outcome": "success" if is_success else failure,
    }


def brute_force(
    requests: Sequence[RequestLog], zone: ZoneInfo, asked: Asked
) -> dict[tuple[str, ...], list[RequestLog]]:
    """The requests asked for, by group."""
    groups = defaultdict(list)
    for request in requests:
        facts = facts_about(request, zone)
        wanted = [CONDITIONS[text] for text in asked.where]
        is_within = asked.since <= datetime.strptime(facts["hour"], "%Y-%m-%dT%H") < asked.until  # noqa: DTZ007 - a wall clock
        if is_within and all(fnmatchcase(facts[n], glob) == yes for n, glob, yes in wanted):
            groups[tuple(facts[name] for name in asked.by)].append(request)
    return dict(groups)


def measured(requests: Sequence[RequestLog]) -> dict[str, Any]:
    """Every figure that is not a percentile, of a list of requests."""
    total: Counter[str] = Counter()
    outcomes = Counter(facts_about(request, ZoneInfo("UTC"))["outcome"] for request in requests)
    for one in requests:
        total["input"] += one.tokens_in or 0
        total["output"] += one.tokens_out or 0
        total["cached"] += one.tokens_cached or 0
        total["written"] += one.tokens_cache_write or 0
        total["reasoning"] += one.tokens_reasoning or 0
        total["duration"] += one.duration_ms
        has_tokens = bool(one.tokens_in or one.tokens_out)
        total["unpriced"] += has_tokens and one.cost_usd is None
    ttfts = [one.ttft_ms for one in requests if one.ttft_ms is not None]
    count, cost = len(requests), sum(Fraction(one.cost_usd or 0) for one in requests)
    return {
        "requests": count,
        "success_count": outcomes["success"],
        "failure_count": count - outcomes["success"],
        "success_rate": _ratio(outcomes["success"], count),
        **{name: outcomes[name] for name in FAILURES},
        "tokens": total["input"] + total["output"],
        "input_tokens": total["input"],
        "uncached_tokens": total["input"] - total["cached"] - total["written"],
        "cached_tokens": total["cached"],
        "cache_write_tokens": total["written"],
        "output_tokens": total["output"],
        "reasoning_tokens": total["reasoning"],
        "cache_hit_rate": _ratio(total["cached"], total["input"]),
        "cost_usd": cost,
        "cost_per_request_usd": _ratio(cost, count - total["unpriced"]),
        "unpriced": total["unpriced"],
        "average_duration_ms": _ratio(total["duration"], count),
        "average_ttft_ms": _ratio(sum(ttfts), len(ttfts)),
        "output_tokens_per_second": _ratio(1000 * total["output"], total["duration"]),
    }


FAILURES = ("client_gone", "rate_limited", "client_errors", "server_errors", "other_failures")
ADDITIVE = ("requests", "success_count", "failure_count", *FAILURES)
ADDITIVE_AMOUNTS = (
    "tokens",
    "input_tokens",
    "uncached_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_usd",
    "unpriced",
)


def _ratio(part: Any, whole: int) -> Any:
    return part / whole if whole else None


def nearest_rank(values: Sequence[int], fraction: Fraction) -> int | None:
    """The smallest value that at least this part of the values does not exceed."""
    return sorted(values)[max(1, ceil(fraction * len(values))) - 1] if values else None


def facts_from(requests: Sequence[RequestLog], zone: ZoneInfo) -> UsageFacts:
    """What a store has of these requests: cells by local hour and names, sketches by day."""
    hours = LocalHours(zone_offset(zone))
    cells: dict[tuple[int, Names], Counters] = {}
    sketches: dict[tuple[int, str, str], DaySketch] = {}
    for one in requests:
        hour = hours(one.timestamp)
        names = one.provider, one.model, one.api_key or "", one.account or "", one.source or ""
        count_into(cells.setdefault((hour, names), Counters()), one)
        place = hour // 24, one.provider, one.model
        sketch = sketches.setdefault(place, DaySketch(*place, Sketch(), Sketch()))
        sketch.durations.add(one.duration_ms)
        if one.ttft_ms is not None:
            sketch.ttft.add(one.ttft_ms)
    return UsageFacts(
        cells=[(hour, names, counters) for (hour, names), counters in cells.items()],
        sketches=list(sketches.values()),
    )


def traffic(zone: str, at_least: int = 0) -> st.SearchStrategy[list[RequestLog]]:
    """Requests within two days of either moment of a zone, of few names."""
    near = st.builds(
        lambda moment, seconds: at(moment) + seconds * 1000 + seconds % 1000,
        st.sampled_from(ZONES[zone]),
        st.integers(-48 * 3600, 48 * 3600) | st.integers(-4 * 3600, 4 * 3600),
    )
    some = st.integers(0, 5_000)
    request = st.builds(
        RequestLog,
        timestamp=near,
        provider=st.sampled_from(["claude", "openai"]),
        model=st.sampled_from(["m-1", "m-2", "other"]),
        api_key=st.sampled_from([None, "k-…1", "k-…2"]),
        account=st.sampled_from([None, "a"]),
        source=st.sampled_from([None, "log"]),
        status=st.sampled_from([200, 200, 302, 0, 400, 429, 499, 503]),
        failed=st.booleans(),
        duration_ms=st.integers(0, 10**7),
        tokens_in=st.none() | some.map(lambda tokens: tokens + 10_000),
        tokens_out=st.none() | some,
        tokens_cached=st.none() | some,
        tokens_cache_write=st.none() | some,
        tokens_reasoning=st.none() | some,
        ttft_ms=st.none() | some,
        cost_usd=st.none() | st.decimals(0, 100, places=9),
    )
    return st.lists(request, min_size=at_least, max_size=30)


def questions(zone: str, by: st.SearchStrategy[Sequence[str]]) -> st.SearchStrategy[Asked]:
    """Questions about a time near either moment of a zone."""

    def asked(
        moment: str, first: int, hours: int, where: Sequence[str], by: Sequence[str]
    ) -> Asked:
        wall = datetime.fromtimestamp(at(moment) // 1000, ZoneInfo(zone)).replace(
            minute=0, tzinfo=None
        )
        since = wall + timedelta(hours=first)
        return Asked(since, since + timedelta(hours=hours), where, by)

    return st.builds(
        asked,
        st.sampled_from(ZONES[zone]),
        st.integers(-60, 10),
        st.integers(1, 100) | st.just(1500),
        st.lists(st.sampled_from(sorted(CONDITIONS)), max_size=2),
        by,
    )


def figures_by_label(rows: Sequence[Any]) -> Mapping[tuple[str, ...], Any]:
    """The rows of an answer by their labels."""
    return {tuple(row.labels): row for row in rows}
