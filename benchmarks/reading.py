"""stats() beside the number of requests, opening ten years, and sizes on disk."""

from pathlib import Path

from benchmarks.table import About, Row, seconds, spread
from benchmarks.traffic import START_MS
from proxypal import RequestLog, Store

ABOUT = About(
    "Totals and opening",
    "The same question asked of a store of ten thousand requests and of one of a million; "
    "opening and closing a store with ten years of days; sizes of a closed directory.",
)

HOUR_MS = 3_600_000
CALLS = 20


def measure(folder: Path) -> list[Row]:
    """A small store, one of a million requests of a year, one of ten years and 200 models."""
    small, year = folder / "small", folder / "year"
    _fill(small, 10_000, 365 * 24, 10)
    _fill(year, 1_000_000, 365 * 24, 10)
    size = sum(path.stat().st_size for path in year.rglob("*") if path.is_file())
    pair = sum((year / name).stat().st_size for name in ("history.json", "aggregate.json"))
    with Store(small) as first, Store(year) as second:
        few: list[float] = []
        many: list[float] = []
        for _ in range(CALLS):
            few.append(seconds(first.get_usage_stats))
            many.append(seconds(second.get_usage_stats))
    decade = folder / "decade"
    _fill(decade, 3650 * 4, 3650 * 24, 200)
    opened = [seconds(lambda: Store(decade).close()) for _ in range(CALLS)]
    return [
        Row(
            "stats(), a million requests",
            spread([taken * 1000 for taken in many], " ms"),
            "stats(), ten thousand",
            spread([taken * 1000 for taken in few], " ms"),
            spread([f / m for f, m in zip(few, many, strict=True)], " ×"),
            "independent of requests",
        ),
        Row(
            "open and close, 10 years of days, 200 models",
            spread([taken * 1000 for taken in opened], " ms"),
            "",
            "",
            "",
            "< 50 ms",
        ),
        Row(
            "closed directory, a million requests of a year",
            f"{size / 1e6:.2f} MB, JSON {pair / 1e3:.0f} kB",
            "",
            "",
            "",
            "< 3 MB, < 400 kB",
        ),
    ]


def _fill(path: Path, count: int, hours: int, models: int) -> None:
    providers = ("claude", "openai", "gemini", "qwen")
    with Store(path) as store:
        for first in range(0, count, 10_000):
            store.record(
                RequestLog(
                    timestamp=START_MS - hours * HOUR_MS + number * hours * HOUR_MS // count,
                    provider=providers[number % models % 4],
                    model=f"model-{number % models}",
                    path="/v1/messages",
                    status=200,
                    duration_ms=1234,
                    tokens_in=500,
                    tokens_out=300,
                )
                for number in range(first, min(count, first + 10_000))
            )
