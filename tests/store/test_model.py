"""The store against a model of forty lines: whatever is done to it, in whatever order."""

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from builders import ZONE, SetClock, facts_of
from proxypal.errors import AlreadyUndone
from proxypal.records.aggregate import Aggregate
from proxypal.records.incoming import admit
from proxypal.records.request import RequestLog
from proxypal.store import Store
from proxypal.store.values import SourceBatch, StoredPosition
from store_model import (
    Import,
    Model,
    Numbers,
    any_one,
    batches,
    numbers_of,
    numbers_shown,
    pushed,
    revisions,
    without_own_id,
)

FILES = ("history.json", "aggregate.json", "proxypal.db", "breakdown")


class StoreBesideModel(RuleBasedStateMachine):
    """Two open stores on one directory, and the model they must equal."""

    def __init__(self) -> None:
        """Make the directory."""
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="proxypal-model-"))
        self.clock = SetClock()
        self.stores: list[Store] = []
        self.turn = 0
        self.has_cells = True
        self.nameless: set[int] = set()  # arrivals whose month was dropped
        self.open: list[tuple[int, str]] = []  # arrival and id of what can be revised
        self.pushed: list[RequestLog] = []  # with an id: a repetition is known
        self.positions: list[StoredPosition] = []  # stale ones
        self.asides: dict[str, dict[int, RequestLog] | set[int] | Import] = {}
        self.undone: set[str] = set()
        self.imported: dict[str, str] = {}  # fingerprint and backup

    @initialize(limit=st.integers(1, 12))
    def begin(self, limit: int) -> None:
        """A fresh store with a small history."""
        self.model = Model(limit)
        self.open_both(history_limit=limit, zone=ZONE.key)

    def open_both(self, **options: Any) -> None:
        """Open the directory twice."""
        self.stores = [
            Store(self.directory, clock=self.clock, **options),
            Store(self.directory, clock=self.clock),
        ]

    @property
    def store(self) -> Store:
        """One of the two, taking turns."""
        self.turn += 1
        return self.stores[self.turn % 2]

    def admitted(self, request: RequestLog) -> RequestLog:
        """As it will be counted."""
        verdict = admit(request, self.clock())
        assert isinstance(verdict, RequestLog), verdict
        return verdict

    # -- recording

    @rule(batch=batches, repeated=st.lists(any_one, max_size=2))
    def record(self, batch: list[RequestLog], repeated: list[int]) -> None:
        """Push new requests, repetitions, and other requests under an old id."""
        for which in repeated:
            if self.pushed:
                again = self.pushed[which % len(self.pushed)]
                is_other = which % 3 == 0
                batch.append(msgspec.structs.replace(again, status=418) if is_other else again)
        outcome = self.store.record(batch)
        expected: list[int] = []
        for place, request in enumerate(batch):
            if request.id and request in self.pushed:
                expected.append(place)
                continue
            arrival = self.model.add(self.admitted(request))
            if request.id:
                self.pushed.append(request)
                self.open = [known for known in self.open if known[1] != request.id]
            self.open.append((arrival, request.id))
        assert list(outcome.duplicates) == expected
        assert outcome.recorded == len(batch) - len(expected)
        assert not outcome.rejected
        assert not outcome.held

    @rule(batch=st.lists(pushed, max_size=4), stale=st.none() | any_one)
    def read_a_log(self, batch: list[RequestLog], stale: int | None) -> None:
        """Record what a log says, from where the store stands or from an older position."""
        requests = [
            self.admitted(msgspec.structs.replace(request, id="", source="main.log"))
            for request in batch
        ]
        stored = self.store.positions()
        rows = [row for row in stored.rows if row.source == "main.log"]
        start = rows[-1] if rows else None
        if stale is not None and self.positions:
            start = self.positions[stale % len(self.positions)]
        outcome = self.store.record_batch(
            SourceBatch(
                source="main.log",
                start=start,
                generation=stored.generation,
                state=b'{"offset":%d}' % self.turn,
                requests=requests,
            )
        )
        is_stale = start is not None and start != rows[-1]
        assert (outcome.position is None) == is_stale
        if is_stale:
            assert outcome.recorded == 0
            return
        if start is not None:
            self.positions.append(start)
        assert outcome.recorded == len(requests)
        for request in requests:
            arrival = self.model.add(request)
            if request.request_id and request.timestamp >= self.clock() - 2 * 3_600_000:
                self.open.append((arrival, ""))

    @precondition(lambda self: self.open)
    @rule(which=any_one, changes=revisions)
    def revise(self, which: int, changes: dict[str, Any]) -> None:
        """Change what is known of a request, in the history or not."""
        arrival, name = self.open[which % len(self.open)]
        if not name:
            if arrival not in self.model.rows:
                return  # the id the store gave it can only be read in the history
            place = list(self.model.rows).index(arrival)
            name = self.store.get_request_history().requests[place].id
        assert self.store.revise(name, changes)
        self.model.revise(arrival, changes)

    @rule()
    def revise_what_nobody_knows(self) -> None:
        """An id that never was."""
        assert not self.store.revise("nobody", {"tokens_in": 7})

    # -- clear, reset, import, undo

    @rule()
    def clear(self) -> None:
        """Clear History."""
        backup = self.store.clear_request_history()
        assert (backup is None) == (not self.model.rows)
        if backup is not None:
            assert backup.rows == len(self.model.rows)
            self.asides[backup.name] = self.model.rows
            self.model.show({})

    @rule()
    def reset(self) -> None:
        """Reset Analytics."""
        backup = self.store.reset_aggregate_stats()
        self.asides[backup.name] = self.model.reset()

    @rule(batch=batches, older=batches, fingerprint=st.sampled_from("abc"))
    def import_facts(
        self, batch: list[RequestLog], older: list[RequestLog], fingerprint: str
    ) -> None:
        """Import an old file; some of its requests are only in its totals."""
        rows = [self.admitted(request) for request in batch]
        counted = [*rows, *(self.admitted(request) for request in older)]
        facts = msgspec.structs.replace(facts_of(counted, zone=ZONE), requests=rows)
        backup = self.store.import_facts(facts, fingerprint=fingerprint, note="old")
        assert (backup is None) == (fingerprint in self.imported)
        if backup is None:
            return
        self.imported[fingerprint] = backup.name
        numbers: Numbers = Counter()
        for request in counted:
            numbers.update(numbers_of(request))
        self.model.epochs[-1].update(numbers)
        arrivals = {self.model.add(request, count=False) for request in rows}
        self.asides[backup.name] = Import(len(self.model.epochs) - 1, numbers, arrivals)

    @precondition(lambda self: self.asides)
    @rule(which=any_one)
    def restore(self, which: int) -> None:
        """Undo any earlier Clear, Reset or Import; a second time it says so."""
        name = list(self.asides)[which % len(self.asides)]
        aside = self.asides[name]
        if name in self.undone:
            with pytest.raises(AlreadyUndone, match=name):
                self.store.restore(name)
            return
        assert self.store.restore(name).name == name
        self.undone.add(name)
        if isinstance(aside, set):
            self.model.live |= aside
        elif isinstance(aside, Import):
            self.model.epochs[aside.epoch].subtract(aside.numbers)
            self.imported = {key: value for key, value in self.imported.items() if value != name}
            self.show_without_undone(self.model.rows)
        else:
            self.show_without_undone({**aside, **self.model.rows})

    def show_without_undone(self, rows: dict[int, RequestLog]) -> None:
        """Show these rows but those of imports that were undone."""
        gone: set[int] = set()
        for name in self.undone:
            aside = self.asides[name]
            gone |= aside.arrivals if isinstance(aside, Import) else set()
        self.model.show({key: row for key, row in rows.items() if key not in gone})

    # -- settings, closing, losing files

    @rule(limit=st.integers(1, 40))
    def change_the_limit(self, limit: int) -> None:
        """A smaller history lets rows go; a larger one does not bring them back."""
        self.store.configure(history_limit=limit)
        self.model.limit = limit
        self.model.show(self.model.rows)

    @rule(lost=st.sampled_from([None, *FILES]))
    def reopen(self, lost: str | None) -> None:
        """Close both stores, maybe lose a file, open them again."""
        self.close_both()
        known = [path.name for path in self.directory.glob("breakdown/*.json")]
        if lost is not None:
            self.lose(lost)
        self.open_both()
        told = len(self.stores[0].warnings)
        expected = len(known) if lost == "breakdown" else int(lost is not None)
        assert told == expected if lost is not None and self.model.arrivals else told <= 1
        assert not self.stores[1].warnings

    def lose(self, name: str) -> None:
        """A file or a folder."""
        path = self.directory / name
        if path.is_file():
            path.unlink()
        shutil.rmtree(path, ignore_errors=True)
        if name == "proxypal.db":
            self.forget_the_window()

    def forget_the_window(self) -> None:
        """What is not in the history cannot be revised any more."""
        self.open.clear()
        self.pushed.clear()

    def close_both(self) -> None:
        """Close the directory."""
        for store in self.stores:
            store.close()

    # -- the law

    @invariant()
    def the_numbers_are_those_of_the_model(self) -> None:
        """By total, day, hour, model and provider."""
        if self.stores:
            store = self.store
            shown = store.get_aggregate()
            assert numbers_shown(shown) == self.model.numbers()
            assert shown.total_requests == shown.total_success_count + shown.total_failure_count
            stats = store.get_usage_stats()
            assert stats.total_requests == shown.total_requests
            assert stats.history_count == len(self.model.rows)

    @invariant()
    def the_history_is_that_of_the_model(self) -> None:
        """In content and order."""
        if self.stores:
            shown = [without_own_id(r) for r in self.store.get_request_history().requests]
            assert shown == list(self.model.rows.values())

    @invariant()
    def any_range_is_answered_from_what_was_recorded(self) -> None:
        """By name from the hour cells; imports and dropped months are `unknown`."""
        if not self.stores:
            return
        rows = self.store.usage_by("model", 0, None)
        found = {row.label: row.sums.requests + row.sums.tokens_in for row in rows}
        days = self.store.usage_by("day", 0, None)
        assert sum(found.values()) == sum(d.sums.requests + d.sums.tokens_in for d in days)
        if self.has_cells:
            expected: Counter[str] = Counter()
            for arrival, (epoch, request) in self.model.counted.items():
                if epoch in self.model.live and arrival not in self.nameless:
                    expected[request.model] += 1 + (request.tokens_in or 0)
            for epoch, extra in self.model.beside:
                if epoch in self.model.live:
                    expected[extra.model] += extra.tokens_in or 0
            for names in (found, expected):
                names.pop("unknown", None)
            assert {label: sums for label, sums in found.items() if sums} == expected

    def teardown(self) -> None:
        """At the end nothing is off, and the files say the same."""
        try:
            if self.stores:
                assert [f for f in self.store.check() if not f.ok] == []
                self.close_both()
                published = (self.directory / "aggregate.json").read_bytes()
                aggregate = msgspec.json.decode(published, type=Aggregate)
                assert numbers_shown(aggregate) == self.model.numbers()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)


def examples(count: int, steps: int) -> settings:
    """So many series of so many actions."""
    return settings(
        max_examples=count,
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
    )


def test_the_store_is_its_model() -> None:
    """Totals, days, models and history are what the design says after any series of actions."""
    run_state_machine_as_test(StoreBesideModel, settings=examples(100, 30))
