import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from proxypal.records.foreign_rows import AttemptRow, ForeignRow, RowRejected
from proxypal.records.key_labels import KeyLabels
from proxypal.records.natural_key import attempt_key
from proxypal.sources.keeper_database import read_keeper_database

LABELS = KeyLabels(b"a secret of the tests")

FIRST_SCHEMA = """
CREATE TABLE usage_events (
  id integer PRIMARY KEY AUTOINCREMENT, event_key text, snapshot_run_id integer,
  api_group_key text, model text, timestamp datetime, source text, auth_index text,
  failed numeric, latency_ms integer, input_tokens integer, output_tokens integer,
  reasoning_tokens integer, cached_tokens integer, total_tokens integer, created_at datetime
);
"""
"""As v1.0 to v1.3 made it."""

_COLUMNS = """
  id integer PRIMARY KEY, event_key text, api_group_key text, provider text, endpoint text,
  auth_type text, request_id text, client_ip text, x_forwarded_for text, user_agent text,
  model text, model_alias text, reasoning_effort text NOT NULL DEFAULT '',
  service_tier text NOT NULL DEFAULT '', response_service_tier text NOT NULL DEFAULT '',
  executor_type text NOT NULL DEFAULT '', timestamp datetime, source text, auth_index text,
  failed numeric, generate numeric NOT NULL DEFAULT true, latency_ms integer, ttft_ms integer,
  input_tokens integer, output_tokens integer, reasoning_tokens integer, cached_tokens integer,
  cache_read_tokens integer NOT NULL DEFAULT 0, cache_creation_tokens integer NOT NULL DEFAULT 0,
  total_tokens integer, created_at datetime
"""
NEWEST_SCHEMA = f"""
CREATE TABLE usage_events ({_COLUMNS});
CREATE TABLE usage_events_archive ({_COLUMNS});
CREATE TABLE redis_usage_inboxes (
  id integer PRIMARY KEY AUTOINCREMENT, source text NOT NULL, message_hash text NOT NULL,
  raw_message text NOT NULL, status text NOT NULL, attempt_count integer NOT NULL DEFAULT 0,
  last_error text, usage_event_key text, popped_at datetime NOT NULL, processed_at datetime,
  created_at datetime, updated_at datetime
);
"""
"""As v1.14 made it."""


def an_event(number: int, **changes: Any) -> dict[str, Any]:
    """A row: the attempt of second `number` of a minute."""
    return {
        "id": number,
        "api_group_key": "sk-local-abcdefghijkl",
        "model": "gpt-5",
        "timestamp": f"2026-07-01T10:00:{number:02d}.123456789+08:00",
        "source": "me@example.com",
        "failed": 0,
        "input_tokens": 10 * number,
        "output_tokens": 1,
        **changes,
    }


def insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Add one row."""
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    connection.execute(
        f"INSERT INTO {table} ({names}) VALUES ({marks})",
        list(row.values()),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is; the name needs quoting in a URI."""
    folder = tmp_path / "a folder? 100%#1"
    folder.mkdir()
    return folder / "keeper.db"


@pytest.fixture
def keeper(path: Path) -> Iterator[sqlite3.Connection]:
    """A running keeper: its connection stays open, in WAL mode."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(NEWEST_SCHEMA)
        yield connection


def read(path: Path) -> tuple[list[int], list[RowRejected]]:
    """The numbers of the rows that became attempts, and the rejections."""
    rows: list[ForeignRow] = list(read_keeper_database(path, LABELS))
    return (
        [row.line for row in rows if isinstance(row, AttemptRow)],
        [row for row in rows if isinstance(row, RowRejected)],
    )


def test_a_running_keepers_rows_are_read(path: Path, keeper: sqlite3.Connection) -> None:
    """What the keeper committed a moment ago, still in its write-ahead log, is there."""
    insert(keeper, "usage_events", an_event(1))
    insert(keeper, "usage_events", an_event(2))
    first, second = read_keeper_database(path, LABELS)
    assert isinstance(first, AttemptRow)
    assert isinstance(second, AttemptRow)
    assert first.attempt.key == attempt_key(1_782_871_201_123, "gpt-5")
    assert (first.attempt.tokens.input, second.attempt.tokens.input) == (10, 20)
    assert first.attempt.account == LABELS.account("me@example.com")


def test_the_keeper_goes_on_while_it_is_read(path: Path, keeper: sqlite3.Connection) -> None:
    """Reading holds nobody up: rows that come or move meanwhile change nothing of what is read."""
    for number in (1, 2, 3):
        insert(keeper, "usage_events", an_event(number))
    rows = read_keeper_database(path, LABELS)
    assert next(rows).line == 1
    keeper.execute("BEGIN IMMEDIATE")
    keeper.execute("INSERT INTO usage_events_archive SELECT * FROM usage_events WHERE id = 3")
    keeper.execute("DELETE FROM usage_events WHERE id = 3")
    insert(keeper, "usage_events", an_event(4))
    keeper.execute("COMMIT")
    assert [row.line for row in rows] == [2, 3]
    assert read(path) == ([1, 2, 4, 3], [])


def test_nothing_is_written(path: Path, keeper: sqlite3.Connection) -> None:
    """The database's bytes stay as they were, and no file is left beside it."""
    insert(keeper, "usage_events", an_event(1))
    keeper.close()
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    assert read(path) == ([1], [])
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_a_keeper_that_starts_meanwhile_is_noticed(path: Path, keeper: sqlite3.Connection) -> None:
    """Where nobody had it open, and somebody begins to write, the reader says: once more."""
    for number in (1, 2):
        insert(keeper, "usage_events", an_event(number))
    keeper.close()
    rows = read_keeper_database(path, LABELS)
    assert next(rows).line == 1
    with closing(sqlite3.connect(path, isolation_level=None)) as started:
        insert(started, "usage_events", an_event(3))
        *_, last = rows
    assert isinstance(last, RowRejected)
    assert "import it again" in last.reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_enough(
    path: Path, keeper: sqlite3.Connection
) -> None:
    """A copy in a read-only folder is read."""
    insert(keeper, "usage_events", an_event(1))
    keeper.close()
    path.parent.chmod(0o500)
    try:
        assert read(path) == ([1], [])
    finally:
        path.parent.chmod(0o700)


