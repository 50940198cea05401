"""Who brought the keys of a day: captured live or imported, and how they are read in bulk."""

from collections import Counter

from cell_databases import a_database
from proxypal.store.day_keys import (
    DAY_MS,
    add_keys,
    count_keys,
    days_of_origin,
    forget_origin,
    imported_keys,
    keys_of_day,
    live_keys,
)


def test_what_was_captured_and_what_was_imported_are_told_apart() -> None:
    """Of each kind and day: imports by themselves, live ones by themselves, both together."""
    with a_database() as connection:
        add_keys(connection, "attempt", [(5, 1), (6, 1), (DAY_MS, 9)])
        add_keys(connection, "attempt", [(7, 1), (8, 2)], "backup-a")
        add_keys(connection, "attempt", [(9, 2), (DAY_MS + 1, 3)], "backup-b")
        add_keys(connection, "request", [(5, 4)], "backup-a")
        assert keys_of_day(connection, "attempt", 0) == Counter({1: 3, 2: 2})
        assert imported_keys(connection, "attempt", 0) == Counter({1: 1, 2: 2})
        assert imported_keys(connection, "attempt", 1) == Counter({3: 1})
        assert imported_keys(connection, "request", 0) == Counter({4: 1})
        live = live_keys(connection, "attempt", 0)
        assert {day: count_keys(body) for day, body in live.items()} == {
            0: Counter({1: 2}),
            1: Counter({9: 1}),
        }
        assert live_keys(connection, "request", 0) == {}


def test_only_days_from_a_given_one_on_are_read() -> None:
    """The day itself is among them; of many batches a day all keys are."""
    with a_database() as connection:
        for number in range(5):
            add_keys(connection, "attempt", [(day * DAY_MS, number) for day in (3, 4, 5)])
        live = live_keys(connection, "attempt", 4)
        assert sorted(live) == [4, 5]
        assert count_keys(live[4]) == Counter(range(5))


def test_an_imports_days_are_listed_until_it_is_forgotten() -> None:
    """Each of its days once, whatever kinds it brought; another import's are its own."""
    with a_database() as connection:
        add_keys(connection, "attempt", [(0, 1), (2 * DAY_MS, 1)], "backup-a")
        add_keys(connection, "row", [(0, 1)], "backup-a")
        add_keys(connection, "row", [(7 * DAY_MS, 1)], "backup-b")
        assert sorted(days_of_origin(connection, "backup-a")) == [0, 2]
        forget_origin(connection, "backup-a")
        assert days_of_origin(connection, "backup-a") == []
        assert days_of_origin(connection, "backup-b") == [7]


def test_a_folded_day_keeps_its_neighbours_apart() -> None:
    """Days, kinds and origins fold by themselves: nothing is mixed, nothing lost."""
    with a_database() as connection:
        for number in range(130):
            add_keys(connection, "attempt", [(5, number), (DAY_MS, 1_000 + number)])
            add_keys(connection, "request", [(5, 2_000 + number)])
            add_keys(connection, "attempt", [(5, 3_000 + number)], "backup-a")
        assert imported_keys(connection, "attempt", 0) == Counter(range(3_000, 3_130))
        assert keys_of_day(connection, "attempt", 1) == Counter(range(1_000, 1_130))
        assert keys_of_day(connection, "request", 0) == Counter(range(2_000, 2_130))
        (rows,) = connection.execute(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM day_keys GROUP BY kind, day, origin)"
        ).fetchone()
        assert rows <= 64
