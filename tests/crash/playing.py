"""Plays a list of operations (see `ledger.py`) on a store and reports each one when it is durable.

Used by the processes that get killed, and to prepare what they find.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from growing import grow
from law import NOW_MS, requests
from ledger import Operation, facts_to_import
from proxypal.service.log_following import Report
from proxypal.service.watch_events import Recorded, WatchEvent
from proxypal.service.watching import watch
from proxypal.store import Store
from proxypal.store.protocol import SourceBatch


class Player:
    """One process's use of one data directory."""

    def __init__(self, directory: Path, report: Callable[[int], None] = lambda _: None) -> None:
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
        return NOW_MS + self.played

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
        store = self._open_store
        positions = store.positions()
        outcome = store.record_batch(
            SourceBatch(
                source="log",
                start=positions.rows[0] if positions.rows else None,
                generation=positions.generation,
                state=b'{"next":%d}' % (first + count),
                requests=requests(first, count),
            )
        )
        assert outcome.recorded == count, outcome

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

    def _undo(self) -> None:
        store = self._open_store
        for backup in store.list_backups():
            if backup.undone_at is None:
                store.restore(backup.name)
                return
