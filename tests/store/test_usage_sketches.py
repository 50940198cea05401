"""The sketches of a query: merged once, remembered, and never out of date."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, a_store
from proxypal.records.local_range import LocalRange
from proxypal.records.name_filters import parse_condition
from proxypal.records.sketch import decode_sketch
from proxypal.records.usage_query import Query
from proxypal.store import Store, usage_sketches

PERCENTILES = ("p50_duration_ms", "p99_duration_ms", "max_duration_ms", "p50_ttft_ms")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The length of each sketch that was decoded."""
    found: list[int] = []

    def counted(body: bytes) -> object:
        found.append(len(body))
        return decode_sketch(body)

    monkeypatch.setattr(usage_sketches, "decode_sketch", counted)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A month of requests of two models, 1 to 1000 ms each day, twice as long of the second."""
    with a_store(tmp_path, clock=SetClock(NOW_MS + DAY_MS)) as opened:
        for day in range(30, -1, -1):
            opened.record(
                a_request(
                    timestamp=NOW_MS - day * DAY_MS,
                    model=f"m{number % 2}",
                    duration_ms=number * (1 + number % 2),
                    ttft_ms=number // 10,
                )
                for number in range(1, 1001)
            )
        yield opened


def asked(store: Store, metrics: tuple[str, ...] = PERCENTILES, **more: object) -> list[float]:
    """The percentiles of the total."""
    total = store.query(Query(metrics=metrics, **more)).total  # type: ignore[arg-type]  # parts of one
    return [getattr(total, name) for name in metrics]


def near(*expected: float) -> object:
    """Within 1 %."""
    return pytest.approx(list(expected), rel=0.01)


def test_percentiles_are_those_of_all_days(store: Store) -> None:
    """Of a month, of one model, of one day: within 1 % of the nearest-rank percentile."""
    assert asked(store) == near(667, 1958, 1998, 50)
    of_one = (parse_condition("model=m0", {}),)
    assert asked(store, where=of_one) == near(500, 990, 1000, 50)
    first = NOW_MS // HOUR_MS // 24 * 24
    one_day = LocalRange(since_hour=first, until_hour=first + 24)
    assert asked(store, where=of_one, range=one_day) == near(500, 990, 1000, 50)


def test_asked_again_nothing_is_merged(store: Store, decoded: list[int]) -> None:
    """The second time costs only what came since, and says the same."""
    first = asked(store)
    assert len(decoded) > 30
    decoded.clear()
    assert asked(store) == first
    assert decoded == []
    store.record([a_request(duration_ms=50_000, model="m1")])
    assert asked(store)[2] == 50_000
    assert len(decoded) <= 4, "only those of the newest day"


def test_only_what_is_asked_for_is_read(store: Store, decoded: list[int]) -> None:
    """Without a question about first tokens, theirs are left where they are."""
    assert asked(store, ("p50_duration_ms",)) == near(667)
    without = len(decoded)
    decoded.clear()
    asked(store, ("p50_duration_ms", "p50_ttft_ms"))
    assert len(decoded) == 2 * without


def test_what_is_remembered_is_never_out_of_date(store: Store) -> None:
    """Late and revised requests, resets and their undo change percentiles at once."""
    before = asked(store)
    store.record([a_request(timestamp=NOW_MS - 20 * DAY_MS, duration_ms=9_000, id="late")])
    assert asked(store)[2] == 9_000
    assert store.revise("late", {"duration_ms": 12_000})
    assert asked(store)[2] == pytest.approx(12_000, rel=0.01)
    backup = store.reset_aggregate_stats()
    assert asked(store) == [None] * 4
    store.restore(backup.name)
    assert asked(store)[0] == pytest.approx(before[0], rel=0.01)
    assert asked(store)[2] == pytest.approx(12_000, rel=0.01)
