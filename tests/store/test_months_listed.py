"""The months as `proxypal breakdown` lists them, and since when a rebuilt store says it tracked."""

from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, a_store, at
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
