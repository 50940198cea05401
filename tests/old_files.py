"""Old files for the tests: the samples, any contradictory pair, and what must hold of a reading."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from proxypal.records.counters import COUNTER_FIELDS, Counters
from proxypal.records.imported import ImportedFacts
from proxypal.records.labels import LocalHours
from proxypal.records.request import MAX_INTEGER

SAMPLES = Path(__file__).parent / "data" / "proxypal"

UTC_PLUS_7 = LocalHours(lambda _: 7 * 3600)
"""The zone of the machine that the samples are from."""

Sums = dict[tuple[str, str], Counters]


def sample(name: str) -> bytes:
    """The bytes of one sample file."""
    return (SAMPLES / name).read_bytes()


def numbers(facts: ImportedFacts) -> dict[str, dict[str, dict[str, Any]]]:
    """Scope -> label -> the counters that are not zero."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for (scope, label), counters in facts.sums.items():
        found.setdefault(scope, {})[label] = {
            name: value for name in COUNTER_FIELDS if (value := getattr(counters, name))
        }
    return found


def added(parts: list[Counters]) -> Counters:
    """The sum of several counters."""
    total = Counters()
    for part in parts:
        total.add(part)
    return total


def contradictions(sums: Sums) -> list[str]:
    """Every way in which sums contradict themselves; empty is what everyone wants."""
    total = sums["total", ""]
    found = [
        f"{key}: {counters}"
        for key, counters in sums.items()
        if not 0 <= counters.failures <= counters.requests
        or any(getattr(counters, name) < 0 for name in COUNTER_FIELDS)
        or counters.tokens > MAX_INTEGER
        or counters.requests > MAX_INTEGER
        or counters.unpriced
    ]
    for scopes in ({"day", "undated"}, {"model"}, {"provider"}):
        parts = added([counters for (scope, _), counters in sums.items() if scope in scopes])
        if parts != total:
            found.append(f"{scopes}: {parts} and not {total}")
    days = {label for scope, label in sums if scope == "hour" for label in [label[:10]]}
    for day in days:
        hours = added(
            [c for (scope, label), c in sums.items() if scope == "hour" and label[:10] == day]
        )
        whole = sums.get(("day", day), Counters())
        found += [
            f"hours of {day}: {name}"
            for name in ("requests", "failures", "tokens_in", "tokens_out")
            if getattr(hours, name) > getattr(whole, name)
        ]
    return found


_days = st.sampled_from(
    ["2025-12-19", "2025-12-20", "2025-12-21", "2026-01-28", "2025-13-01", "09", "", "1969-12-31"]
)
_hours = st.sampled_from(["2025-12-19T22", "2025-12-20T01", "2026-01-28T23", "09", "2025-12-20T24"])
_counts = st.integers(0, 2000) | st.integers(0, 10**10) | st.sampled_from([0, 1, 5.0, None])
_rubbish = st.sampled_from([-1, "5", True, [], {}, 2**60, 1e300, 0.5])
_dirty = _counts | _rubbish
_models = st.sampled_from(["claude-sonnet-4-5", "gpt-5", "api-request", "unknown", "", "kimi-k2"])
_providers = st.sampled_from(["claude", "anthropic", "openai", "openai-compat", "", "unknown"])
_costs = st.floats(0, 1000) | st.just(None) | st.decimals(0, 100, places=3).map(float)


def _objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def _series(
    labels: st.SearchStrategy[str], values: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    return st.lists(st.fixed_dictionaries({"label": labels, "value": values}), max_size=4)


def rows(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """One row of an old history."""
    return _objects(
        id=st.sampled_from(["log_0", "req_1", "req_1766158865000_0", "", "x"]),
        timestamp=st.integers(1_766_100_000_000, 1_766_300_000_000)
        | st.sampled_from([0, None, 2**52]),
        provider=_providers,
        model=_models,
        method=st.sampled_from(["POST", "GET"]),
        path=st.sampled_from(["/v1/messages", "/v1/messages/count_tokens", "/x?key=AIzaSecret"]),
        status=st.sampled_from([200, 302, 401, 429, 499, 500, 0]),
        durationMs=values,
        tokensIn=values,
        tokensOut=values,
        tokensCached=values,
        unknownKey=st.integers(0, 5),
    )


def histories(*, dirty: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """An old `history.json`; `dirty` ones hold values of the wrong type and range."""
    values = _dirty if dirty else _counts
    row = rows(values)
    return _objects(
        requests=st.lists(row | _rubbish if dirty else row, max_size=5),
        totalTokensIn=values,
        totalTokensOut=values,
        totalTokensCached=values,
        totalCostUsd=_costs | _rubbish if dirty else _costs,
        totalRequestCount=values,
        totalSuccessCount=values,
        tokensByDay=_series(_days, values),
        tokensByHour=_series(_hours, values),
        appTheme=st.just("dark"),
    )


def aggregates(*, dirty: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """An old `aggregate.json`, in no way consistent with itself or with a history."""
    values = _dirty if dirty else _counts
    stats: st.SearchStrategy[Any] = _objects(
        requests=values,
        successCount=values,
        tokens=values,
        inputTokens=values,
        outputTokens=values,
        cachedTokens=values,
    )
    if dirty:
        stats = stats | _rubbish
    return _objects(
        createdAt=values,
        totalRequests=values,
        totalSuccessCount=values,
        totalFailureCount=values,
        totalTokensIn=values,
        totalTokensOut=values,
        totalTokensCached=values,
        totalCostUsd=_costs | _rubbish if dirty else _costs,
        requestsByDay=_series(_days, values),
        tokensByDay=_series(_days, values),
        requestsByHour=_series(_hours, values),
        tokensByHour=_series(_hours, values),
        modelStats=st.dictionaries(_models, stats, max_size=4),
        providerStats=st.dictionaries(_providers, stats, max_size=4),
        windowWidth=st.just(800),
    )
