"""Whether what an import was decided by still holds, in the transaction that adds it.

Here are also the questions themselves, as far as they are about keys, spans and days. Must not
enter: reading files, adding anything, rows of the history (`recognising.py`).
"""

import sqlite3
from collections import Counter

from proxypal.records.imported import Basis, ImportedFacts, Spans, cut_to, merged
from proxypal.records.joining_rule import LOG, SLACK_MS
from proxypal.records.labels import hour_of_label
from proxypal.records.natural_key import key_day, row_key
from proxypal.records.request import decode_request
from proxypal.store.day_keys import keys_of_day
from proxypal.store.state import Change

LOGS = f"{LOG} "
"""What the names of covering sources begin with that are logs."""

_AFTER_ALL = "\U0010ffff"


def log_spans(connection: sqlite3.Connection) -> Spans:
    """The spans that logs cover together, widened by what their whole seconds leave open."""
    rows = connection.execute(
        "SELECT from_ms, until_ms FROM covered WHERE source >= ? AND source < ?",
        (LOGS, LOGS + _AFTER_ALL),
    )
    return merged((first - SLACK_MS, last + SLACK_MS) for first, last in rows)


def day_totals(connection: sqlite3.Connection) -> dict[int, str]:
    """Local days (since 1970) that a day's total was imported for, and the backup of it."""
    rows = connection.execute(
        "SELECT day, max(origin) FROM day_keys WHERE kind = 'day' GROUP BY day"
    )
    return {int(day): str(origin) for day, origin in rows}


def is_free(connection: sqlite3.Connection, day: str) -> bool:
    """Whether a day (`YYYY-MM-DD`) can take a total.

    It has no request of its own, and no tokens but those of other totals.
    """
    row = connection.execute(
        "SELECT requests, tokens_in + tokens_out FROM sums WHERE scope = 'day' AND label = ?",
        (day,),
    ).fetchone()
    if row is None or row == (0, 0):
        return True
    return row[0] == 0 and hour_of_label(day) // 24 in day_totals(connection)


def still_holds(change: Change, facts: ImportedFacts) -> bool:
    """Whether what `facts` were made of is still so, in the transaction that adds them."""
    basis = facts.basis
    if basis is None:
        return True
    connection = change.connection
    return (
        _keys_hold(connection, facts, basis)
        and cut_to(log_spans(connection), basis.within) == basis.log_spans
        and basis.watermark_ms in {None, change.state.watermark_ms}
        and not basis.days_without_totals & day_totals(connection).keys()
        and all(is_free(connection, day) for day in basis.days_without_requests)
        and not _has_come_since(change, facts, basis)
    )


def _keys_hold(connection: sqlite3.Connection, facts: ImportedFacts, basis: Basis) -> bool:
    """A key that was not taken is there as often as it was found; of one that was, no more."""
    for kind, day in {*facts.keys, *basis.known}:
        stored = keys_of_day(connection, kind, day)
        known = Counter(basis.known.get((kind, day), ()))
        if any(stored[key] < times for key, times in known.items()):
            return False
        taken = facts.keys.get((kind, day), ())
        if stored and any(stored[key] != known[key] for key in taken):
            return False
    return True


def _has_come_since(change: Change, facts: ImportedFacts, basis: Basis) -> bool:
    """Whether a row that was taken has been pushed while the file was read."""
    if change.state.sequence == basis.sequence or all(kind != "row" for kind, _ in facts.keys):
        return False
    rows = change.connection.execute(
        "SELECT body FROM requests WHERE arrival > ?", (basis.sequence,)
    )
    for (body,) in rows:
        request = decode_request(body)
        taken = facts.keys.get(("row", key_day(request.timestamp)), ())
        if row_key(request.id, request.timestamp) in taken:
            return True
    return False
