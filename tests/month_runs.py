"""A store of three months, and what people do with it: import, re-price, reset, drop, undo."""

from pathlib import Path
from typing import Any

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, a_store
from month_files import months_in
from proxypal.clock import offset_of
from proxypal.records.labels import LocalHours
from proxypal.service.import_gathering import Gathering
from proxypal.store import Store
from proxypal.store.values import Backup, StoreSettings
from repricing_runs import an_unpriced, plan_of

JANUARY, DECEMBER, NOVEMBER = "2026-01", "2025-12", "2025-11"
MONTHS = (NOVEMBER, DECEMBER, JANUARY)


def some(count: int = 12, **changes: Any) -> list[Any]:
    """Requests of three months, every one different."""
    return [
        a_request(
            timestamp=NOW_MS - number * 5 * DAY_MS,
            duration_ms=100 + number,
            ttft_ms=number,
            api_key=f"k{number % 3}",
            **changes,
        )
        for number in range(count)
    ]


class Running:
    """A store of three months, three hours later: nothing of it can be revised any more."""

    def __init__(self, directory: Path) -> None:
        """Record them."""
        self.directory, self.clock = directory, SetClock()
        self.given = 0
        self.store = a_store(directory, clock=self.clock)
        self.store.record([*some(), an_unpriced(-30 * 24 * 60), an_unpriced(-60)])
        self.later(3 * HOUR_MS)

    def later(self, milliseconds: int = 1000) -> None:
        """Let time go by."""
        self.clock.now_ms += milliseconds

    def import_some(self) -> str:
        """Import rows of the three months; the backup's name."""
        self.later()
        self.given += 1
        gathering = Gathering(LocalHours(offset_of("UTC")), StoreSettings())
        for row in some(8, model="imported"):
            gathering.add(row)
        backup = self.store.import_facts(gathering.facts(), fingerprint=str(self.given))
        assert backup is not None
        return backup.name

    def reprice(self) -> str:
        """Price what has no price; the backup's name."""
        self.later()
        backup = self.store.reprice(plan_of(self.store))
        assert backup is not None
        return backup.name

    def reset(self) -> str:
        """Start anew; the backup's name."""
        self.later()
        return self.store.reset_aggregate_stats().name

    def drop(self, *months: str) -> Backup:
        """Drop months."""
        self.later()
        return self.store.drop_breakdown(months)

    def undo(self, name: str) -> None:
        """Undo by name."""
        self.later()
        self.store.restore(name)

    def reopen(self, *lost: str) -> None:
        """Close it, lose files, and open it again."""
        self.store.close()
        for name in lost:
            (self.directory / name).unlink()
        self.store = a_store(self.directory, clock=self.clock)
        if lost:
            self.later(3 * HOUR_MS)  # what is open again for two hours cannot be dropped

    def shown(self) -> Any:
        """Everything in the totals, and all months as the database has them."""
        return self.store.get_aggregate(), _named(self.store)

    def is_sound(self) -> bool:
        """Whether `doctor` is content."""
        return [finding for finding in self.store.check() if not finding.ok] == []


def _named(store: Store) -> Any:
    """The months' sums and durations; taken off to the last cent money reads 0.00."""
    months = months_in(store, *MONTHS)
    return {
        month: {day: tuple(parts[:3]) for day, parts in days.items() if any(parts[:3])}
        for month, days in months.items()
    }
