"""Facts put into the groups of a query, and their sums."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from builders import money, requests
from proxypal.records.counters import COUNT_FIELDS, Counters, counters_of, total_of
from proxypal.records.imported import Names
from proxypal.records.local_range import LocalRange
from proxypal.records.name_filters import parse_condition
from proxypal.records.request import RequestLog
from proxypal.records.usage_axes import OUTCOMES, SUCCESS, UNDATED
from proxypal.records.usage_gathering import (
    Groups,
    HourCell,
    count_of,
    only,
    split_by_outcome,
)
from proxypal.records.usage_notes import Coverage, Note, Unplaced
from proxypal.records.usage_query import Query

DAY = 20_454
CLAUDE: Names = ("claude", "opus", "k1", "", "log")
OPENAI: Names = ("openai", "gpt", "k2", "", "log")


def _counters(count: int = 1) -> Counters:
    return Counters(requests=count, tokens_in=10 * count, cost_usd=Decimal(count) / 100)


def _query(**changes: Any) -> Query:
    where = tuple(parse_condition(text, {}) for text in changes.pop("where", ()))
    return Query(where=where, **changes)


def _days(
    query: Query, days: list[tuple[int, Names | None, Counters]], undated_until: int = 0
) -> tuple[dict[Any, int], list[Note]]:
    groups, unplaced = Groups(query), Unplaced(Coverage())
    groups.add_days(days, unplaced, undated_until)
    return {key: sums.requests for key, sums in groups.sums().items()}, unplaced.notes()


@given(st.lists(requests(), max_size=8))
def test_the_sum_of_counters_is_the_one_of_counting(batch: list[RequestLog]) -> None:
    """Every field, money to the last digit, and what was added stays as it was."""
    parts = [counters_of(request) for request in batch]
    expected = Counters()
    for part in parts:
        expected.add(part)
    assert total_of(parts) == expected
    assert parts == [counters_of(request) for request in batch]


@given(st.lists(money(), min_size=2, max_size=30))
def test_money_is_added_to_the_last_digit(costs: list[Decimal]) -> None:
    """Thirty decimal places, whatever the decimal context of the thread."""
    total = total_of([Counters(requests=1, cost_usd=cost) for cost in costs])
    assert Fraction(total.cost_usd) == sum(Fraction(cost) for cost in costs)


def test_cells_go_to_their_groups() -> None:
    """By day and model; what is outside the range or not admitted goes nowhere."""
    query = _query(
        range=LocalRange(since_hour=DAY * 24 + 2, until_hour=(DAY + 2) * 24),
        by=("model", "day"),
        where=["provider=claude"],
    )
    groups = Groups(query)
    other: Names = ("claude", "opus", "k9", "a", "")
    cells: list[HourCell] = [
        (DAY * 24 + 1, CLAUDE, _counters(100)),
        (DAY * 24 + 2, CLAUDE, _counters(1)),
        (DAY * 24 + 9, other, _counters(2)),
        (DAY * 24 + 30, CLAUDE, _counters(4)),
        (DAY * 24 + 30, OPENAI, _counters(200)),
        (DAY * 24 + 48, CLAUDE, _counters(400)),
    ]
    groups.add_hours(cells)
    found = {key: sums.requests for key, sums in groups.sums().items()}
    assert found == {("opus", (DAY, 0)): 3, ("opus", (DAY + 1, 0)): 4}


def test_cells_are_read_once_and_not_kept() -> None:
    """A hundred thousand cells out of a generator are summed as they come; none is changed."""
    cell = _counters()

    def cells() -> Iterator[HourCell]:
        for number in range(100_000):
            yield DAY * 24 + number % 7, CLAUDE if number % 3 else OPENAI, cell

    groups = Groups(_query(by=("provider",)))
    groups.add_hours(cells())
    assert {key: sums.requests for key, sums in groups.sums().items()} == {
        ("claude",): 66_666,
        ("openai",): 33_334,
    }
    assert cell == _counters()


def test_what_was_undone_is_not_listed() -> None:
    """A group that was brought back to nothing is no row."""
    back = Counters()
    back.add(_counters(), -1)
    groups = Groups(_query(by=("model",)))
    groups.add_hours([(0, CLAUDE, _counters()), (0, CLAUDE, back), (0, OPENAI, _counters())])
    assert groups.sums().keys() == {("gpt",)}


def test_a_whole_day_counts_without_hours() -> None:
    """Sums of a day within the range are counted like its hours, and nothing has to be said."""
    query = _query(range=LocalRange(since_hour=DAY * 24, until_hour=(DAY + 2) * 24), by=("day",))
    found, notes = _days(query, [(DAY, CLAUDE, _counters(3)), (DAY + 2, CLAUDE, _counters(9))])
    assert (found, notes) == ({((DAY, 0),): 3}, [])


def test_a_day_that_is_cut_is_left_out_and_told() -> None:
    """Nobody knows which of its requests were within the hours asked for."""
    query = _query(range=LocalRange(since_hour=DAY * 24 + 1), where=["model=opus"])
    days = [(DAY, CLAUDE, _counters(3)), (DAY, OPENAI, _counters(5)), (DAY, None, _counters(7))]
    found, notes = _days(query, [*days, (DAY + 1, CLAUDE, _counters(1))])
    assert found == {(): 1}
    assert [(note.kind, note.requests) for note in notes] == [("noHour", 10)]


def test_a_day_by_hour_stands_beside_its_hours() -> None:
    """Counted under the day, with a note, so that the sum is the total."""
    found, notes = _days(_query(by=("hour",)), [(DAY, CLAUDE, _counters(3))])
    assert found == {((DAY, -1),): 3}
    assert [(note.kind, note.requests) for note in notes] == [("noHour", 3)]


def test_without_names_a_day_is_unknown_or_left_out() -> None:
    """By model it is `unknown`; a condition on the model cannot be answered; a total can."""
    days: list[tuple[int, Names | None, Counters]] = [(DAY, None, _counters(3))]
    assert _days(_query(by=("day",)), days) == ({((DAY, 0),): 3}, [])
    found, notes = _days(_query(by=("model",)), days)
    assert found == {("unknown",): 3}
    assert [(note.kind, note.requests) for note in notes] == [("noNames", 3)]
    found, notes = _days(_query(where=["model!=opus"]), days)
    assert found == {}
    assert [(note.kind, note.requests) for note in notes] == [("noNames", 3)]
    assert "left out" in notes[0].text


def test_without_a_day_only_all_time_counts_it() -> None:
    """Totals without a day are in no range, and missing only in one that they may be of."""
    days: list[tuple[int, Names | None, Counters]] = [(UNDATED, None, _counters(3))]
    assert _days(_query(), days) == ({(): 3}, [])
    found, notes = _days(_query(by=("day",)), days)
    assert found == {((UNDATED, 0),): 3}
    assert [note.kind for note in notes] == ["noDay"]
    early = _query(range=LocalRange(since_hour=DAY * 24))
    found, notes = _days(early, days, undated_until=DAY * 24 + 1)
    assert (found, [note.requests for note in notes]) == ({}, [3])
    assert _days(early, days, undated_until=DAY * 24) == ({}, [])


def test_tokens_without_requests_are_told_of_too() -> None:
    """A day's total of tokens alone, cut by the range: the answer is not exact, and says why."""
    query = _query(range=LocalRange(since_hour=DAY * 24 + 1))
    days: list[tuple[int, Names | None, Counters]] = [(DAY, CLAUDE, Counters(tokens_in=9))]
    found, (note,) = _days(query, days)
    assert (found, note.kind, note.requests) == ({}, "noHour", 0)
    assert note.text.startswith("Tokens and cost of ")
    only_counts = _query(range=LocalRange(since_hour=DAY * 24 + 1), where=["outcome=rate_limited"])
    assert _days(only_counts, days) == ({}, [])


