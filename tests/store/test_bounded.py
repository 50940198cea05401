"""The size on disk: it grows with days and names, hardly with requests, and stays small."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import DAY_MS, NOW_MS, a_store
from proxypal.records.request import RequestLog

MODELS = [
    ("claude-opus-4-5", "claude"),
    ("claude-sonnet-4-5", "claude"),
    ("claude-haiku-4-5", "claude"),
    ("gpt-5.1", "openai"),
    ("gpt-5.1-codex", "openai"),
    ("gpt-5-mini", "openai"),
    ("gemini-3-pro", "gemini"),
    ("gemini-3-flash", "gemini"),
    ("qwen3-coder-plus", "qwen"),
    ("qwen3-max", "qwen"),
]
YEAR_MS = 365 * DAY_MS
BATCH = 10_000


def a_year(count: int) -> Iterator[list[RequestLog]]:
    """So many requests of a year, in batches, oldest first."""
    for first in range(0, count, BATCH):
        batch = []
        for number in range(first, min(first + BATCH, count)):
            model, provider = MODELS[number * 7919 % 10]
            batch.append(
                RequestLog(
                    timestamp=NOW_MS - YEAR_MS + number * YEAR_MS // count,
                    provider=provider,
                    model=model,
                    path="/v1/messages",
                    status=500 if number % 37 == 0 else 200,
                    duration_ms=number * 31 % 60_000,
                    tokens_in=number * 17 % 90_000,
                    tokens_out=number * 13 % 4_000,
                )
            )
        yield batch


def sizes(directory: Path) -> tuple[int, int, int]:
    """Bytes of the closed directory, of the two JSON files, and of those of the months."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    both = sum(path.stat().st_size for path in directory.glob("*.json"))
    months = sum(path.stat().st_size for path in (directory / "breakdown").iterdir())
    return sum(path.stat().st_size for path in files), both, months


def test_a_year_of_requests_stays_small(tmp_path: Path) -> None:
    """50,000 requests of a year take 3 MB at most, the pair of files 400 KB, a month 130 KB."""
    with a_store(tmp_path) as store:
        for batch in a_year(50_000):
            store.record(batch)
    whole, both, months = sizes(tmp_path)
    assert whole < 3_000_000
    assert both < 400_000
    assert months < 13 * 130_000


def test_four_times_the_requests_are_not_four_times_the_size(tmp_path: Path) -> None:
    """The same year four times under the same names adds digits, not rows."""
    for name, times in (("once", 1), ("often", 4)):
        with a_store(tmp_path / name) as store:
            for _ in range(times):
                for batch in a_year(10_000):
                    store.record(batch)
            assert len(store.get_request_history().requests) == 500
            assert store.get_usage_stats().total_requests == 10_000 * times
    once, often = sizes(tmp_path / "once"), sizes(tmp_path / "often")
    assert often[0] < 1.5 * once[0]
    assert often[1] < 1.1 * once[1]


@pytest.mark.torture
def test_a_million_requests_of_a_year_stay_small(tmp_path: Path) -> None:
    """A million requests of a year take 6 MB at most, the two JSON files less than 400 KB."""
    with a_store(tmp_path) as store:
        for batch in a_year(1_000_000):
            store.record(batch)
        assert store.get_usage_stats().total_requests == 1_000_000
        assert [finding for finding in store.check() if not finding.ok] == []
    whole, both, _ = sizes(tmp_path)
    assert whole < 6_000_000
    assert both < 400_000