def test_the_archive_is_read_and_nothing_twice(path: Path, keeper: sqlite3.Connection) -> None:
    """Archived rows count too; one that is in both tables counts once."""
    insert(keeper, "usage_events", an_event(3))
    for number in (1, 2, 3):
        insert(keeper, "usage_events_archive", an_event(number))
    assert read(path) == ([3, 1, 2], [])


def test_records_it_could_not_use_are_read(path: Path, keeper: sqlite3.Connection) -> None:
    """What it took from the queue and never made an event of is not lost, nor doubled."""
    record = {
        "timestamp": "2026-07-01T10:00:09Z",
        "provider": "claude",
        "model": "claude-opus-4-6",
        "tokens": {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6},
        "failed": False,
        "api_key": "sk-local-abcdefghijkl",
        "request_id": "a1b2c3d4",
    }
    statuses = ("processed", "pending", "decode_failed", "process_failed", "discarded")
    for number, status in enumerate(statuses, 1):
        raw = json.dumps(record) if status != "decode_failed" else "{torn"
        insert(
            keeper,
            "redis_usage_inboxes",
            {
                "id": number,
                "source": "redis_pull:usage",
                "message_hash": "x",
                "raw_message": raw,
                "status": status,
                "popped_at": "2026-07-01T10:00:10Z",
            },
        )
    taken, rejected = read(path)
    assert taken == [2, 4]
    assert [row.line for row in rejected] == [3]


def test_the_first_schema_is_read(path: Path) -> None:
    """A database of v1.0 has fewer columns, and is read as far as they go."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(FIRST_SCHEMA)
        insert(connection, "usage_events", an_event(1, timestamp="2026-04-20 10:00:01.5+08:00"))
    assert read(path) == ([1], [])


def test_manager_plus_is_read_too(path: Path) -> None:
    """CPA-Manager-Plus's database has a table of that name as well, with other columns."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE usage_events (id integer PRIMARY KEY, event_hash text, "
            "timestamp_ms integer, timestamp text, model text, resolved_model text, "
            "input_tokens integer, failed integer)"
        )
        insert(
            connection,
            "usage_events",
            {"id": 9, "event_hash": "x", "timestamp_ms": 1_777_169_472_123, "resolved_model": "m"},
        )
    (row,) = read_keeper_database(path, LABELS)
    assert isinstance(row, AttemptRow)
    assert (row.line, row.attempt.key) == (9, attempt_key(1_777_169_472_123, "m"))


def test_anything_in_a_column_is_a_row_or_a_rejection(
    path: Path, keeper: sqlite3.Connection
) -> None:
    """SQLite keeps any value in any column; each bad row says why, with its id."""
    insert(keeper, "usage_events", an_event(1))
    bad: list[dict[str, Any]] = [{"timestamp": b"\xff\xfe"}, {"input_tokens": -1}, {"failed": "x"}]
    for number, changes in enumerate(bad, 2):
        insert(keeper, "usage_events", an_event(number, **changes))
    keeper.execute("UPDATE usage_events SET source = CAST(x'ff41' AS TEXT) WHERE id = 1")
    taken, rejected = read(path)
    assert taken == [1]
    assert [row.line for row in rejected] == [2, 3, 4]


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_another_file_is_one_rejection(path: Path, content: bytes) -> None:
    """A file that is no database of a collector is refused with a reason, not with an error."""
    path.write_bytes(content)
    taken, (rejected,) = read(path)
    assert taken == []
    assert rejected.line == 0
    assert "SQLite" in rejected.reason


def test_another_programs_database_is_refused(path: Path) -> None:
    """A database without the table, or with only a view of that name, is refused."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE VIEW usage_events AS SELECT 1 AS id")
    taken, (rejected,) = read(path)
    assert taken == []
    assert "has no table usage_events" in rejected.reason


def test_a_missing_file_is_not_created(path: Path) -> None:
    """A wrong path is refused, and nothing is made there."""
    taken, (rejected,) = read(path)
    assert (taken, rejected.line) == ([], 0)
    assert not path.exists()


def test_damage_keeps_what_was_read_before(path: Path, keeper: sqlite3.Connection) -> None:
    """The rows before a damaged page are taken, and the rest is said to be missing."""
    for number in range(1, 60):
        insert(keeper, "usage_events", an_event(number, event_key="x" * 900))
    keeper.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    keeper.close()
    data = path.read_bytes()
    at = data.rindex(b"x" * 900) // 4096 * 4096
    path.write_bytes(data[:at] + b"\xff" * 4096 + data[at + 4096 :])
    taken, rejected = read(path)
    assert 0 < len(taken) < 59
    assert taken == list(range(1, len(taken) + 1))
    assert f"after {len(taken)} rows" in rejected[-1].reason


def test_another_thread_may_finish_reading(path: Path, keeper: sqlite3.Connection) -> None:
    """Rows can be drawn by a thread that did not begin it."""
    for number in (1, 2):
        insert(keeper, "usage_events", an_event(number))
    rows = read_keeper_database(path, LABELS)
    lines = [next(rows).line]
    thread = threading.Thread(target=lambda: lines.extend(row.line for row in rows))
    thread.start()
    thread.join()
    assert lines == [1, 2]
