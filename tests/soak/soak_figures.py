"""What a soak measures, what that must look like, and how it is told.

Must not enter: running anything.
"""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

MB = 1_000_000


class Sizes(NamedTuple):
    """Bytes of what lies in the data directory."""

    database: int
    wal: int
    history: int
    aggregate: int
    months: int
    all: int


class Sample(NamedTuple):
    """One moment of a soak: memory in bytes, times in milliseconds."""

    requests: int
    day: int
    memory: int
    stats_ms: Sequence[float]
    overview_ms: Sequence[float]
    command_ms: Sequence[float]
    sizes: Sizes
    per_second: float


def sizes_of(directory: Path) -> Sizes:
    """As they are now; files come and go meanwhile."""
    found: dict[str, int] = {}
    for path in directory.rglob("*"):
        try:
            found[str(path.relative_to(directory))] = path.stat().st_size
        except FileNotFoundError:
            continue
    months = sum(size for name, size in found.items() if name.startswith("breakdown/"))
    return Sizes(
        database=found.get("proxypal.db", 0),
        wal=found.get("proxypal.db-wal", 0),
        history=found.get("history.json", 0),
        aggregate=found.get("aggregate.json", 0),
        months=months,
        all=sum(found.values()),
    )


def memory_of(process_id: int) -> int:
    """Resident bytes of a process (Linux)."""
    text = Path(f"/proc/{process_id}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def middle(times_ms: Sequence[float]) -> float:
    """The median; 0 of nothing."""
    return statistics.median(times_ms) if times_ms else 0.0


def high(times_ms: Sequence[float]) -> float:
    """The 95th percentile; 0 of nothing."""
    return sorted(times_ms)[int(len(times_ms) * 0.95)] if times_ms else 0.0


_HEADS = (
    "requests", "day", "per s", "RSS MB", "stats ms", "p95", "overview ms", "p95", "CLI ms",
    "database MB", "WAL MB", "history kB", "aggregate kB", "months MB", "all MB",
)  # fmt: skip


def table(samples: Sequence[Sample]) -> str:
    """A line each, in Markdown."""
    rows = [_HEADS, ("---:",) * len(_HEADS), *(_row(sample) for sample in samples)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(sample: Sample) -> tuple[str, ...]:
    sizes = sample.sizes
    return (
        f"{sample.requests:,}",
        str(sample.day),
        f"{sample.per_second:,.0f}",
        f"{sample.memory / MB:.1f}",
        f"{middle(sample.stats_ms):.1f}",
        f"{high(sample.stats_ms):.1f}",
        f"{middle(sample.overview_ms):.1f}",
        f"{high(sample.overview_ms):.1f}",
        f"{middle(sample.command_ms):.0f}",
        f"{sizes.database / MB:.2f}",
        f"{sizes.wal / MB:.2f}",
        f"{sizes.history / 1000:.0f}",
        f"{sizes.aggregate / 1000:.0f}",
        f"{sizes.months / MB:.2f}",
        f"{sizes.all / MB:.2f}",
    )


def not_flat(samples: Sequence[Sample]) -> list[str]:
    """What grew that must not, the last quarter of the samples beside the second one."""
    quarter = len(samples) // 4
    if not quarter:
        return []
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    found = []
    before, after = (max(one.memory for one in part) for part in (early, late))
    if after > before * 1.2 + 10 * MB:
        found.append(f"memory grew from {before / MB:.0f} to {after / MB:.0f} MB")
    for what in ("stats_ms", "overview_ms"):
        times = [
            middle([ms for one in part for ms in getattr(one, what)]) for part in (early, late)
        ]
        if all(times) and times[1] > times[0] * 2 + 50:
            found.append(f"{what} grew from {times[0]:.0f} to {times[1]:.0f}")
    wal = max(one.sizes.wal for one in late)
    if wal > 100 * MB:
        found.append(f"the WAL is {wal / MB:.0f} MB")
    return found
