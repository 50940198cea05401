"""Counters and numbers as short text, and back without a loss."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from builders import money
from proxypal.records.counters import COUNT_FIELDS, Counters
from proxypal.records.request import MAX_INTEGER
from proxypal.records.summing import aggregate_from, scope_of
from proxypal.store.packing import (
    SCOPES,
    pack_arrivals,
    pack_counters,
    sums_from,
    unpack_arrivals,
    unpack_counters,
)

counters = st.builds(
    Counters,
    **{name: st.integers(0, MAX_INTEGER) for name in COUNT_FIELDS},
    cost_usd=money(),
)
signed = st.builds(
    Counters,
    **{name: st.integers(-MAX_INTEGER, MAX_INTEGER) for name in COUNT_FIELDS},
    cost_usd=st.decimals(allow_nan=False, allow_infinity=False, places=30, min_value=-(10**12)),
)
labels = st.text(min_size=1, max_size=8)


@given(signed)
def test_counters_come_back_as_they_were(found: Counters) -> None:
    """Every counter survives packing, the money to the last digit, the empty ones too."""
    assert unpack_counters(pack_counters(found)) == found


def test_nothing_takes_no_room() -> None:
    """An empty sum packs to nothing at all, a usual one to a few letters."""
    assert pack_counters(Counters()) == ""
    assert unpack_counters("") == Counters()
    packed = pack_counters(Counters(requests=12, tokens_in=500, cost_usd=Decimal("0.01")))
    assert packed == "a12g500$0.01"


@given(st.lists(st.integers(1, MAX_INTEGER), max_size=30, unique=True))
def test_arrivals_come_back_in_their_order(arrivals: list[int]) -> None:
    """Numbers come back in the order they stood in, rising or not."""
    assert unpack_arrivals(pack_arrivals(arrivals)) == arrivals


@given(st.integers(1, MAX_INTEGER - 500), st.integers(1, 500))
def test_a_run_of_numbers_is_two(first: int, count: int) -> None:
    """Five hundred requests in a row are known by their first and last number."""
    arrivals = list(range(first, first + count))
    packed = pack_arrivals(arrivals)
    assert packed == (f"{first}-{first + count - 1}" if count > 1 else str(first))
    assert unpack_arrivals(packed) == arrivals


@given(
    st.fixed_dictionaries(
        {
            "day": st.dictionaries(st.dates().map(str), counters, max_size=3),
            "hour": st.dictionaries(st.dates().map(lambda d: f"{d}T07"), counters, max_size=3),
            "model": st.dictionaries(labels, counters, max_size=3),
            "provider": st.dictionaries(labels, counters, max_size=3),
        }
    ),
    counters,
    counters,
)
def test_every_sum_comes_back_from_the_aggregate(
    scopes: dict[str, dict[str, Counters]], total: Counters, undated: Counters
) -> None:
    """What `aggregate.json` carries is enough to make every sum of the store again."""
    sums = {
        ("total", ""): total,
        ("undated", ""): undated,
        **{
            (scope, label): found
            for scope, of_label in scopes.items()
            for label, found in of_label.items()
        },
    }
    details = {
        scope: ";".join(pack_counters(found) for _, found in scope_of(sums, scope))
        for scope in SCOPES
    }
    aggregate = aggregate_from(sums, created_at=0)
    expected = {key: found for key, found in sums.items() if found}
    assert sums_from(aggregate, details) == expected
    assert sums_from(aggregate, msgspec.json.decode(msgspec.json.encode(details))) == expected
