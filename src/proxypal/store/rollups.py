"""Sealed parts of a day, and beside each its sums over fewer names: what most questions need.

A rollup is made with its part and deleted with it, so it is never out of date: what comes later is
rows (see `cells.py`). It is kept where it is at most an eighth of what it sums up. A question
reads the smallest table that has every name it needs, the part itself in the end. Must not enter:
what is asked.
"""

import os
import sqlite3
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from proxypal.store.cell_tables import KEYS, Table, decode_table, encode_table, summed

ROLLUPS = {
    "hour-model": ("hour", "provider", "model", "source"),
    "model-key": ("provider", "model", "key", "source"),
    "account": ("provider", "account"),
    "model": ("provider", "model", "source"),
    "key": ("key",),
    "hour": ("hour",),
}
"""The keys of each kind, those of many rows first: a later one is made of an earlier."""

PART = ""
"""Stands for the part itself among the kinds."""

_WORTH_IT = 8
_SIZE_FROM = 512


def write_part(connection: sqlite3.Connection, day: int, table: Table) -> None:
    """Keep a table of a day, with its rollups."""
    part = int.from_bytes(os.urandom(8), "big") >> 1  # another one each time, whatever is deleted
    made: dict[str, Table] = {PART: table}
    for kind, keys in ROLLUPS.items() if table.size >= _SIZE_FROM else ():
        source = min(
            (made[known] for known in made if set(keys) <= set(ROLLUPS.get(known, KEYS))),
            key=lambda found: found.size,
        )
        made[kind] = summed([source], keys)
    kept = [kind for kind in ROLLUPS if kind in made and _is_worth_it(made[kind], table)]
    connection.execute(
        "INSERT INTO sealed_cells (part, day, size, kinds, body) VALUES (?, ?, ?, ?, ?)",
        (part, day, table.size, ",".join(kept), encode_table(table)),
    )
    connection.executemany(
        "INSERT INTO rollups (kind, day, part, body) VALUES (?, ?, ?, ?)",
        [(kind, day, part, encode_table(made[kind])) for kind in kept],
    )


def _is_worth_it(rollup: Table, table: Table) -> bool:
    return rollup.size * _WORTH_IT <= table.size


def drop_parts(connection: sqlite3.Connection, parts: Iterable[int]) -> None:
    """Delete parts and their rollups."""
    for part in parts:
        row = connection.execute("SELECT day FROM sealed_cells WHERE part = ?", (part,)).fetchone()
        connection.execute("DELETE FROM sealed_cells WHERE part = ?", (part,))
        connection.executemany(
            "DELETE FROM rollups WHERE kind = ? AND day = ? AND part = ?",
            [(kind, row[0], part) for kind in ROLLUPS],
        )


def kind_for(kinds: Iterable[str], needed: AbstractSet[str]) -> str:
    """The smallest of the kinds that are kept of a part with all keys that are needed."""
    found = [kind for kind in kinds if needed <= set(ROLLUPS.get(kind, ()))]
    return found[-1] if found else PART


def read_table(connection: sqlite3.Connection, kind: str, day: int, part: int) -> Table:
    """One kind of a part."""
    if kind == PART:
        row = connection.execute("SELECT body FROM sealed_cells WHERE part = ?", (part,)).fetchone()
    else:
        row = connection.execute(
            "SELECT body FROM rollups WHERE kind = ? AND day = ? AND part = ?", (kind, day, part)
        ).fetchone()
    return decode_table(row[0])
