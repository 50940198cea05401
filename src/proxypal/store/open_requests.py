"""The open requests one transaction looks at and changes: totals move by new minus old.

Only requests of the join window can change; what the window remembers is what was counted.
Changes are gathered and written once, by `finish`. Must not enter: which source knows better.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from proxypal.records.counters import Counters, counters_of
from proxypal.records.joining_rule import Mark
from proxypal.records.request import RequestLog, decode_request
from proxypal.store import durations, joining
from proxypal.store.cells import add_cells
from proxypal.store.lost_cells import LostCells
from proxypal.store.months import note_days
from proxypal.store.recording import Recording, keep_rows, series_key_of, trim_history, value_of
from proxypal.store.series import SeriesKey, series_key
from proxypal.store.state import Change
from proxypal.store.totals import EMPTY, add_sums, is_exact, let_old_hours_go, sums_of

Cell = tuple[int, int]

_LOOKED_AT = 64
"""Of the requests with one hash: turns of a socket, or requests the proxy gave no id."""


class Found(NamedTuple):
    """A request of the window: its batch, and its place in it."""

    batch: joining.Batch
    place: int

    @property
    def facts(self) -> joining.OpenRequest:
        """What is remembered of it now."""
        return self.batch.requests[self.place]


class OpenRequests:
    """See the module's docstring. One per transaction."""

    def __init__(self, change: Change, recording: Recording) -> None:
        self._change = change
        self._recording = recording
        self._connection = change.connection
        self._found: dict[int, Found] = {}
        self._changed: dict[int, joining.Batch] = {}
        self._names: dict[int, SeriesKey] = {}
        self._moved: dict[Cell, Counters] = {}
        self._left: set[Cell] = set()
        self._took: list[tuple[durations.Value, durations.Value]] = []
        self._in_history: dict[int, int] | None = None

    def find(self, arrival: int) -> Found | None:
        """The request that was given this number, if the window still has it."""
        found = self._found.get(arrival)
        if found is None and (batch := joining.read_batch(self._connection, arrival)):
            for place, facts in enumerate(batch.requests):
                self._found[facts.arrival] = Found(batch, place)
            found = self._found.get(arrival)
        return found

    def meeting(self, request_hash: int) -> list[Found]:
        """The requests of the window that facts with this hash may belong to, oldest first."""
        arrivals = self._recording.known.meeting(request_hash)[-_LOOKED_AT:]
        return [found for arrival in arrivals if (found := self.find(arrival)) is not None]

    def counted(self, found: Found) -> RequestLog:
        """A request with what was counted of it, and nothing else."""
        return joining.counted_request(found.facts, self._names_of(found.facts.series))

    def known(self, found: Found) -> RequestLog:
        """What further facts add to: as it was counted; of one put aside with a reset, its row.

        What is counted of that one stays as it was, but its row shows all that came since.
        """
        if found.batch.epoch not in self._change.state.live_epochs:
            row = self._row_of(found.facts.arrival)
            if row is not None:
                return row
        return self.counted(found)

    def is_in_history(self, found: Found) -> bool:
        """Whether a request still has a row."""
        return found.facts.arrival in self._rows

    def _names_of(self, number: int) -> SeriesKey:
        names = self._names.get(number)
        if names is None:
            names = self._names[number] = series_key(self._connection, number)
        return names

    def remark(self, found: Found, mark: Mark) -> None:
        """Change only what joining needs to know."""
        found.batch.requests[found.place] = msgspec.structs.replace(found.facts, mark=mark)
        self._changed[found.batch.first] = found.batch

    def change(self, found: Found, changes: Mapping[str, Any], mark: Mark) -> RequestLog:
        """Change fields of a request, in the totals, the window and its row.

        The numbers of one that was put aside with a reset stay: an undo brings them back as they
        were.
        """
        facts, state = found.facts, self._change.state
        old = self.counted(found)
        new = msgspec.structs.replace(old, **changes)
        if found.batch.epoch in state.live_epochs:
            key = series_key_of(new)
            cap = state.settings.label_cap
            number, capped = self._change.series.admit(self._connection, [key], cap)[key]
            self._names[number] = capped
            # A label that was given stays, in whatever zone we are now.
            has_moved = new.timestamp != old.timestamp
            cell = (self._recording.hours(new.timestamp) if has_moved else facts.hour, number)
            self.move((facts.hour, facts.series), counters_of(old), sign=-1)
            self.move(cell, counters_of(new))
            before = value_of(old, facts.hour, self._names_of(facts.series))
            self._took.append((before, value_of(new, cell[0], capped)))
            state.created_at = min(state.created_at, new.timestamp)
            found.batch.requests[found.place] = joining.recounted(facts, new, cell, mark)
            self._changed[found.batch.first] = found.batch
        else:
            self.remark(found, mark)
        self._change_row(facts, changes)
        return new

    def add(self, request: RequestLog, counters: Counters) -> None:
        """Count something more under the names of `request`, which itself is not counted."""
        key = series_key_of(request)
        cap = self._change.state.settings.label_cap
        number, capped = self._change.series.admit(self._connection, [key], cap)[key]
        self._names[number] = capped
        self.move((self._recording.hours(request.timestamp), number), counters)

    def move(self, cell: Cell, counters: Counters, *, sign: int = 1) -> None:
        """Add to a cell and all its totals, or take off."""
        self._moved.setdefault(cell, Counters()).add(counters, sign)
        if sign < 0:
            self._left.add(cell)

    def finish(self) -> bool:
        """Write everything; whether all totals are still exact numbers."""
        for batch in self._changed.values():
            joining.rewrite_batch(self._connection, batch)
        self._change_durations()
        moved = {cell: counters for cell, counters in self._moved.items() if counters}
        if not moved:
            return True
        note_days(self._change.state, {hour // 24 for hour, _ in moved})
        add_cells(self._connection, LostCells(self._connection, self._change.state).of_hours(moved))
        names = {series: self._names_of(series) for _, series in moved}
        add_sums(self._connection, sums_of(moved, names))
        self._drop_emptied()
        let_old_hours_go(self._connection)
        return is_exact(self._connection)

    def _change_durations(self) -> None:
        connection, number = self._connection, self._change.state.sequence + 1
        for before, after in self._took:
            if before != after:
                note_days(self._change.state, {before[0], after[0]})
                durations.take_off(connection, number, before)
                durations.add_values(connection, number, [after])

    def _drop_emptied(self) -> None:
        """A name or an hour that nothing is counted under any more is not listed."""
        cells = {cell: Counters() for cell in self._left}
        labels = sums_of(cells, {series: self._names_of(series) for _, series in cells})
        self._connection.executemany(
            f"DELETE FROM sums WHERE scope = ? AND label = ? AND {EMPTY}", list(labels)
        )

    @property
    def _rows(self) -> dict[int, int]:
        """Of each row of history its time, by arrival."""
        if self._in_history is None:
            # A row that others have pushed out must not come back by changing its time.
            trim_history(self._connection, self._change.state.settings.history_limit)
            rows = self._connection.execute("SELECT arrival, timestamp FROM requests")
            self._in_history = dict(rows.fetchall())
        return self._in_history

    def _row_of(self, arrival: int) -> RequestLog | None:
        timestamp = self._rows.get(arrival)
        if timestamp is None:
            return None
        row = self._connection.execute(
            "SELECT body FROM requests WHERE timestamp = ? AND arrival = ?", (timestamp, arrival)
        ).fetchone()
        return decode_request(row[0])

    def _change_row(self, facts: joining.OpenRequest, changes: Mapping[str, Any]) -> None:
        row = self._row_of(facts.arrival)
        if row is None:
            return
        revised = msgspec.structs.replace(row, **changes)
        self._connection.execute(
            "DELETE FROM requests WHERE timestamp = ? AND arrival = ?",
            (row.timestamp, facts.arrival),
        )
        keep_rows(self._connection, [(facts.arrival, revised)])
        self._rows[facts.arrival] = revised.timestamp
