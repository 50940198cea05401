"""The law of the breakdown, audited from outside: what the months' files must show at any time.

As in `law.py`, nothing of the store's own arithmetic is used.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proxypal.store.breakdown_file import read_month
from proxypal.store.cells import unpack_cells


def day_of(timestamp_ms: int) -> str:
    """The UTC date of a moment."""
    year, month, day = _civil(timestamp_ms // 86_400_000)
    return f"{year:04d}-{month:02d}-{day:02d}"


def _civil(days: int) -> tuple[int, int, int]:
    """Days since 1970-01-01 to a date (Hinnant's algorithm; not the code under test)."""
    days += 719_468
    era, of_era = divmod(days, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9
    return year + era * 400 + (month <= 2), month, day


def audit_months(directory: Path, aggregate: Mapping[str, Any]) -> None:
    """The months' files: ours, with every request that has an hour or a day, none twice.

    Of a store that is closed: they are then as new as everything else.
    """
    by_day: Counter[str] = Counter()
    for path in (directory / "breakdown").glob("*.json"):
        contents = read_month(path.read_bytes())
        assert contents is not None, f"{path.name} is not as we wrote it"
        assert contents.month == path.stem
        counted: Counter[str] = Counter()
        for day, found in contents.days.items():
            label = day_of(day * 86_400_000)
            cells = unpack_cells(found.cells).values()
            counted[label] += sum(sums.requests for sums in cells)
            counted[label] += sum(int(row[1]) for row in found.totals)
            for sums in cells:
                assert min(sums.requests, sums.success, sums.tokens) >= 0 <= sums.cost_usd
        assert sum(counted.values()) == contents.requests
        by_day += counted
    days = {point["label"]: point["value"] for point in aggregate["requestsByDay"]}
    published = aggregate["published"]
    assert all(count <= days.get(day, 0) for day, count in by_day.items())
    if not published["cellsSince"] and not published["droppedMonths"]:
        assert by_day == Counter(days)
