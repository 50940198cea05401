from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_request
from old_files import UTC_PLUS_7, contradictions
from proxypal.records.counters import Counters
from proxypal.records.legacy_claims import Claims
from proxypal.records.legacy_settlement import settle, split, spread
from proxypal.records.request import RequestLog

ON_THE_19TH = 1_766_158_865_000


def settled(rows: Sequence[RequestLog] = (), **claims: dict) -> dict[tuple[str, str], Counters]:  # type: ignore[type-arg]  # claims of any scope
    sums = settle(rows, Claims(**claims), UTC_PLUS_7)
    assert contradictions(sums) == []
    return sums


def test_nothing_is_zero() -> None:
    """No rows and no claims are a total of nothing."""
    assert settled() == {("total", ""): Counters()}


def test_the_larger_of_rows_and_claim_per_label() -> None:
    """A series that contains the rows is not added to them; a label it lacks is."""
    rows = [a_request(timestamp=ON_THE_19TH, model="a")] * 3
    sums = settled(rows, model={"a": {"requests": 2}, "b": {"requests": 5}})
    assert sums["model", "a"].requests == 3
    assert sums["model", "b"].requests == 5
    assert sums["total", ""].requests == 8
    assert sums["undated", ""].requests == 5


def test_what_no_label_claims_is_undated_and_unknown() -> None:
    """A lifetime total beyond its series has no day, model or provider, and is not dropped."""
    sums = settled(total={"requests": 10, "success": 9}, day={"2025-12-19": {"requests": 4}})
    assert sums["undated", ""].requests == 6
    assert sums["model", "unknown"].requests == 10
    assert sums["provider", "unknown"].requests == 10
    assert sums["total", ""].success == 9


@pytest.mark.parametrize(
    ("claims", "success"),
    [
        ({"requests": 1203, "success": 1209, "failures": 41}, 1162),
        ({"requests": 100, "success": 90, "failures": 5}, 90),
        ({"requests": 100, "success": 90}, 90),
        ({"requests": 100, "failures": 5}, 95),
        ({"requests": 100}, 100),
        ({"requests": 100, "failures": 500}, 0),
        ({"requests": 100, "success": 0}, 0),
    ],
)
def test_success_and_failures_add_up(claims: dict[str, int], success: int) -> None:
    """D28: success never exceeds the total, and failures that were counted are not forgotten."""
    total = settled(total=claims)["total", ""]
    assert total.success == success
    assert total.success + total.failures == claims["requests"]


def test_rows_keep_their_class_of_failure() -> None:
    """A row says itself how it failed; a claim speaks only of requests without a row."""
    rows = [a_request(timestamp=ON_THE_19TH, status=429), a_request(timestamp=ON_THE_19TH)]
    sums = settled(rows, total={"requests": 3, "success": 1, "failures": 2})
    total = sums["total", ""]
    assert (total.rate_limited, total.other_failures, total.success) == (1, 1, 1)
    assert sums["day", "2025-12-19"].rate_limited == 1
    assert sums["undated", ""].other_failures == 1


def test_failures_stay_with_the_model_that_had_them() -> None:
    """What models say of their failures is kept; only the rest is shared."""
    sums = settled(
        total={"requests": 10, "success": 6},
        model={"a": {"requests": 4, "failures": 1}, "b": {"requests": 6}},
    )
    assert sums["model", "a"].failures + sums["model", "b"].failures == 4
    assert sums["model", "a"].failures >= 1


def test_tokens_of_unknown_kind_are_split_like_the_known() -> None:
    """A day series beyond the totals grows input and output in their proportion."""
    sums = settled(total={"tokens_in": 30, "tokens_out": 10}, day={"2025-12-19": {"tokens": 80}})
    assert (sums["total", ""].tokens_in, sums["total", ""].tokens_out) == (60, 20)
    assert (sums["day", "2025-12-19"].tokens_in, sums["day", "2025-12-19"].tokens_out) == (60, 20)
    sums = settled(day={"2025-12-19": {"tokens": 80}})
    assert (sums["total", ""].tokens_in, sums["total", ""].tokens_out) == (80, 0)


def test_hours_never_raise_a_day() -> None:
    """D29: hours that add up more than their day has are cut to fit it, in proportion."""
    sums = settled(
        day={"2025-12-19": {"requests": 10, "tokens": 100}},
        hour={
            "2025-12-19T08": {"requests": 15, "tokens": 10},
            "2025-12-19T09": {"requests": 5, "tokens": 20},
            "2025-12-20T09": {"requests": 5},
        },
    )
    assert sums["hour", "2025-12-19T08"].requests == 7
    assert sums["hour", "2025-12-19T09"].requests == 3
    assert sums["hour", "2025-12-19T09"].tokens == 20
    assert ("hour", "2025-12-20T09") not in sums
    assert sums["total", ""].requests == 10


def test_rows_without_a_time_are_undated() -> None:
    """A request whose time cannot be read is counted, without a day."""
    sums = settled([a_request(timestamp=0)])
    assert sums["undated", ""].requests == 1
    assert {scope for scope, _ in sums} == {"total", "undated", "model", "provider"}


_rooms = st.lists(st.integers(0, 10**12), max_size=6)


@given(_rooms, st.data())
def test_shares_add_up_and_fit(rooms: list[int], data: st.DataObject) -> None:
    """Sharing gives everything away and nobody more than there is room."""
    amount = data.draw(st.integers(0, sum(rooms)))
    shares = spread(amount, rooms)
    assert sum(shares) == amount
    assert all(0 <= share <= room for share, room in zip(shares, rooms, strict=True))


@given(_rooms, st.data())
def test_splitting_exceeds_neither_kind(parts: list[int], data: st.DataObject) -> None:
    """Split into input and output, parts keep their size and stay within both totals."""
    left = data.draw(st.integers(0, 10**13))
    right = data.draw(st.integers(max(0, sum(parts) - left), 10**13))
    pairs = split(parts, left, right)
    assert [a + b for a, b in pairs] == parts
    assert all(a >= 0 and b >= 0 for a, b in pairs)
    assert sum(a for a, _ in pairs) <= left
    assert sum(b for _, b in pairs) <= right
