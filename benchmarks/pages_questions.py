"""What the overview asks, answered by a store and by SQLite from raw rows of the same requests."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.crowd_rows import Asked, RawRows
from benchmarks.table import Row, seconds, spread
from proxypal import RequestLog, Store
from proxypal.clock import now_ms, offset_of
from proxypal.service.demo_traffic import demo_requests
from proxypal.service.overview import Asker, OverviewWords, breakdown, choices, headline
from proxypal.service.settings_file import Settings

ROUNDS = 40
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000


def questions(path: Path, raw_path: Path) -> list[Row]:
    """One row for a week, one for ninety days; before each asking a request is recorded."""
    raw = RawRows(raw_path)
    end_ms = now_ms()
    raw.add(demo_requests(end_ms, offset_of("UTC")))
    rows = []
    with Store(path) as store:
        numbers = iter(range(10**6))
        for words, days in (("7d", 7), ("90d", 90)):
            ours, theirs = [], []
            for _ in range(ROUNDS):
                one = _request(next(numbers))
                store.record([one])
                raw.add([one])
                ours.append(seconds(lambda: _ask(store, words)) * 1000)
                theirs.append(seconds(lambda: [raw.ask(asked) for asked in _of(days)]) * 1000)
            rows.append(
                Row(
                    f"the overview's questions, {days} days",
                    spread(ours, " ms"),
                    raw.name,
                    spread(theirs, " ms"),
                    spread([t / o for o, t in zip(ours, theirs, strict=True)], " ×"),
                    "",
                )
            )
    return rows


def _request(number: int) -> RequestLog:
    return RequestLog(
        timestamp=now_ms(), provider="claude", model="claude-sonnet-4-5", path="/v1/messages",
        status=200, duration_ms=1_000 + number, tokens_in=900, tokens_out=90,
    )  # fmt: skip


def _ask(store: Store, span: str) -> None:
    asker = Asker(store, Settings(), now_ms(), offset_of("UTC"))
    words = OverviewWords(range=span)
    stats = store.get_usage_stats(series=False)
    top = headline(asker, words, stats.requests_by_day[0].label)
    breakdown(asker, words, top)
    choices(asker, stats)


def _of(days: int) -> Iterator[Asked]:
    """The same as SQL: totals, a day's hours, series, names, the hours of the week, durations."""
    end = now_ms() + _DAY_MS
    since = (end - days * _DAY_MS) // _HOUR_MS * _HOUR_MS
    yield Asked("total", {}, 0, end)
    yield Asked("eight days by hour", {}, end - 8 * _DAY_MS, end, ["hour"])
    yield Asked("by day", {}, since, end, ["day"])
    yield Asked("by day and model", {}, since, end, ["day", "model"])
    for name in ("model", "provider", "key", "weekday-hour"):
        yield Asked(f"by {name}", {}, since, end, [name])
    yield Asked("durations by day", {}, since, end, ["day"], None, True)
    yield Asked("names", {}, 0, end, ["key", "account"])