def test_a_note_counts_only_the_outcome_asked_for() -> None:
    """Of a day left out, only the requests that were asked for are missing."""
    query = _query(range=LocalRange(since_hour=DAY * 24 + 1), where=["outcome=rate_limited"])
    sums = Counters(requests=10, rate_limited=2)
    assert [note.requests for note in _days(query, [(DAY, CLAUDE, sums)])[1]] == [2]


def test_outcomes_are_the_whole() -> None:
    """Success and the classes of failure add up to the requests, alone and together."""
    sums = Counters(requests=20, client_gone=1, rate_limited=2, client_errors=3, server_errors=4)
    assert sum(count_of(sums, outcome) for outcome in OUTCOMES) == 20
    assert only(sums, [SUCCESS]) == Counters(requests=10)
    assert only(sums, ["client_gone", "rate_limited"]) == Counters(
        requests=3, client_gone=1, rate_limited=2
    )
    split = split_by_outcome({("opus",): sums}, _query(by=("outcome", "model")))
    assert {key: found.requests for key, found in split.items()} == {
        ("success", "opus"): 10,
        ("client_gone", "opus"): 1,
        ("rate_limited", "opus"): 2,
        ("client_errors", "opus"): 3,
        ("server_errors", "opus"): 4,
    }


def test_no_counter_is_forgotten_in_a_sum() -> None:
    """A counter added to the type later is summed too, or this fails."""
    ones = Counters(**dict.fromkeys(COUNT_FIELDS, 1), cost_usd=Decimal(1))
    twos = Counters(**dict.fromkeys(COUNT_FIELDS, 2), cost_usd=Decimal(2))
    assert total_of([ones, ones]) == twos
