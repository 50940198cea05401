"""The store beside its model, with months dropped and brought back, and several files lost."""

from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from builders import HOUR_MS, ZONE, wall_clock
from proxypal.clock import offset_of
from proxypal.errors import AlreadyUndone, WrongUsage
from proxypal.records.request import RequestLog
from proxypal.records.usage_answer import Answer
from proxypal.records.usage_query import Query, QueryWords, parse_query
from store_model import any_one
from test_model import StoreBesideModel, examples

MONTHS = ("2025-12", "2025-12", "2025-12", "2026-01")

LOSSES = (
    ("breakdown", "history.json"),
    ("breakdown", "aggregate.json"),
    ("breakdown", "aggregate.json", "history.json"),
    ("breakdown/2025-12.json",),
    ("proxypal.db", "breakdown"),
    ("proxypal.db", "breakdown/2025-12.json"),
)


class Drop(NamedTuple):
    """What lost its names when a month was dropped, and which totals it belongs to."""

    month: str
    epochs: set[int]
    arrivals: set[int]


def month_of(request: RequestLog) -> str:
    """`2026-01`."""
    return wall_clock(request.timestamp).strftime("%Y-%m")


class StoreWithMonths(StoreBesideModel):
    """Whatever happens to months, totals stay; names are there or said not to be."""

    def __init__(self) -> None:
        """Nothing is dropped."""
        super().__init__()
        self.drops: dict[str, Drop] = {}
        self.settled = 0  # arrivals up to this one can change no more

    @rule()
    def later(self) -> None:
        """Hours pass: nothing of before can be revised or recognised any more."""
        self.clock.now_ms += 3 * HOUR_MS
        self.open.clear()
        self.pushed.clear()
        self.settled = self.model.arrivals

    @rule(month=st.sampled_from(MONTHS), is_settled=st.booleans())
    def drop(self, month: str, *, is_settled: bool) -> None:
        """Drop a month; refused as long as something of it can still change."""
        self.clock.now_ms += 1
        if is_settled:
            self.later()
        counted = {
            arrival
            for arrival, (epoch, request) in self.model.counted.items()
            if epoch in self.model.live and month_of(request) == month
        }
        named = counted - self.nameless
        is_now = month == month_of(RequestLog(timestamp=self.clock(), status=0))
        is_open = any(arrival > self.settled for arrival in counted)
        try:
            backup = self.store.drop_breakdown([month])
        except WrongUsage:
            may_be_refused = is_now or is_open or not named or not self.has_cells
            assert may_be_refused, month
            return
        assert not is_now
        assert not named & {arrival for arrival, _ in self.open}
        self.drops[backup.name] = Drop(month, set(self.model.live), named)
        self.nameless |= named
        self.clock.now_ms += 1

    @precondition(lambda self: self.drops)
    @rule(which=any_one)
    def bring_back(self, which: int) -> None:
        """Undo a drop, once, and not while the totals it belongs to are put aside."""
        name = list(self.drops)[which % len(self.drops)]
        drop = self.drops[name]
        if name in self.undone:
            with pytest.raises(AlreadyUndone, match=name):
                self.store.restore(name)
        elif drop.epochs <= self.model.live:
            self.store.restore(name)
            self.undone.add(name)
            self.nameless -= drop.arrivals
        else:
            with pytest.raises(WrongUsage, match="reset"):
                self.store.restore(name)

    def show_without_undone(self, rows: dict[int, RequestLog]) -> None:
        """As there; drops have no rows."""
        undone, self.undone = self.undone, self.undone - self.drops.keys()
        super().show_without_undone(rows)
        self.undone = undone

    @rule(lost=st.sampled_from(LOSSES))
    def lose_several(self, lost: tuple[str, ...]) -> None:
        """Lose several files at once; without cells it is said what is not known any more."""
        self.close_both()
        before = {path.name for path in self.directory.glob("breakdown/*.json")}
        for name in lost:
            self.lose(name)
        after = {path.name for path in self.directory.glob("breakdown/*.json")}
        if "proxypal.db" in lost and before != after:
            self.has_cells = False
        self.open_both()
        assert not self.stores[1].warnings
        if before != after:
            assert self.stores[0].warnings

    @invariant()
    def queries_add_up_and_say_what_they_cannot_know(self) -> None:
        """By any name rows add up to the totals; what has no name is unknown, and told."""
        if not self.stores:
            return
        numbers = self.model.numbers()
        requests = numbers["total", "", "requests"]
        for by in ("model", "month"):
            answer = self.ask(by)
            assert answer.total.requests == requests
            assert sum(row.requests or 0 for row in answer.rows) == requests
            assert answer.total.cost_usd == numbers["total", "", "cost"]
        answer = self.ask("model")
        named = Counter({row.labels[0]: row.requests for row in answer.rows if row.requests})
        told = sum(note.requests for note in answer.notes if note.kind == "noNames")
        expected: Counter[str] = Counter()
        nameless = requests
        for arrival, (epoch, request) in self.model.counted.items():
            if epoch in self.model.live and arrival not in self.nameless:
                expected[request.model or "unknown"] += 1
                nameless -= 1
        if self.has_cells:
            expected["unknown"] += nameless
            assert named == +expected
            assert told == nameless
            assert answer.exact == (nameless == 0)
        else:
            assert told >= nameless

    def ask(self, by: str) -> Answer:
        """All that was ever counted, by something."""
        query = parse_query(QueryWords(by=[by]), self.clock(), offset_of(ZONE.key))
        assert isinstance(query, Query), query
        return self.store.query(query)


def test_months_come_and_go_as_in_the_model() -> None:
    """Dropped, undone, lost and rebuilt in any order, months never change a total."""
    run_state_machine_as_test(StoreWithMonths, settings=examples(30, 30))
