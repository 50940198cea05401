"""Twelve questions about 3,000,000 requests, beside SQLite answering them from raw rows.

Takes some minutes, most of them to record. Sizes are those of the closed directories.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.crowd import KEYS, MODELS, REQUESTS, crowd
from benchmarks.crowd_rows import Asked, RawRows
from benchmarks.table import About, Row, seconds, spread
from proxypal import Store
from proxypal.clock import now_ms

ABOUT = About(
    "Questions about 3,000,000 requests",
    "Ninety days, 50 models, 50 keys, 500 accounts, recorded in both; then each question is "
    "asked a hundred times, a request recorded before each, so that nothing is answered from "
    "memory alone. Sizes are those of the closed directories.",
)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SHELL_ROUNDS = 5
SHELL_AIM_MS = 150
_SHELL = (
    "Python's start and opening the store are what `stats --json` takes above; the rest unpacks "
    "the cells of up to 30 days, 25,000 a day, for this one question. `serve` keeps them."
)


def questions(now: int) -> list[Asked]:
    """What people ask; each also as SQL would ask it."""
    today = now // DAY_MS * DAY_MS
    end = now + DAY_MS
    key, model = KEYS[3], MODELS[3][1]

    def last(text: str, **more: object) -> dict[str, object]:
        return {"last": text, **more}

    def back(count: int, unit_ms: int) -> tuple[int, int]:
        return (now - count * unit_ms) // HOUR_MS * HOUR_MS, end

    return [
        Asked("today", {"range": "today"}, today, end),
        Asked("24 h by hour", last("24h", by=["hour"]), *back(24, HOUR_MS), ["hour"]),
        Asked("7 d by model", last("7d", by=["model"]), *back(7, DAY_MS), ["model"]),
        Asked("30 d by day", last("30d", by=["day"]), *back(30, DAY_MS), ["day"]),
        Asked(
            "30 d by day and model, top 10",
            last("30d", by=["day", "model"], top=10), *back(30, DAY_MS), ["day", "model"],
        ),
        Asked(
            "all by provider and outcome",
            {"range": "all", "by": ["provider", "outcome"]}, 0, end, ["provider", "outcome"],
        ),
        Asked("30 d by key", last("30d", by=["key"]), *back(30, DAY_MS), ["key"]),
        Asked(
            "30 d by account, top 20",
            last("30d", by=["account"], top=20), *back(30, DAY_MS), ["account"],
        ),
        Asked(
            "7 d by model, of a key",
            last("7d", by=["model"], where=[f"key={key}"]), *back(7, DAY_MS), ["model"],
            ("key", key),
        ),
        Asked(
            "7 d by key, of a model",
            last("7d", by=["key"], where=[f"model={model}"]), *back(7, DAY_MS), ["key"],
            ("model", model),
        ),
        Asked(
            "30 d by model: p50, p95, p99",
            last("30d", by=["model"], metrics=["requests", "p50", "p95", "p99"]),
            *back(30, DAY_MS), ["model"], None, True,
        ),
        Asked(
            "30 d by weekday and hour",
            last("30d", by=["weekday-hour"]), *back(30, DAY_MS), ["weekday-hour"],
        ),
        Asked(
            "beyond the twelve: 30 d by key and model (2,500 groups), top 20",
            last("30d", by=["key", "model"], top=20), *back(30, DAY_MS), ["key", "model"],
        ),
        Asked(
            "beyond the twelve: 7 d by account, of a model (from whole cells)",
            last("7d", by=["account"], where=[f"model={model}"]), *back(7, DAY_MS), ["account"],
            ("model", model),
        ),
    ]  # fmt: skip


def measure(folder: Path) -> list[Row]:
    """Record the same traffic in both, then ask both the same."""
    end_ms = now_ms() // HOUR_MS * HOUR_MS
    raw = RawRows(folder / "raw.db")
    ours_s = raw_s = 0.0
    path = folder / "crowd"
    with Store(path, zone="UTC") as store:
        for batch in crowd(end_ms):
            ours_s += seconds(lambda: store.record(batch))
            raw_s += seconds(lambda: raw.add(batch))
    files = [found for found in path.rglob("*") if found.is_file()]
    size = sum(found.stat().st_size for found in files)
    database = (path / "proxypal.db").stat().st_size
    asked = questions(end_ms)
    words = json.dumps([question.words for question in asked])
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.crowd_asking", str(path), words],
        check=True,
        capture_output=True,
        text=True,
    )
    told = json.loads(child.stdout)
    raw_size = (folder / "raw.db").stat().st_size
    return [
        Row(
            "recording 3,000,000 requests of 25,000 cells a day",
            f"{ours_s / REQUESTS * 1e6:.0f} µs each",
            raw.name, f"{raw_s / REQUESTS * 1e6:.0f} µs each", f"{raw_s / ours_s:.2f} ×", "",
            "Raw rows are only written down; ours are summed up by hour and names, sketched and "
            "packed, which the questions below and the size get back.",
        ),
        Row(
            "directory; of it the database",
            f"{size / 1e6:.1f} MB; {database / 1e6:.1f} MB",
            raw.name, f"{raw_size / 1e6:.0f} MB", f"{raw_size / size:.1f} ×", "< 40 MB",
            "Its 2,250,000 cells, with nearly as many different values, are there twice, in the "
            "database and in breakdown/: either of them can be lost. Once is what the aim allows.",
        ),
        Row(
            "opening, memory after all questions",
            f"{told['opened']:.0f} ms, {told['peak']:.0f} MB", "", "", "", "",
        ),
        *[_asked(raw, one, found) for one, found in zip(asked, told["found"], strict=True)],
        *[_from_shell(path, one) for one in (asked[2], asked[7], asked[9], asked[10])],
    ]  # fmt: skip


def _asked(raw: RawRows, asked: Asked, found: dict[str, object]) -> Row:
    times = found["ms"]
    if not isinstance(times, list):
        raise TypeError(times)
    middle, late = statistics.median(times), statistics.quantiles(times, n=100)[98]
    theirs = [seconds(lambda: raw.ask(asked)) * 1000 for _ in range(2)][1]
    return Row(
        asked.name,
        f"p50 {middle:.2f} ms, p99 {late:.2f} ms (first {found['first']:.0f} ms)",
        raw.name,
        f"{theirs:.0f} ms",
        f"{theirs / middle:.0f} ×",
        "< 10 ms",
    )


def _from_shell(path: Path, asked: Asked) -> Row:
    words: list[str] = []
    for name, value in asked.words.items():
        for one in value if isinstance(value, list) else [value]:
            words += [f"--{name}", str(one)]
    command = [sys.executable, "-m", "proxypal", "stats", "--data-dir", str(path), *words, "--json"]
    taken_ms = [
        seconds(lambda: subprocess.run(command, check=True, capture_output=True)) * 1000
        for _ in range(SHELL_ROUNDS)
    ]
    what = f"from the shell: {asked.name}"
    note = _SHELL if statistics.median(taken_ms) > SHELL_AIM_MS else ""
    return Row(what, spread(taken_ms, " ms"), "", "", "", f"< {SHELL_AIM_MS} ms", note)
