"""The one row that the whole store agrees on."""

import msgspec

from builders import NOW_MS
from proxypal.store.database import Database
from proxypal.store.schema import upgrade
from proxypal.store.state import fresh_state, read_state, write_progress, write_state
from proxypal.store.values import StoreSettings


def test_every_field_comes_back() -> None:
    """What is written of the state is read as it was, settings and extras included."""
    database = Database(None)
    upgrade(database.connection)
    assert read_state(database.connection) is None
    state = fresh_state("f" * 32, NOW_MS, StoreSettings(zone="Asia/Kolkata", history_limit=7))
    for number, field in enumerate(msgspec.structs.fields(type(state)), 3):
        if field.type is int:
            setattr(state, field.name, number)
    state.live_epochs = [0, 2, 5]
    state.history_extras, state.aggregate_extras = b'{"a":1}', b'{"b":[2]}'
    write_state(database.connection, state)
    assert read_state(database.connection) == state
    database.close()


def test_recording_moves_the_number_and_the_beginning_only() -> None:
    """The small write of every commit leaves the rest as it is."""
    database = Database(None)
    upgrade(database.connection)
    state = fresh_state("f" * 32, NOW_MS, StoreSettings())
    write_state(database.connection, state)
    state.sequence, state.created_at = 17, NOW_MS - 5
    write_progress(database.connection, state)
    assert read_state(database.connection) == state
    state.epoch = 9
    write_progress(database.connection, state)
    found = read_state(database.connection)
    assert found is not None
    assert found.epoch == 0
    database.close()


def test_a_setting_of_a_later_version_is_no_trouble() -> None:
    """Settings that are not known yet are read over, those that lack have their usual value."""
    database = Database(None)
    upgrade(database.connection)
    write_state(database.connection, fresh_state("f" * 32, NOW_MS, StoreSettings()))
    database.connection.execute("UPDATE state SET settings = ?", (b'{"zone":"UTC","colour":1}',))
    state = read_state(database.connection)
    assert state is not None
    assert state.settings == StoreSettings(zone="UTC")
    database.close()
