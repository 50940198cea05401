"""One connection: durable settings, exact money, whole transactions, errors in our words."""

import sqlite3
import threading
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import money
from proxypal.errors import (
    CannotWrite,
    DamagedDatabase,
    StorageFull,
    StoreBusy,
    StoreError,
)
from proxypal.store.database import Database, looks_truncated, store_error, translated


def pragma(database: Database, name: str) -> object:
    """A setting of the connection."""
    return database.connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_what_is_committed_is_durable(tmp_path: Path) -> None:
    """The log of changes is synced at every commit, and what is deleted is overwritten."""
    database = Database(tmp_path / "x.db")
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "synchronous") == 2
    assert pragma(database, "secure_delete") == 2
    database.close()


def test_a_failed_transaction_is_rolled_back(tmp_path: Path) -> None:
    """An error in the middle leaves nothing behind, and the connection can go on."""
    database = Database(tmp_path / "x.db")
    with database.transaction() as connection:
        connection.execute("CREATE TABLE t (x)")

    def act() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO t VALUES (1)")
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        act()
    with database.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    database.close()


def test_a_snapshot_is_one_moment(tmp_path: Path) -> None:
    """What another connection commits meanwhile is not seen until the next snapshot."""
    writer, reader = Database(tmp_path / "x.db"), Database(tmp_path / "x.db")
    with writer.transaction() as connection:
        connection.execute("CREATE TABLE t (x)")
    with reader.snapshot() as inside:
        assert inside.execute("SELECT count(*) FROM t").fetchone() == (0,)
        with writer.transaction() as connection:
            connection.execute("INSERT INTO t VALUES (1)")
        assert inside.execute("SELECT count(*) FROM t").fetchone() == (0,)
    with reader.snapshot() as inside:
        assert inside.execute("SELECT count(*) FROM t").fetchone() == (1,)
    writer.close()
    reader.close()


@given(st.lists(money(), min_size=1, max_size=10))
def test_money_adds_up_inside_the_database(costs: list[Decimal]) -> None:
    """Adding in SQL is as exact as adding in Python, and taking off leads back to nothing."""
    database = Database(None)
    total = "0"
    for sign in ("", "-"):
        for cost in costs:
            (total,) = database.connection.execute(
                "SELECT money_add(?, ?)", (total, f"{sign}{cost:f}")
            ).fetchone()
        if not sign:
            assert Fraction(total) == sum(Fraction(cost) for cost in costs)
    assert Decimal(total) == 0
    database.close()


def error_of(code: int) -> sqlite3.OperationalError:
    """An error as SQLite gives it."""
    error = sqlite3.OperationalError("something")
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_X"
    return error


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_BUSY, StoreBusy),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreBusy),
        (sqlite3.SQLITE_LOCKED, StoreBusy),
        (sqlite3.SQLITE_FULL, StorageFull),
        (sqlite3.SQLITE_READONLY, CannotWrite),
        (sqlite3.SQLITE_READONLY_DBMOVED, CannotWrite),
        (sqlite3.SQLITE_CANTOPEN, CannotWrite),
        (sqlite3.SQLITE_PERM, CannotWrite),
        (sqlite3.SQLITE_IOERR_FSYNC, CannotWrite),
        (sqlite3.SQLITE_CORRUPT, DamagedDatabase),
        (sqlite3.SQLITE_NOTADB, DamagedDatabase),
        (sqlite3.SQLITE_ERROR, None),
        (sqlite3.SQLITE_CONSTRAINT, None),
    ],
)
def test_errors_are_told_in_our_words(code: int, expected: type[StoreError] | None) -> None:
    """What a user can act on has a class and a sentence with the file; bugs keep their own."""
    path = Path("/data/proxypal.db")
    found = store_error(error_of(code), path)
    assert type(found) is (expected or type(None))
    if found is not None:
        assert str(path) in str(found)
    else:
        with pytest.raises(sqlite3.OperationalError), translated(path):
            raise error_of(code)


def test_a_replaced_file_is_noticed(tmp_path: Path) -> None:
    """A connection knows when its file was deleted or another took its place."""
    database = Database(tmp_path / "x.db")
    assert database.is_current()
    (tmp_path / "x.db").rename(tmp_path / "y.db")
    assert not database.is_current()
    Database(tmp_path / "x.db").close()
    assert not database.is_current()
    database.close()


def test_a_copy_is_whole(tmp_path: Path) -> None:
    """A deleted database can still be copied from the connection that has it open."""
    database = Database(tmp_path / "x.db")
    with database.transaction() as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS x")
    (tmp_path / "x.db").unlink()
    database.copy_to(tmp_path / "copy.db")
    database.close()
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("SELECT x FROM t").fetchall() == [(7,)]
    copy.close()


def test_a_cut_file_is_noticed_without_reading_it(tmp_path: Path) -> None:
    """A database shorter than it says it is, is known as cut."""
    database = Database(tmp_path / "x.db")
    with database.transaction() as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [(bytes(1000),) for _ in range(50)])
    database.close()
    path = tmp_path / "x.db"
    data = path.read_bytes()
    assert not looks_truncated(path)
    for length in (0, 10, 31, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        assert looks_truncated(path), length


def test_any_thread_may_use_a_connection(tmp_path: Path) -> None:
    """A connection opened in one thread answers in another."""
    database = Database(tmp_path / "x.db")
    found: list[object] = []

    def ask() -> None:
        with database.snapshot() as connection:
            found.append(connection.execute("SELECT 1").fetchone())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [(1,)]
    database.close()


def test_a_read_only_connection_cannot_write(tmp_path: Path) -> None:
    """Looking changes nothing, not even by mistake."""
    writer = Database(tmp_path / "x.db")
    with writer.transaction() as connection:
        connection.execute("CREATE TABLE t (x)")
    reader = Database(tmp_path / "x.db", read_only=True)
    with pytest.raises(CannotWrite), reader.transaction() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
    reader.close()
    writer.close()
