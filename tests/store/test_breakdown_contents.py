"""A month out of one database and into another: everything is there, under the same names."""

from functools import partial
from pathlib import Path

from builders import DAY_MS, HOUR_MS, NOW_MS, a_request, a_store, an_attempt
from month_files import months_in, plain
from proxypal.store.breakdown_contents import DaysSeen, put_contents, read_contents
from proxypal.store.breakdown_file import MonthContents
from proxypal.store.series import all_series
from proxypal.store.state import Change
from proxypal.store.values import QueueBatch


def lived_in(directory: Path) -> None:
    """Days that are sealed and days that are not, late requests, several names, usage records."""
    with a_store(directory) as store:
        for ago in (30, 20, 9, 1, 0, 8, 9):
            store.record(
                [
                    a_request(
                        timestamp=NOW_MS - ago * DAY_MS + n * HOUR_MS,
                        model=f"m{n % 3}",
                        api_key=f"sk-{ago}",
                        ttft_ms=n,
                    )
                    for n in range(6)
                ]
            )
        store.record_attempts(QueueBatch(source="queue", attempts=[an_attempt(key=5)]))


def copied(source: Path, target: Path, *months: str) -> dict[str, object]:
    """Put months of one store into another, and what the other has of them then."""
    with a_store(source) as one, a_store(target) as other:
        for month in months:
            contents = one._engine.read(partial(_contents, month=month))
            other._engine.write(partial(_put, contents=contents))
        return other._engine.read(lambda change: named_months(change, *months))


def _contents(change: Change, month: str) -> MonthContents:
    return read_contents(change.connection, change.state, month, DaysSeen())


def _put(change: Change, contents: MonthContents) -> None:
    put_contents(change.connection, contents)


def named_months(change: Change, *months: str) -> dict[str, object]:
    """The cells by names, and all else as it is."""
    names = all_series(change.connection)
    found: dict[str, object] = {}
    for month in months:
        contents = _contents(change, month)
        found[month] = {
            day: ({(hour, names[s]): sums for (hour, s), sums in cells.items()}, *rest)
            for day, (cells, *rest) in plain(contents).items()
        }
    return found


def test_a_month_is_the_same_in_a_fresh_database(tmp_path: Path) -> None:
    """Cells, sketches and keys come back to the last one; names keep their numbers."""
    lived_in(tmp_path / "one")
    copied(tmp_path / "one", tmp_path / "other", "2025-12", "2026-01")
    with a_store(tmp_path / "one") as one, a_store(tmp_path / "other") as other:
        months = ("2025-11", "2025-12", "2026-01", "2026-02")
        assert months_in(other, *months) == months_in(one, *months)
        assert [len(months_in(one, month)[month]) for month in months] == [0, 3, 3, 0]


def test_names_get_other_numbers_where_theirs_are_taken(tmp_path: Path) -> None:
    """In a database that knows other names under the same numbers, each cell has its own names."""
    lived_in(tmp_path / "one")
    with a_store(tmp_path / "one") as one:
        before = one._engine.read(lambda change: named_months(change, "2026-01"))
    with a_store(tmp_path / "other") as other:
        other.record([a_request(timestamp=1, model="zzz", provider="other", api_key="sk-30")])
    assert copied(tmp_path / "one", tmp_path / "other", "2026-01") == before
