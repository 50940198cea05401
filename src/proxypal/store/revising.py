"""Changing a request that was counted: totals move by new minus old. In the caller's transaction.

Only requests of the join window can change; what the window remembers is what was counted. Must
not enter: which source knows better than another.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

from proxypal.errors import WrongUsage
from proxypal.records.counters import Counters, counters_of
from proxypal.records.incoming import admit
from proxypal.records.request import RequestLog, decode_request
from proxypal.store import joining
from proxypal.store.cells import add_cells
from proxypal.store.recording import Recording, keep_rows, series_key_of, trim_history
from proxypal.store.series import SeriesKey, series_key
from proxypal.store.state import Change
from proxypal.store.totals import EMPTY, add_sums, is_exact, let_old_hours_go, sums_of

Cell = tuple[int, int]


def revise(
    change: Change, recording: Recording, request_id: str, changes: Mapping[str, Any]
) -> bool:
    """See `RequestStore.revise`."""
    connection, _, state, series, now_ms = change
    recording.known.follow(connection, state.sequence, state.settings.join_window_requests)
    found = _find(connection, recording.known, request_id)
    if found is None:
        return False
    batch, place = found
    facts = batch.requests[place]
    names = series_key(connection, facts.series)
    old = joining.counted_request(facts, names)
    new, changes = _revised(old, changes, now_ms)
    if batch.epoch in state.live_epochs:
        key = series_key_of(new)
        number, capped = series.admit(connection, [key], state.settings.label_cap)[key]
        cell = (recording.hours(new.timestamp), number)
        _move(connection, (facts.hour, facts.series), names, counters_of(old), sign=-1)
        _move(connection, cell, capped, counters_of(new), sign=1)
        _drop_emptied(connection, (facts.hour, facts.series), names)
        if not is_exact(connection):
            raise WrongUsage("A request cannot be changed so: a total would go beyond 2^53 - 1.")
        let_old_hours_go(connection)
        state.created_at = min(state.created_at, new.timestamp)
        batch.requests[place] = joining.open_request(
            new, facts.arrival, facts.id_hash, facts.digest, cell
        )
        joining.rewrite_batch(connection, batch)
    # Otherwise its numbers are put aside with a reset: an undo brings them back as they were.
    _revise_row(change, facts.timestamp, facts.arrival, changes)
    return True


def _find(
    connection: sqlite3.Connection, known: joining.KnownIds, request_id: str
) -> tuple[joining.Batch, int] | None:
    """The batch of the newest request with this id, and its place in it."""
    by_id = known.find(joining.hash64(request_id))
    arrival = joining.own_arrival(request_id) if by_id is None else by_id[0]
    batch = None if arrival is None else joining.read_batch(connection, arrival)
    if batch is None:
        return None
    for place, facts in enumerate(batch.requests):
        # One that came with an id of its own is not meant by the id the store would have given.
        if facts.arrival == arrival and (by_id is not None or not facts.id_hash):
            return batch, place
    return None


def _revised(
    old: RequestLog, changes: Mapping[str, Any], now_ms: int
) -> tuple[RequestLog, dict[str, Any]]:
    """The request as it is counted now, and the changes as they were admitted.

    Raises:
        WrongUsage: no such field, or a value that cannot be counted.
    """
    if "id" in changes:
        raise WrongUsage("A request cannot be changed so: its id is what it is known by.")
    try:
        claimed = msgspec.structs.replace(old, **changes)
    except TypeError as error:
        raise WrongUsage(f"A request cannot be changed so: {error}.") from error
    admitted = admit(claimed, now_ms)
    if isinstance(admitted, str):
        raise WrongUsage(f"A request cannot be changed so: {admitted}.")
    settled = {name: getattr(admitted, name) for name in changes}
    if admitted.timestamp_claimed is not None:
        settled["timestamp_claimed"] = admitted.timestamp_claimed
    return msgspec.structs.replace(old, **settled), settled


def _move(
    connection: sqlite3.Connection, cell: Cell, names: SeriesKey, counters: Counters, *, sign: int
) -> None:
    cells = {cell: counters}
    add_cells(connection, cells, sign)
    add_sums(connection, sums_of(cells, {cell[1]: names}), sign)


def _drop_emptied(connection: sqlite3.Connection, cell: Cell, names: SeriesKey) -> None:
    """A name or an hour that nothing is counted under any more is not listed."""
    labels = sums_of({cell: Counters()}, {cell[1]: names})
    connection.executemany(
        f"DELETE FROM sums WHERE scope = ? AND label = ? AND {EMPTY}", list(labels)
    )


def _revise_row(change: Change, timestamp: int, arrival: int, changes: Mapping[str, Any]) -> None:
    connection = change.connection
    if "timestamp" in changes:
        # A row that others have pushed out does not come back by changing its time, or another's.
        trim_history(connection, change.state.settings.history_limit)
    row = connection.execute(
        "SELECT timestamp, body FROM requests WHERE timestamp = ? AND arrival = ?",
        (timestamp, arrival),
    ).fetchone()
    if row is None:
        # Revised while it was cleared, or its numbers were put aside: it stands elsewhere.
        row = connection.execute(
            "SELECT timestamp, body FROM requests WHERE arrival = ?", (arrival,)
        ).fetchone()
    if row is None:
        return
    revised = msgspec.structs.replace(decode_request(row[1]), **changes)
    connection.execute(
        "DELETE FROM requests WHERE timestamp = ? AND arrival = ?", (row[0], arrival)
    )
    keep_rows(connection, [(arrival, revised)])
