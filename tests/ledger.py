"""What a store must hold after a list of operations, worked out without a store.

An operation is a list of JSON values, so that it can be sent to another process:

    ["open"] ["close"] ["publish"]
    ["record", first, count]    one call of `record` with requests of stream 0
    ["offer", first, count]     the same, where the disk may be in trouble
    ["source", first, count]    one batch of a source, with its position
    ["queue", first, count]     one batch of a usage queue: attempts, see `two_sources.py`
    ["lines", first, count]     a log's lines of requests that such attempts belong to
    ["import", first, count]    an old file's facts
    ["clear"] ["forget"] ["reset"]
    ["later"]                   hours pass in which nothing comes
    ["drop", month]             drop a month of the breakdown
    ["mend"]                    what `doctor --repair` does: everything is published, months too
    ["undo"]                    restore the newest backup that was not restored yet
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from law import HISTORY_LIMIT, JsonObject, QueueKnown, expected_books, name_of, requests
from law_breakdown import day_of
from proxypal.records.counters import Counters, count_into
from proxypal.records.imported import ImportedFacts
from proxypal.records.labels import LocalHours, day_label, hour_label
from proxypal.records.request import RequestLog
from two_sources import Told, as_told, request_of_attempt

Operation = list[Any]


class PutAside(NamedTuple):
    """A backup: the rows and the counted requests it gives back or takes off again.

    `nameless` are those that a drop took the names of.
    """

    kind: str
    rows: list[RequestLog]
    counted: list[RequestLog]
    nameless: frozenset[str] = frozenset()


class Ledger:
    """The counted requests, the recent ones and the backups, after each operation."""

    def __init__(self) -> None:
        self.counted: list[RequestLog] = []
        self.history: list[RequestLog] = []
        self.backups: list[PutAside] = []
        self.told: dict[int, Told] = {}
        self.queue = QueueKnown()
        self.nameless: frozenset[str] = frozenset()

    @property
    def names(self) -> Counter[tuple[str, str]]:
        """How many requests of each month and model, `unknown` where no names are kept."""
        return Counter(
            (month_of(one), "unknown" if name_of(one) in self.nameless else one.model)
            for one in self.counted
            if one.attempts != 0
        )

    def named_in(self, month: str) -> frozenset[str]:
        """The counted requests of a month whose names are known."""
        found = frozenset(name_of(one) for one in self.counted if month_of(one) == month)
        return found - self.nameless

    @property
    def books(self) -> JsonObject:
        """The totals, as `law.expected_books` gives them."""
        return expected_books(self.counted)

    @property
    def ids(self) -> list[str]:
        """The ids of the recent requests, oldest first."""
        return [name_of(item) for item in self.history]

    @property
    def state(self) -> tuple[JsonObject, list[str], QueueKnown]:
        """Totals, history and what is known of the queue, to compare with."""
        return self.books, self.ids, self.queue

    def apply(self, operation: Operation) -> "Ledger":
        """The ledger after an operation; this one stays as it is."""
        after = Ledger()
        after.counted, after.history = self.counted, self.history
        after.backups, after.told = list(self.backups), dict(self.told)
        after.queue, after.nameless = self.queue, self.nameless
        name, *values = operation
        if name in {"record", "offer", "source"}:
            after._count(requests(*values))
        elif name in {"import", "clear", "reset", "forget", "undo", "queue", "lines", "drop"}:
            getattr(after, f"_{name}")(*values)
        return after

    def _count(self, new: list[RequestLog]) -> None:
        self.counted = self.counted + new
        self._keep(new)

    def _queue(self, first: int, count: int) -> None:
        records, unread = self.queue.records + count + 1, self.queue.unread + 1
        self.queue = QueueKnown(b'{"next":%d}' % (first + count), records, unread)
        for number in range(first, first + count):
            request, place = request_of_attempt(number)
            known = self.told.get(request, Told())
            self._hear(request, Told(max(known.attempts, place + 1), known.line))

    def _lines(self, first: int, count: int) -> None:
        for request in range(first, first + count):
            known = self.told.get(request, Told())
            self._hear(request, Told(known.attempts, line=True))

    def _hear(self, request: int, told: Told) -> None:
        """A request is counted, or known better than before; what is gone stays gone."""
        known = self.told.get(request)
        if known == told:
            return
        self.told[request] = told
        after = as_told(request, told)
        name = after[0].request_id
        if known is None:
            self.counted = self.counted + after
            self._keep(after[:1])
            return
        if any(item.request_id == name for item in self.counted):
            self.counted = [item for item in self.counted if item.request_id != name] + after
        if any(item.request_id == name for item in self.history):
            self.history = [item for item in self.history if item.request_id != name]
            self._keep(after[:1])

    def _keep(self, new: Sequence[RequestLog]) -> None:
        # Stable: of equal times the later arrival stays behind.
        rows = sorted([*self.history, *new], key=lambda item: item.timestamp)
        self.history = rows[-HISTORY_LIMIT:]

    def _import(self, first: int, count: int) -> None:
        new = requests(first, count)
        self._count(new)
        self.backups.append(PutAside("import", new, new))
        self.nameless |= {name_of(one) for one in new}  # its totals do not tell names and hours

    def _drop(self, month: str) -> None:
        self.backups.append(PutAside("breakdown", [], [], self.named_in(month)))
        self.nameless |= self.named_in(month)

    def _clear(self) -> None:
        if self.history:
            self.backups.append(PutAside("clear", self.history, []))
            self.history = []

    def _forget(self) -> None:
        self.history = []
        self.backups = [backup for backup in self.backups if not backup.rows]

    def _reset(self) -> None:
        self.backups.append(PutAside("reset", [], self.counted))
        self.counted = []

    def _undo(self) -> None:
        if not self.backups:
            return
        backup = self.backups.pop()
        self.nameless -= backup.nameless
        if backup.kind == "import":
            gone = {item.id for item in backup.counted}
            self.counted = [item for item in self.counted if item.id not in gone]
            self.history = [item for item in self.history if item.id not in gone]
            return
        self.counted = backup.counted + self.counted
        later, self.history = self.history, backup.rows
        self._keep(later)


def month_of(item: RequestLog) -> str:
    """`2026-01`, in UTC."""
    return day_of(item.timestamp)[:7]


def after_each(operations: Sequence[Operation], before: Ledger | None = None) -> list[Ledger]:
    """The ledger before the first operation and after each of them."""
    ledgers = [before or Ledger()]
    for operation in operations:
        ledgers.append(ledgers[-1].apply(operation))
    return ledgers


def facts_to_import(new: Sequence[RequestLog]) -> ImportedFacts:
    """What an old file with exactly these requests adds."""
    hours = LocalHours(lambda _: 0)
    sums: dict[tuple[str, str], Counters] = {}
    for item in new:
        hour = hours(item.timestamp)
        for key in (
            ("total", ""),
            ("day", day_label(hour)),
            ("hour", hour_label(hour)),
            ("model", item.model),
            ("provider", item.provider),
        ):
            count_into(sums.setdefault(key, Counters()), item)
    return ImportedFacts(requests=list(new), sums=sums)
