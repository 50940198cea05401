"""Re-price: costs of requests that were counted, and undoing it to the last digit.

What a price can be given to is read in one snapshot; what was decided is looked at again in the
transaction that changes it, and only what still is as it was is changed. The backup holds the
differences. Must not enter: prices, and what may be priced (`records.repricing_plan`).
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from proxypal.records.counters import COUNTER_FIELDS, Counters, counters_of
from proxypal.records.imported import Names
from proxypal.records.labels import LocalHours
from proxypal.records.repriced import (
    CountedCell,
    CountedRequest,
    Priceable,
    PricedCell,
    PricedRequest,
    Repricing,
)
from proxypal.records.request import RequestLog, decode_request
from proxypal.store import actions, backups, import_ledger, joining, recosting
from proxypal.store.cells import Cells, add_cells, read_cells
from proxypal.store.months import dropped_months, month_of, note_days
from proxypal.store.payloads import read_payloads
from proxypal.store.recording import series_key_of
from proxypal.store.series import KINDS, OTHER, all_series
from proxypal.store.state import Change, write_state
from proxypal.store.totals import Sums, add_sums, counter_values, read_sums, sums_of
from proxypal.store.values import Backup

_MARKS = ", ".join("?" * (2 + len(COUNTER_FIELDS)))


def read_priceable(change: Change, hours: LocalHours) -> Priceable:
    """Everything in the totals that has tokens and could be given a price."""
    connection = change.connection
    names = all_series(connection)
    cells: Cells = {}
    for hour, series, counters in read_cells(connection):
        cells.setdefault((hour, series), Counters()).add(counters)
    dropped = dropped_months(connection)
    requests: list[CountedRequest] = []
    for arrival, request, hour, key in _known_requests(change, hours):
        number = names.number_of(key)
        sums = None if number is None else cells.get((hour, number))
        counted = counters_of(request)
        in_cell = sums is not None and _holds(sums, counted)
        if sums is not None and in_cell:
            sums.add(counted, sign=-1)
        # The cell of a dropped month comes back as it was put aside: its costs must be the same.
        is_aside = not in_cell and month_of(hour // 24) in dropped
        if (request.tokens_in or request.tokens_out) and not is_aside:
            requests.append(
                CountedRequest(
                    arrival=arrival,
                    request=request,
                    hour=hour,
                    names=key,
                    in_cell=in_cell,
                    payloads=read_payloads(connection, arrival),
                )
            )
    return Priceable(
        requests=requests,
        cells=[
            CountedCell(hour=hour, names=names[series], sums=sums)
            for (hour, series), sums in sorted(cells.items())
            if sums.unpriced > 0
        ],
        unpriced={
            label: sums.unpriced
            for (scope, label), sums in read_sums(connection).items()
            if scope == "model" and sums.unpriced > 0
        },
    )


def _known_requests(
    change: Change, hours: LocalHours
) -> Iterable[tuple[int, RequestLog, int, Names]]:
    """(arrival, what was counted, local hour, names) of each request that is in the totals."""
    connection, _, state, _, _ = change
    names = all_series(connection)
    in_window: set[int] = set()
    for batch in recosting.open_batches(connection):
        in_window.update(facts.arrival for facts in batch.requests)
        if batch.epoch in state.live_epochs:
            for facts in batch.requests:
                key = names[facts.series]
                yield facts.arrival, joining.counted_request(facts, key), facts.hour, key
    labels = set(connection.execute("SELECT kind, label FROM labels"))
    rows = connection.execute(
        "SELECT arrival, body FROM requests WHERE arrival > ? ORDER BY arrival",
        (state.reset_sequence,),
    ).fetchall()
    for arrival, body in rows:
        if arrival not in in_window:
            request = decode_request(body)
            yield arrival, request, hours(request.timestamp), _capped(request, labels)


def _capped(request: RequestLog, labels: set[tuple[str, str]]) -> Names:
    """The names a request counts under: `other` for those beyond the cap."""
    key = series_key_of(request)
    kept = [
        name if not name or (kind, name) in labels else OTHER
        for kind, name in zip(KINDS, key, strict=True)
    ]
    return (kept[0], kept[1], kept[2], kept[3], kept[4])


def _holds(sums: Counters, part: Counters) -> bool:
    """Whether `part` can be in `sums`."""
    return sums.cost_usd >= part.cost_usd and all(
        getattr(sums, name) >= getattr(part, name)
        for name in ("requests", "unpriced", "tokens_in", "tokens_out")
    )


class _Difference(NamedTuple):
    """What a re-pricing adds, and the costs of single requests."""

    sums: Sums
    cells: dict[tuple[int, Names], Counters]
    costs: recosting.Costs
    priced: int


def reprice(change: Change, hours: LocalHours, repricing: Repricing, note: str) -> Backup | None:
    """Change what still is as it was when the plan was made; None if nothing is.

    Raises:
        StorageFull, CannotWrite: no backup could be made; nothing was changed.
    """
    connection, data_directory, state, _, now_ms = change
    difference = _difference(change, hours, repricing)
    if not difference.priced:
        return None
    backup = Backup(
        name=actions.backup_name(data_directory, "reprice", now_ms),
        kind="reprice",
        created_at=now_ms,
        requests=difference.priced,
        rows=len(difference.costs),
        note=note,
    )
    backups.put_aside(data_directory, backup, lambda delta: _fill(delta, change, difference))
    add_sums(connection, difference.sums)
    _add_to_cells(change, difference)
    recosting.set_costs(connection, difference.costs)
    actions.log_action(connection, state, backup, [state.epoch])
    write_state(connection, state)
    return backup


def _difference(change: Change, hours: LocalHours, repricing: Repricing) -> _Difference:
    now = read_priceable(change, hours)
    rows = {known.arrival: known for known in now.requests}
    cells = {(cell.hour, cell.names): cell.sums for cell in now.cells}
    left = read_sums(change.connection)
    found = _Difference({}, {}, {}, 0)
    priced = 0
    for request in repricing.requests:
        known = rows.get(request.arrival)
        if known is None or not _is_as_planned(known, request):
            continue
        if _add(found, left, request, counted=counters_of(known.request)):
            priced += 1
            found.costs[request.arrival] = (request.before, request.after)
            if known.in_cell:
                _cell(found, request).add(request.added)
    for cell in repricing.cells:
        sums = cells.get((cell.hour, cell.names))
        if sums is None or not _holds(sums, cell.sums) or sums.cost_usd:
            continue
        if _add(found, left, cell, counted=cell.sums):
            priced += cell.sums.unpriced
            _cell(found, cell).add(cell.added)
    return found._replace(priced=priced)


def _is_as_planned(known: CountedRequest, planned: PricedRequest) -> bool:
    return (known.request.cost_usd, known.hour, known.names) == (
        planned.before,
        planned.hour,
        planned.names,
    )


def _add(
    found: _Difference, left: Sums, priced: PricedRequest | PricedCell, *, counted: Counters
) -> bool:
    """Add to every total that holds the request; False if one of them does not.

    Totals of old files may not say of a request that it has no price, or hold another cost.
    """
    keys = sums_of({(priced.hour, 0): priced.added}, {0: priced.names}).keys()
    kept = [key for key in keys if key[0] != "hour" or key in left]  # old hours were let go
    if any(key not in left or not _can_lose(left[key], counted) for key in kept):
        return False
    for key in kept:
        left[key].add(priced.added)
        found.sums.setdefault(key, Counters()).add(priced.added)
    return True


def _can_lose(sums: Counters, counted: Counters) -> bool:
    return sums.unpriced >= counted.unpriced and sums.cost_usd >= counted.cost_usd


def _cell(found: _Difference, priced: PricedRequest | PricedCell) -> Counters:
    return found.cells.setdefault((priced.hour, priced.names), Counters())


def _fill(delta: sqlite3.Connection, change: Change, difference: _Difference) -> None:
    state = change.state
    delta.execute(
        "INSERT INTO about (created_at, created_after) VALUES (?, ?)",
        (state.created_at, state.created_at),
    )
    delta.executemany(
        f"INSERT INTO sums VALUES ({_MARKS})",
        [(*key, *counter_values(counters)) for key, counters in difference.sums.items()],
    )
    import_ledger.put_aside(delta, import_ledger.Breakdown(difference.cells, {}, {}))
    recosting.put_costs_aside(delta, difference.costs)


def _add_to_cells(change: Change, difference: _Difference) -> None:
    keys = dict.fromkeys(names for _, names in difference.cells)
    cap = change.state.settings.label_cap
    numbered = change.series.admit(change.connection, keys, cap)
    note_days(change.state, {hour // 24 for hour, _ in difference.cells})
    add_cells(
        change.connection,
        {
            (hour, numbered[names][0]): counters
            for (hour, names), counters in difference.cells.items()
        },
    )
