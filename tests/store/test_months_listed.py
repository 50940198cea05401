"""The months as `proxypal breakdown` lists them, and since when a rebuilt store says it tracked."""

from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, a_store, at, facts_of
from month_files import placed
from proxypal.store.values import BreakdownMonth


def test_a_month_is_listed_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    """Counted, in the breakdown, size of its file, dropped or not: a reset and a drop change those.

    A month that was dropped stays listed after a reset, as one without requests.
    """
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        store.record([a_request(timestamp=NOW_MS - days * DAY_MS) for days in (0, 20, 21, 50)])
    with a_store(tmp_path, clock=clock) as store:
        clock.now_ms += 3 * HOUR_MS
        sizes = {path.stem: path.stat().st_size for path in (tmp_path / "breakdown").iterdir()}
        assert [
            (month.month, month.requests, month.placed, month.size_bytes, month.dropped_at)
            for month in store.breakdown_months()
        ] == [
            ("2025-11", 1, 1, sizes["2025-11"], None),
            ("2025-12", 2, 2, sizes["2025-12"], None),
            ("2026-01", 1, 1, sizes["2026-01"], None),
        ]
        store.drop_breakdown(["2025-12"])
        (_, december, _) = store.breakdown_months()
        assert (december.requests, december.placed) == (2, 0)
        assert december.dropped_at == clock.now_ms
        store.reset_aggregate_stats()
        assert list(store.breakdown_months()) == [
            BreakdownMonth(
                month="2025-12",
                requests=0,
                placed=0,
                size_bytes=december.size_bytes,
                dropped_at=clock.now_ms,
            )
        ]


def test_a_month_begins_and_ends_where_its_days_do(tmp_path: Path) -> None:
    """Totals of whole days, without hours, of the days around a month's ends: two are its own."""
    clock = SetClock()
    days = ["2025-11-30", "2025-12-01", "2025-12-31", "2026-01-01"]
    rows = [a_request(timestamp=at(f"{day}T12:00:00Z")) for day in days]
    facts = facts_of(rows)
    names = (rows[0].provider, rows[0].model, "", "", "import")
    facts.days = {(at(f"{day}T00:00:00Z") // DAY_MS, names): facts.sums["day", day] for day in days}

    with a_store(tmp_path, clock=clock) as store:
        assert store.import_facts(facts, fingerprint="x") is not None
        whole = {"2025-11": (1, 1, False), "2025-12": (2, 2, False), "2026-01": (1, 1, False)}
        assert placed(store) == whole
        clock.now_ms += 3 * HOUR_MS
        dropped = store.drop_breakdown(["2025-12"])
        assert dropped.requests == 2
        assert placed(store) == {**whole, "2025-12": (2, 0, True)}
        store.restore(dropped.name)
        assert placed(store) == whole


@pytest.mark.parametrize("zone", ["America/St_Johns", "Pacific/Kiritimati"])
def test_without_the_aggregate_tracking_began_with_the_oldest_day(
    tmp_path: Path, zone: str
) -> None:
    """Midnight of the first day that the months' files know, as the store's own zone has it."""
    begun = {
        "America/St_Johns": at("2025-12-20T00:00:00-03:30"),
        "Pacific/Kiritimati": at("2025-12-20T00:00:00+14:00"),
    }
    moment = begun[zone] + 7 * HOUR_MS
    with a_store(tmp_path, zone=zone, history_limit=2) as store:
        store.record([a_request(timestamp=moment)])
        store.record([a_request(timestamp=NOW_MS - n) for n in range(5)])
        assert store.get_usage_stats().created_at == moment
    (tmp_path / "proxypal.db").unlink()
    (tmp_path / "aggregate.json").unlink()
    with a_store(tmp_path, zone="UTC") as store:
        stats = store.get_usage_stats()
        assert (stats.total_requests, stats.created_at) == (6, begun[zone])
