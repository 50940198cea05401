"""The one row of `state`: what the whole store agrees on, read and written inside a transaction."""

import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from proxypal.errors import DamagedDatabase
from proxypal.store.series import SeriesIndex
from proxypal.store.values import StoreSettings

LEFT = "left:"
"""Stands before the store id of a file that was lost and has a successor, see `succession.py`."""


class State(msgspec.Struct):
    """See the comments of the `state` table in `schema.py`."""

    store_id: str
    created_at: int
    sequence: int
    epoch: int
    live_epochs: list[int]
    reset_sequence: int
    generation: int
    watermark_ms: int
    cells_since: int
    published_sequence: int
    settings: StoreSettings
    history_extras: bytes = b"{}"
    aggregate_extras: bytes = b"{}"
    month_changes: str = ""
    sketches_since: int = 0

    @property
    def has_left(self) -> bool:
        """Whether nothing must be committed to this file any more."""
        return self.store_id.startswith(LEFT)


_COLUMNS = tuple(State.__struct_fields__)
_EPOCHS, _SETTINGS = _COLUMNS.index("live_epochs"), _COLUMNS.index("settings")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM state WHERE one = 1"
_INSERT = (
    f"INSERT OR REPLACE INTO state (one, {', '.join(_COLUMNS)}) "
    f"VALUES (1, {', '.join('?' * len(_COLUMNS))})"
)


class Change(NamedTuple):
    """What an action needs inside its transaction: the connection, and what it may change."""

    connection: sqlite3.Connection
    directory: Path
    state: State
    series: SeriesIndex
    now_ms: int


def fresh_state(store_id: str, now_ms: int, settings: StoreSettings) -> State:
    """The state of a store that holds nothing yet."""
    return State(
        store_id=store_id,
        created_at=now_ms,
        sequence=0,
        epoch=0,
        live_epochs=[0],
        reset_sequence=0,
        generation=0,
        watermark_ms=0,
        cells_since=0,
        published_sequence=0,
        settings=settings,
    )


def read_state(connection: sqlite3.Connection) -> State | None:
    """The state, or None in a database that has none yet."""
    row = connection.execute(_SELECT).fetchone()
    if row is None:
        return None
    state = State(*row)
    state.live_epochs = list(_epochs(row[_EPOCHS]))
    state.settings = _settings(row[_SETTINGS])
    return state


def sound_state(connection: sqlite3.Connection, path: Path) -> State:
    """The state of the database at `path`.

    Raises:
        DamagedDatabase: it has none.
    """
    state = read_state(connection)
    if state is None:
        raise DamagedDatabase(path, "it holds no state")
    return state


# Read once per transaction and almost never changed: worth remembering by their text.
@lru_cache(maxsize=4)
def _epochs(text: str) -> tuple[int, ...]:
    return msgspec.json.decode(text, type=tuple[int, ...])


@lru_cache(maxsize=4)
def _settings(text: bytes) -> StoreSettings:
    return msgspec.json.decode(text, type=StoreSettings)


def write_state(connection: sqlite3.Connection, state: State) -> None:
    """Replace the whole row."""
    values = {name: getattr(state, name) for name in _COLUMNS}
    values["live_epochs"] = msgspec.json.encode(state.live_epochs).decode()
    values["settings"] = msgspec.json.encode(state.settings)
    connection.execute(_INSERT, tuple(values.values()))


def write_progress(connection: sqlite3.Connection, state: State) -> None:
    """Advance only what every recording transaction may move: the number and "tracked since"."""
    connection.execute(
        "UPDATE state SET sequence = ?, created_at = ?, month_changes = ? WHERE one = 1",
        (state.sequence, state.created_at, state.month_changes),
    )
