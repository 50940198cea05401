"""Plays a list of operations (see `ledger.py`) on a store and reports each one when it is durable.

Used by the processes that get killed, and to prepare what they find.
"""

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from growing import grow
from law import NOW_MS, requests
from ledger import Operation, facts_to_import
from proxypal.records.request import RequestLog
from proxypal.service.log_following import Report
from proxypal.service.watch_events import Recorded, WatchEvent
from proxypal.service.watching import watch
from proxypal.store import Store
from proxypal.store.values import QueueBatch, SourceBatch, SourceOutcome, Span
from two_sources import FROM_MS, SIGN, attempts, lines


class Player:
    """One process's use of one data directory."""

    def __init__(
        self,
        directory: Path,
        report: Callable[[int], None] = lambda _: None,
        *,
        hours: int = 0,
    ) -> None:
        self.hours = hours
        self.directory = directory
        self.report = report
        self.store: Store | None = None
        self.played = 0

    def play(self, operations: Sequence[Operation]) -> None:
        """Do one after the other; `report` is told how many are done after each."""
        for operation in operations:
            name, *values = operation
            getattr(self, f"_{name}")(*values)
            self.played += 1
            self.report(self.played)

    def clock(self) -> int:
        """Every operation happens a millisecond after the one before."""
        return NOW_MS + self.hours * 3_600_000 + self.played

    @property
    def _open_store(self) -> Store:
        if self.store is None:
            self._open()
        assert self.store is not None
        return self.store

    def _open(self) -> None:
        self.store = Store(self.directory, zone="UTC", clock=self.clock)

    def _close(self) -> None:
        self._open_store.close()
        self.store = None

    def _publish(self) -> None:
        self._open_store.publish()

    def _record(self, first: int, count: int, stream: int = 0) -> None:
        recorded = self._open_store.record(requests(first, count, stream))
        assert recorded.recorded == count, recorded

    def _offer(self, first: int, count: int) -> None:
        recorded = self._open_store.record(requests(first, count))
        assert recorded.recorded + recorded.held == count, recorded

    def _source(self, first: int, count: int) -> None:
        outcome = self._read("log", first, requests(first, count))
        assert outcome.recorded == count, outcome

    def _queue(self, first: int, count: int) -> None:
        """What the queue hands out, with a payload nobody understands and the reader's status."""
        outcome = self._open_store.record_attempts(
            QueueBatch(
                source="queue",
                attempts=attempts(first, count),
                unread=[b"%s nobody understands" % SIGN],
                covered=Span(FROM_MS, FROM_MS + (first + count) * 1_000),
                status=b'{"next":%d}' % (first + count),
            )
        )
        told = outcome.recorded + outcome.joined + outcome.extra + outcome.repeated
        assert told == count, outcome

    def _lines(self, first: int, count: int) -> None:
        """What a log says from where it was read to, if that was not told before."""
        while self._next_of("proxy.log", first) < first + count:
            self._read("proxy.log", first, lines(first, count))

    def _next_of(self, source: str, first: int) -> int:
        positions = self._open_store.positions().rows
        nexts: list[int] = [
            json.loads(row.state)["next"] for row in positions if row.source == source
        ]
        return max([first, *nexts])

    def _read(self, source: str, first: int, new: Sequence[RequestLog]) -> SourceOutcome:
        """Those of `new` that were not read yet; nothing comes of it if another was faster."""
        store, after = self._open_store, first + len(new)
        positions = store.positions()
        start = next((row for row in positions.rows if row.source == source), None)
        if start is not None:
            new = new[max(0, json.loads(start.state)["next"] - first) :]
        outcome = store.record_batch(
            SourceBatch(
                source=source,
                generation=positions.generation,
                start=start,
                state=b'{"next":%d}' % after,
                requests=new,
            )
        )
        told = outcome.recorded + outcome.joined + outcome.seen
        assert told == (0 if outcome.position is None else len(new)), outcome
        return outcome

    def _backlog(self, log: str) -> None:
        """Watch what is there of a log."""
        self._watch(log, once=True, report=lambda _: None)

    def _follow(self, log: str) -> None:
        """Watch a log that grows, each request told, until the end of the process."""
        threading.Thread(target=grow, args=(Path(log),), daemon=True).start()
        self._watch(log, once=False, report=self._tell)

    def _tell(self, event: WatchEvent) -> None:
        if isinstance(event, Recorded):
            for _ in event.requests:
                self.played += 1
                self.report(self.played)

    def _watch(self, log: str, *, once: bool, report: Report) -> None:
        watch(
            self._open_store,
            [log],
            offset=lambda _: 0,
            once=once,
            stop=threading.Event(),
            report=report,
        )

    def _import(self, first: int, count: int) -> None:
        facts = facts_to_import(requests(first, count))
        assert self._open_store.import_facts(facts, fingerprint=f"{first}") is not None

    def _clear(self) -> None:
        self._open_store.clear_request_history()

    def _forget(self) -> None:
        self._open_store.clear_request_history(forget=True)

    def _reset(self) -> None:
        self._open_store.reset_aggregate_stats()

    def _later(self) -> None:
        self.hours += 3

    def _drop(self, month: str) -> None:
        self._open_store.drop_breakdown([month])

    def _mend(self) -> None:
        off = [found for found in self._open_store.check(repair=True) if not found.ok]
        assert not off, off

    def _undo(self) -> None:
        store = self._open_store
        for backup in store.list_backups():
            if backup.undone_at is None:
                store.restore(backup.name)
                return
