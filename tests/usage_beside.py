"""A store, and beside it the list of all requests that count in it and what it knows of each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pytest

from builders import HOUR_MS, SetClock, a_store, facts_of, wall_clock
from proxypal.errors import WrongUsage
from proxypal.records.counters import counters_of
from proxypal.records.imported import SOURCE, ImportedFacts
from proxypal.records.incoming import admit
from proxypal.records.labels import LocalHours, zone_offset
from proxypal.records.request import RequestLog
from proxypal.service.import_gathering import Gathering
from proxypal.store import Store
from proxypal.store.values import Backup, StoreSettings
from usage_comparing import NOW_MS

Level = Literal["hour", "day", "total"]
"""Whether the hour and all names of a request are known, its day and names, or its day alone."""

ACTIONS = (
    "record",
    "record",
    "record",
    "revise",
    "import",
    "import days",
    "import totals",
    "drop",
    "drop",
    "undo drop",
    "undo",
    "undo",
    "reset",
    "reopen",
    "lose",
    "ask",
)

_REVISED = ("model", "provider", "status", "duration_ms", "ttft_ms", "timestamp", "tokens_in")


class Item:
    """A counted request, how much is known of it now, and whether a month that is kept has it."""

    def __init__(self, request: RequestLog, level: Level, recorded_ms: int = 0) -> None:
        """`recorded_ms` is 0 for one that was imported."""
        self.request, self.level, self.recorded_ms = request, level, recorded_ms
        self.is_placed = True


class Aside(NamedTuple):
    """A backup, and what its undoing brings back or takes off."""

    backup: Backup
    items: list[Item]


class Dropped(NamedTuple):
    """A month that was dropped: what was known of its items before, and after how many resets."""

    backup: Backup
    month: str
    items: list[tuple[Item, Level]]
    resets: int


class StoreBesideList:
    """See the module's docstring. Every action takes a second, so that all have their order."""

    def __init__(self, directory: Path, zone: str) -> None:
        """Start with nothing."""
        self.directory, self.zone = directory, ZoneInfo(zone)
        self.clock = SetClock(NOW_MS)
        self.items: list[Item] = []
        self.imports: list[Aside] = []
        self.resets: list[Aside] = []
        self.drops: list[Dropped] = []
        self.reset_count = 0
        self.given = 0
        self.store = self._open()

    def _open(self) -> Store:
        return a_store(self.directory, zone=str(self.zone), clock=self.clock, history_limit=5)

    def reopen(self, *, lose: bool = False) -> None:
        """As the next process, the database lost in between or not."""
        self.store.close()
        if lose:
            (self.directory / "proxypal.db").unlink()
            aside = [item for reset in self.resets for item in reset.items]
            for item in [*self.items, *aside]:
                item.recorded_ms = min(item.recorded_ms, 1)  # not all can be revised any more
        self.store = self._open()

    def act(self, action: str, requests: list[RequestLog], number: int) -> None:
        """One of `ACTIONS`."""
        self.clock.now_ms += 1000
        if action == "record":
            self.record(requests)
        elif action == "revise" and requests and not self.resets:
            self.revise(number, requests[0])
        elif action.startswith("import") and not self.resets:
            self.bring(action, requests)
        elif action == "drop":
            self.drop(number)
        elif action == "undo drop":
            self.undo_drop(number)
        elif action == "undo":
            self.undo(number)
        elif action == "reset":
            self.reset()
        elif action in {"reopen", "lose"}:
            self.reopen(lose=action == "lose")

    def record(self, requests: list[RequestLog]) -> None:
        """Push requests, each under an id of its own."""
        named = []
        for request in requests:
            self.given += 1
            named.append(msgspec.structs.replace(request, id=f"n-{self.given}"))
        self.store.record(named)
        self.items += [Item(one, "hour", self.clock.now_ms) for one in _admitted(named)]

    def revise(self, which: int, changed: RequestLog) -> None:
        """Change a request that was pushed; one of more than two hours ago may be settled."""
        known = [item for item in self.items if item.recorded_ms]
        if not known:
            return
        item = known[which % len(known)]
        changes: dict[str, Any] = {name: getattr(changed, name) for name in _REVISED}
        is_changed = self.store.revise(item.request.id, changes)
        assert is_changed or item.recorded_ms < self.clock.now_ms - 2 * HOUR_MS
        if is_changed:
            assert item.level == "hour"
            (item.request,) = _admitted([msgspec.structs.replace(item.request, **changes)])

    def bring(self, action: str, requests: list[RequestLog]) -> None:
        """Import rows with times, totals of days by model, or totals of days alone."""
        self.given += 1
        rows = _admitted(requests)
        level: Level = "hour"
        if action == "import":
            facts = self._gathered(rows)
        elif action == "import days":
            level = "day"
            rows = [
                msgspec.structs.replace(one, api_key=None, account=None, source=SOURCE)
                for one in rows
            ]
            facts = self._gathered(rows, as_days=True)
        else:
            level = "total"
            facts = facts_of(rows, zone=self.zone)
        backup = self.store.import_facts(facts, fingerprint=f"file-{self.given}")
        assert backup is not None
        items = [Item(row, level) for row in rows]
        self.imports.append(Aside(backup, items))
        self.items += items

    def _gathered(self, rows: Sequence[RequestLog], *, as_days: bool = False) -> ImportedFacts:
        gathering = Gathering(LocalHours(zone_offset(self.zone)), StoreSettings())
        for row in rows:
            if as_days:
                names, moment = (row.provider, row.model), row.timestamp
                gathering.add_total(self.day_of(row), names, counters_of(row), moment)
            else:
                gathering.add(row)
        return gathering.facts()

    def day_of(self, request: RequestLog) -> str:
        """`2026-03-08`, on the wall of the store's zone."""
        return f"{wall_clock(request.timestamp, self.zone):%Y-%m-%d}"

    def undo(self, which: int) -> None:
        """Bring back what was reset, or else take an import off again."""
        if self.resets:
            backup, items = self.resets.pop()
            self.store.restore(backup.name)
            self.items += items
        elif self.imports:
            backup, items = self.imports.pop(which % len(self.imports))
            self.store.restore(backup.name)
            self.items = [item for item in self.items if item not in items]

    def reset(self) -> None:
        """Start anew; what was reset before stays where it is."""
        if not self.resets:
            self.resets.append(Aside(self.store.reset_aggregate_stats(), self.items))
            self.reset_count += 1
            self.items = []

    def drop(self, which: int) -> None:
        """Drop a month, when nothing of it can be revised any more."""
        self.clock.now_ms += 3 * HOUR_MS
        placed = [item for item in self.items if item.is_placed]
        months = sorted({self.day_of(item.request)[:7] for item in placed})
        if not months:
            return
        month = months[which % len(months)]
        items = [item for item in placed if self.day_of(item.request)[:7] == month]
        backup = self.store.drop_breakdown([month])
        assert backup.requests == len(items)
        self.drops.append(
            Dropped(backup, month, [(item, item.level) for item in items], self.reset_count)
        )
        for item in items:
            item.level, item.is_placed = "total", False

    def undo_drop(self, which: int) -> None:
        """Bring a month back; not before what was dropped of it later, nor beyond a reset."""
        if not self.drops:
            return
        place = which % len(self.drops)
        dropped = self.drops[place]
        is_later = any(dropped.month == later.month for later in self.drops[place + 1 :])
        if is_later or (self.resets and dropped.resets < self.reset_count):
            with pytest.raises(WrongUsage, match="Nothing was changed"):
                self.store.restore(dropped.backup.name)
            return
        self.store.restore(dropped.backup.name)
        del self.drops[place]
        for item, level in dropped.items:
            item.level, item.is_placed = level, True


def _admitted(requests: Sequence[RequestLog]) -> list[RequestLog]:
    """As the store counts them; those that it would reject left out."""
    return [found for one in requests if not isinstance(found := admit(one, NOW_MS), str)]
