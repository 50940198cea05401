"""Costs of single requests, changed and put back: the rows of history, and the join window.

Must not enter: totals (`repricing.py`), and what a request costs.
"""

import sqlite3
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from decimal import Decimal

import msgspec

from proxypal.records.counters import EXACT
from proxypal.records.request import RequestLog, decode_request
from proxypal.store import joining
from proxypal.store.recording import keep_rows

_CREATE = "CREATE TABLE repriced (arrival INTEGER PRIMARY KEY, before TEXT, after TEXT)"

Costs = dict[int, tuple[Decimal | None, Decimal | None]]
"""By arrival: the cost a request must have to be changed, and the one it gets."""

Recost = Callable[[int, Decimal | None], Decimal | None]
"""A request's arrival and cost to the cost it is to have."""


def open_batches(connection: sqlite3.Connection) -> Iterator[joining.Batch]:
    """Every batch of the join window, oldest first."""
    firsts = connection.execute("SELECT first FROM join_window ORDER BY first").fetchall()
    for (first,) in firsts:
        batch = joining.read_batch(connection, first)
        if batch is not None:
            yield batch


def put_costs_aside(delta: sqlite3.Connection, costs: Costs) -> None:
    """Write costs into a backup's `delta.db`."""
    delta.execute(_CREATE)
    delta.executemany(
        "INSERT INTO repriced VALUES (?, ?, ?)",
        [(arrival, _text(old), _text(new)) for arrival, (old, new) in costs.items()],
    )


def set_costs(connection: sqlite3.Connection, costs: Costs) -> None:
    """Give requests of history and of the join window another cost, where they have the first."""

    def recost(arrival: int, cost: Decimal | None) -> Decimal | None:
        old, new = costs[arrival]
        return new if cost == old else cost

    _recost(connection, costs.keys(), recost)


def put_costs_back(connection: sqlite3.Connection, delta: sqlite3.Connection) -> None:
    """Take off each cost what the re-pricing added, also where it has changed since."""
    costs = _costs_in(delta)

    def recost(arrival: int, cost: Decimal | None) -> Decimal | None:
        before, after = costs[arrival]
        if before is None or after is None or cost is None:
            return None
        return EXACT.add(cost, EXACT.subtract(before, after))

    _recost(connection, costs.keys(), recost)


def settle_costs(
    connection: sqlite3.Connection, delta: sqlite3.Connection, *, undone: bool
) -> None:
    """Give rows that come back from a backup the costs they have in the totals now."""
    costs = _costs_in(delta)
    if undone:
        costs = {arrival: (after, before) for arrival, (before, after) in costs.items()}
    set_costs(connection, costs)


def _recost(connection: sqlite3.Connection, arrivals: AbstractSet[int], recost: Recost) -> None:
    changed: list[tuple[int, RequestLog]] = []
    for arrival, body in connection.execute("SELECT arrival, body FROM requests").fetchall():
        if arrival in arrivals:
            request = decode_request(body)
            cost = recost(arrival, request.cost_usd)
            if cost != request.cost_usd:
                changed.append((arrival, msgspec.structs.replace(request, cost_usd=cost)))
    keep_rows(connection, changed)
    for batch in open_batches(connection):
        is_changed = False
        for place, facts in enumerate(batch.requests):
            if facts.arrival in arrivals:
                cost = recost(facts.arrival, facts.cost_usd)
                is_changed = is_changed or cost != facts.cost_usd
                batch.requests[place] = msgspec.structs.replace(facts, cost_usd=cost)
        if is_changed:
            joining.rewrite_batch(connection, batch)


def _costs_in(delta: sqlite3.Connection) -> Costs:
    rows = delta.execute("SELECT arrival, before, after FROM repriced").fetchall()
    return {arrival: (_money(before), _money(after)) for arrival, before, after in rows}


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
