"""Durations by day, provider and model: kept small, and percentiles from them within 1 %."""

import sqlite3
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_databases import a_database
from proxypal.records.sketch import Sketch, decode_sketch, merged
from proxypal.store import durations
from proxypal.store.durations import Place, Value

VALUES = st.lists(
    st.tuples(
        st.integers(20_000, 20_002),
        st.sampled_from(["claude", "openai"]),
        st.sampled_from(["m-1", "m-2"]),
        st.integers(0, 10**6),
        st.none() | st.integers(0, 10**5),
    ),
    max_size=8,
)
STEPS = st.lists(st.tuples(VALUES, st.sampled_from(["", "fold", "fold all", "take"])), max_size=8)


def add_all(connection: sqlite3.Connection, steps: list[tuple[list[Value], str]]) -> list[Value]:
    """Add, fold, and take the first value off again, in any order; what is counted in the end."""
    counted: list[Value] = []
    for number, (values, step) in enumerate(steps, 1):
        durations.add_values(connection, number, values)
        counted += values
        if step.startswith("fold"):
            durations.fold(connection, number, *([0] if step == "fold all" else []))
        elif step and counted:
            durations.take_off(connection, number, counted.pop(0))
    return counted


def kept(connection: sqlite3.Connection, *days: int) -> dict[Place, tuple[Sketch, Sketch]]:
    """All that is there, a place once."""
    found: dict[Place, tuple[list[Sketch], list[Sketch]]] = defaultdict(lambda: ([], []))
    for place, *parts in durations.read_sketches(connection, *days):
        for gathered, part in zip(found[place], parts, strict=True):
            gathered.append(part)
    return {place: (merged(one), merged(two)) for place, (one, two) in found.items()}


def amounts(sketches: dict[Place, tuple[Sketch, Sketch]]) -> dict[Place, object]:
    """All but least and most, which taking off may leave within 1 %."""
    return {
        place: [(sketch.buckets, sketch.count, sketch.sum_ms) for sketch in parts]
        for place, parts in sketches.items()
    }


@pytest.fixture(autouse=True)
def _soon_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "OPEN_AT_MOST", 5)


@given(STEPS)
def test_each_value_is_counted_once(steps: list[tuple[list[Value], str]]) -> None:
    """Whether it is still by itself or in a sketch, and whatever was taken off again."""
    with a_database() as connection:
        counted = add_all(connection, steps)
        assert amounts(kept(connection)) == amounts(durations.sketches_of(counted))


@given(STEPS)
def test_as_kept_is_as_read(steps: list[tuple[list[Value], str]]) -> None:
    """A backup and a month's file get each place once, in order, with all that is there."""
    with a_database() as connection:
        add_all(connection, steps)
        found = list(durations.encoded_sketches(connection))
        places = [place for place, _, _ in found]
        assert places == sorted(set(places))
        as_read = {place: (decode_sketch(one), decode_sketch(two)) for place, one, two in found}
        assert as_read == kept(connection)


@given(STEPS, st.integers(20_000, 20_003))
def test_days_are_read_and_deleted_apart(steps: list[tuple[list[Value], str]], first: int) -> None:
    """A dropped month takes its own days with it and no other."""
    with a_database() as connection:
        counted = add_all(connection, steps)
        days = range(first, first + 2)
        inside = [value for value in counted if value[0] in days]
        assert amounts(kept(connection, days.start, days.stop)) == amounts(
            durations.sketches_of(inside)
        )
        durations.delete_sketches(connection, days)
        outside = [value for value in counted if value[0] not in days]
        assert amounts(kept(connection)) == amounts(durations.sketches_of(outside))
        durations.delete_sketches(connection)
        assert kept(connection) == {}


@given(VALUES, VALUES)
def test_what_is_moved_in_can_be_moved_out(own: list[Value], imported: list[Value]) -> None:
    """An import undone leaves the sketches of everything else."""
    with a_database() as connection:
        durations.add_values(connection, 1, own)
        durations.fold(connection, 1, at_most=0)
        moved = durations.sketches_of(imported)
        durations.move_sketches(connection, 2, moved)
        assert amounts(kept(connection)) == amounts(durations.sketches_of([*own, *imported]))
        durations.move_sketches(connection, 3, moved, sign=-1)
        assert amounts(kept(connection)) == amounts(durations.sketches_of(own))


def test_few_rows_stay_open() -> None:
    """A question never has to read many single values: beyond the bound they are a sketch."""
    with a_database() as connection:
        for number in range(1, 40):
            durations.add_values(connection, number, [(20_000, "claude", "m", number, None)] * 3)
            durations.fold(connection, number)
            (count,) = connection.execute("SELECT count(*) FROM open_durations").fetchone()
            assert count <= 5
        ((place, (found, _)),) = kept(connection).items()
        assert (place, found.count) == ((20_000, "claude", "m"), 117)


def test_a_change_has_the_number_of_its_transaction() -> None:
    """What was merged before is known to be out of date by the number of the newest change."""
    with a_database() as connection:
        for number, model in ((3, "m-1"), (7, "m-2"), (9, "m-1")):
            one = durations.sketches_of([(20_000, "claude", model, 5, None)])
            durations.move_sketches(connection, number, one)
        rows = connection.execute("SELECT model, changed FROM sketches").fetchall()
        assert sorted(rows) == [("m-1", 9), ("m-2", 7)]


def test_equal_requests_are_taken_off_one_by_one() -> None:
    """Of three alike that are still by themselves, taking one off leaves two."""
    value: Value = (20_000, "claude", "m", 5, None)
    with a_database() as connection:
        durations.add_values(connection, 1, [value] * 3)
        left = Counter[int]()
        for count in (2, 1, 0):
            durations.take_off(connection, 2, value)
            left[count] = sum(found.count for _, found, _ in durations.read_sketches(connection))
            assert left[count] == count
