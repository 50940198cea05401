"""The tables of `proxypal.db`, and the steps from each older version to this one.

`user_version` is the number of the last step applied. Money is decimal text, so that it adds up
to the last digit; every other amount is an integer. Must not enter: queries of features.
"""

import sqlite3
from collections.abc import Callable

from proxypal.records.counters import COUNT_FIELDS

APPLICATION_ID = 0x70707864  # "ppxd", shown by file(1)

_COUNTS = ",\n  ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in COUNT_FIELDS)
_COUNTERS = f"{_COUNTS},\n  cost_usd TEXT NOT NULL DEFAULT '0'"

VERSION_1 = f"""
-- One row: what the whole store agrees on.
CREATE TABLE state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  store_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,          -- tracked since; Unix ms
  sequence INTEGER NOT NULL,            -- last number given to a request or an action
  epoch INTEGER NOT NULL,               -- grows by one with each reset
  live_epochs TEXT NOT NULL,            -- JSON list: epochs whose requests are in the totals
  reset_sequence INTEGER NOT NULL,      -- sequence of the last reset that was not undone
  generation INTEGER NOT NULL,          -- grows with each new source position
  watermark_ms INTEGER NOT NULL,        -- log lines up to here were counted by migrated files
  cells_since INTEGER NOT NULL,         -- local hour from which cells are complete
  published_sequence INTEGER NOT NULL,
  settings BLOB NOT NULL,               -- JSON, see StoreSettings
  history_extras BLOB NOT NULL,         -- JSON object: unknown keys of a migrated file
  aggregate_extras BLOB NOT NULL
);

-- All-time sums: scope is total, undated, day, hour, model or provider.
CREATE TABLE sums (
  scope TEXT NOT NULL,
  label TEXT NOT NULL,
  {_COUNTERS},
  PRIMARY KEY (scope, label)
) WITHOUT ROWID;

-- Every distinct name, by kind; bounded by the label cap, beyond it names count as `other`.
CREATE TABLE labels (
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  PRIMARY KEY (kind, label)
) WITHOUT ROWID;

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  api_key TEXT NOT NULL,
  account TEXT NOT NULL,
  source TEXT NOT NULL,
  UNIQUE (provider, model, api_key, account, source)
);

-- Sums of one local hour and series; place is hour << 22 | series, hours counted since
-- 1970-01-01T00 on the wall clock. Only of the last days: see cells.py.
CREATE TABLE cells (
  place INTEGER PRIMARY KEY,
  {_COUNTERS}
);

-- All cells of an older local day: zlib of MessagePack [[hour of day, series, counters…], …].
CREATE TABLE sealed_cells (
  day INTEGER PRIMARY KEY,              -- days since 1970-01-01
  body BLOB NOT NULL
);

-- The recent history. `arrival` is the sequence number the request was given.
CREATE TABLE requests (
  timestamp INTEGER NOT NULL,
  arrival INTEGER NOT NULL,
  body BLOB NOT NULL,                   -- the request as history.json shows it
  PRIMARY KEY (timestamp, arrival)
) WITHOUT ROWID;

-- Requests that can still be revised or recognised, a row per batch. Names and ids only as
-- numbers and hashes.
CREATE TABLE join_window (
  first INTEGER PRIMARY KEY,            -- arrival of the batch's first request
  last INTEGER NOT NULL,
  arrived_at INTEGER NOT NULL,
  epoch INTEGER NOT NULL,               -- the reset they came after
  body BLOB NOT NULL                    -- MessagePack, see OpenRequest in joining.py
);

CREATE TABLE positions (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  version INTEGER NOT NULL,
  state BLOB NOT NULL
);

CREATE TABLE leases (
  source TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE gaps (
  source TEXT NOT NULL,
  from_ms INTEGER,
  until_ms INTEGER,
  reason TEXT NOT NULL,
  noticed_at INTEGER NOT NULL
);

-- Imports that were taken, so that the same file twice adds nothing.
CREATE TABLE fingerprints (
  fingerprint TEXT PRIMARY KEY,
  backup TEXT NOT NULL
) WITHOUT ROWID;

-- One row per backup: what it can undo, and whether it was.
CREATE TABLE undo_log (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  epochs TEXT NOT NULL,                 -- JSON list: the epochs its sums belong to
  undone_at INTEGER,
  owed INTEGER NOT NULL DEFAULT 0       -- undone while its epoch was reset: take off later
) WITHOUT ROWID;
"""


def _run(connection: sqlite3.Connection, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _step_1(connection: sqlite3.Connection) -> None:
    _run(connection, VERSION_1)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


VERSION_2 = """
-- Scrubbed payloads of the usage queue, as long as their request is in history: JSON, one a line.
CREATE TABLE payloads (
  arrival INTEGER PRIMARY KEY,
  body BLOB NOT NULL
);

-- The newest payloads that this version does not understand, scrubbed, for a later one.
CREATE TABLE unread_payloads (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  body BLOB NOT NULL
);

-- What recognises attempts and requests for ever, in four bytes each: see day_keys.py. Kind is
-- 'attempt' (natural key) or 'request' (id); origin is '' for what was captured live, else the
-- backup of the import that brought them.
CREATE TABLE day_keys (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  day INTEGER NOT NULL,                 -- days since 1970-01-01, UTC
  origin TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX day_keys_by_day ON day_keys (kind, day);

-- Spans of time in which all that a usage queue offered was received, or an import covers.
CREATE TABLE covered (
  source TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (source, from_ms)
) WITHOUT ROWID;

-- One row per usage queue: what its reader says of itself, and exact counts.
CREATE TABLE queues (
  source TEXT PRIMARY KEY,
  status BLOB NOT NULL,                 -- JSON, the reader's own
  updated_at INTEGER NOT NULL,
  records INTEGER NOT NULL DEFAULT 0,   -- payloads taken, of which:
  repeated INTEGER NOT NULL DEFAULT 0,  --   told before
  extra INTEGER NOT NULL DEFAULT 0,     --   tokens of a request that was counted
  joined INTEGER NOT NULL DEFAULT 0,    --   of a request another record or the log told of
  unread INTEGER NOT NULL DEFAULT 0     --   not understood
) WITHOUT ROWID;

-- What is only remembered to save work; may be emptied at any time.
CREATE TABLE caches (
  name TEXT PRIMARY KEY,
  body BLOB NOT NULL
) WITHOUT ROWID;
"""


def _step_2(connection: sqlite3.Connection) -> None:
    _run(connection, VERSION_2)


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (_step_1, _step_2)
"""STEPS[n] brings version n to n + 1; each runs inside the opening transaction."""

VERSION = len(STEPS)


def upgrade(connection: sqlite3.Connection) -> None:
    """Apply the steps that are missing. The caller holds the write transaction."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    for step in STEPS[found:]:
        step(connection)
    connection.execute(f"PRAGMA user_version = {VERSION}")
