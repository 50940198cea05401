"""Databases in memory that hold nothing yet, for what is kept of hours, days and durations."""

import contextlib
import sqlite3
from collections.abc import Iterator

from proxypal.store.database import Database
from proxypal.store.schema import upgrade


@contextlib.contextmanager
def a_database() -> Iterator[sqlite3.Connection]:
    """Empty tables."""
    database = Database(None)
    try:
        upgrade(database.connection)
        yield database.connection
    finally:
        database.close()
