"""The tables of `proxypal.db`, and the steps from each older version to this one.

`user_version` is the number of the last step applied. Money is decimal text, so that it adds up
to the last digit; every other amount is an integer. Must not enter: queries of features.
"""

import sqlite3
from collections.abc import Callable

from proxypal.records.counters import COUNT_FIELDS
from proxypal.records.labels import day_label
from proxypal.store.renumbering import renumber

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


VERSION_3 = f"""
-- A name's number within its kind, from 2 on: see series.py.
ALTER TABLE labels ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE labels SET number = 1 + (
  SELECT count(*) FROM labels AS other
  WHERE other.kind = labels.kind AND other.label <= labels.label
);
CREATE UNIQUE INDEX labels_by_number ON labels (kind, number);

ALTER TABLE series RENAME TO old_series;
ALTER TABLE cells RENAME TO old_cells;
ALTER TABLE sealed_cells RENAME TO old_sealed_cells;

-- Sums of one local hour (since 1970-01-01T00 on the wall clock) and series, which is the numbers
-- of its five names in one: see series.py. Only what is not sealed: see cells.py.
CREATE TABLE cells (
  hour INTEGER NOT NULL,
  series INTEGER NOT NULL,
  {_COUNTERS},
  PRIMARY KEY (hour, series)
) WITHOUT ROWID;

-- Cells of a local day (days since 1970-01-01) packed together: see cell_tables.py. A part has
-- another number each time it is made.
CREATE TABLE sealed_cells (
  part INTEGER PRIMARY KEY,
  day INTEGER NOT NULL,
  size INTEGER NOT NULL,                -- how many cells
  kinds TEXT NOT NULL,                  -- which rollups there are of it
  body BLOB NOT NULL
);
CREATE INDEX sealed_cells_by_day ON sealed_cells (day, size, kinds);

-- Sums of a part over fewer names, see rollups.py.
CREATE TABLE rollups (
  kind TEXT NOT NULL,
  day INTEGER NOT NULL,
  part INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (kind, day, part)
) WITHOUT ROWID;

-- Sums of a local day and series whose hours are unknown: totals that were imported.
CREATE TABLE day_cells (
  day INTEGER NOT NULL,
  series INTEGER NOT NULL,
  {_COUNTERS},
  PRIMARY KEY (day, series)
) WITHOUT ROWID;

-- How durations and times to first token of a local day are distributed: records/sketch.py.
-- Names are those the cells count under. `changed` is the number of the
-- last change.
CREATE TABLE sketches (
  day INTEGER NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  changed INTEGER NOT NULL,
  durations BLOB NOT NULL,
  ttfts BLOB NOT NULL,
  PRIMARY KEY (day, provider, model)
);
CREATE INDEX sketches_by_change ON sketches (day, changed);

-- The last few durations, which the sketches do not have yet: see durations.py.
CREATE TABLE open_durations (
  day INTEGER NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  duration_ms INTEGER NOT NULL,
  ttft_ms INTEGER
);

-- Months (YYYY-MM) whose cells, day cells and sketches were dropped; their sums stay. More than
-- once if requests of it came later.
CREATE TABLE dropped_months (
  month TEXT NOT NULL,
  dropped_at INTEGER NOT NULL,          -- Unix ms
  held TEXT NOT NULL,                   -- imports and re-pricings (JSON) that were in its cells
  PRIMARY KEY (month, dropped_at)
) WITHOUT ROWID;

-- What is known of each month's breakdown file: the number it was written at, and how it was left.
CREATE TABLE breakdown_files (
  month TEXT PRIMARY KEY,               -- YYYY-MM
  sequence INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;

-- Months and the number of their last change, see months.py: what tells which files to write.
ALTER TABLE state ADD COLUMN month_changes TEXT NOT NULL DEFAULT '';

-- Local day (days since 1970-01-01) from which on each request of the cells is in the sketches.
ALTER TABLE state ADD COLUMN sketches_since INTEGER NOT NULL DEFAULT 0;
"""


def _step_3(connection: sqlite3.Connection) -> None:
    _run(connection, VERSION_3)
    renumber(connection)
    # Every month that has anything gets its file.
    days = connection.execute(
        "SELECT DISTINCT day FROM sealed_cells UNION SELECT DISTINCT hour / 24 FROM cells "
        "UNION SELECT DISTINCT day FROM day_keys"
    )
    months = sorted({day_label(day * 24)[:7] for (day,) in days})
    connection.execute(
        "UPDATE state SET month_changes = ?", (",".join(f"{month}:1" for month in months),)
    )


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (_step_1, _step_2, _step_3)
"""STEPS[n] brings version n to n + 1; each runs inside the opening transaction."""

VERSION = len(STEPS)


def upgrade(connection: sqlite3.Connection) -> None:
    """Apply the steps that are missing. The caller holds the write transaction."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    for step in STEPS[found:]:
        step(connection)
    connection.execute(f"PRAGMA user_version = {VERSION}")
