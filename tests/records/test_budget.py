"""Budgets: how they are written, what is spent of them, and where that is heading."""

import tomllib
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import HOUR_MS, a_request, at
from proxypal.records.budget import Budget, BudgetState, budget_query, budget_state, parse_budgets
from proxypal.records.labels import zone_offset
from proxypal.records.local_range import range_labels
from proxypal.records.request import RequestLog
from proxypal.records.usage_answer import answer
from usage_questions import ZONES, facts_from

ZONE = "America/St_Johns"


def _parse(text: str) -> tuple[list[Budget], list[str]]:
    return parse_budgets(
        tomllib.loads(text, parse_float=Decimal), {"sk-…0XYZ#3f9a1c": "Work laptop"}
    )


def _budget(**changes: Any) -> Budget:
    usual = Budget(name="all", per="day", unit="usd", limit=Decimal(10))
    return msgspec.structs.replace(usual, **changes)


def _state(
    budget: Budget, requests: list[RequestLog], now_ms: int, zone: str = ZONE
) -> BudgetState:
    offset = zone_offset(ZoneInfo(zone))
    found = answer(budget_query(budget, now_ms, offset), facts_from(requests, ZoneInfo(zone)))
    return budget_state(budget, found, now_ms, offset)


def test_budgets_are_tables_of_the_settings() -> None:
    """A limit per day, week or month, for all or by the same conditions as every query."""
    budgets, problems = _parse(
        """
        [[budget]]
        name = "Claude this month"
        per = "month"
        usd = 199.90
        where = ["provider=anthropic", "key=Work*"]

        [[budget]]
        per = "day"
        tokens = 5_000_000
        where = "model=*opus*"

        [[budget]]
        per = "week"
        requests = 100
        where = "outcome=rate_limited"
        """
    )
    assert problems == []
    assert [(b.name, b.per, b.unit, b.limit) for b in budgets] == [
        ("Claude this month", "month", "usd", Decimal("199.9")),
        ("budget 2", "day", "tokens", Decimal(5_000_000)),
        ("budget 3", "week", "requests", Decimal(100)),
    ]
    assert [condition.text for condition in budgets[0].where] == ["provider=claude", "key=Work*"]
    assert budgets[0].where[1].labels == ("sk-…0XYZ#3f9a1c",)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('per = "year"\nusd = 1', "per must be one of day, week, month"),
        ("usd = 1", "per must be one of"),
        ('per = "day"', "needs one limit: usd, tokens or requests"),
        ('per = "day"\nusd = 1\ntokens = 1', "needs one limit"),
        ('per = "day"\nusd = "1"', "usd must be a number"),
        ('per = "day"\nusd = true', "usd must be a number"),
        ('per = "day"\nusd = -1', "usd must be from 0"),
        ('per = "day"\nusd = nan', "usd must be from 0"),
        ('per = "day"\nusd = inf', "usd must be from 0"),
        ('per = "day"\nusd = 1e-13', "more than 12 decimal places"),
        ('per = "day"\ntokens = 1.5', "tokens must be a whole number"),
        ('per = "day"\nrequests = -1', "requests must be a whole number"),
        ('per = "day"\nusd = 1\nwhere = "colour=red"', "'colour' in 'colour=red' is none of"),
        ('per = "day"\nusd = 1\nwhere = [1]', "where must be text"),
        ('per = "day"\nusd = 1\nwhere = "outcome=failed"', "not kept by outcome"),
        ('per = "day"\nusd = 1\nlimit = 2', "'limit' is none of name, per"),
        ('per = "day"\nusd = 1\nname = 3', "name must be text"),
    ],
)
def test_what_is_wrong_is_told_with_its_number(entry: str, reason: str) -> None:
    """One wrong budget is left out, by its number, and the others are kept."""
    budgets, (problem,) = _parse(f'[[budget]]\nper = "day"\nusd = 1\n[[budget]]\n{entry}')
    assert [budget.name for budget in budgets] == ["budget 1"]
    assert problem.startswith("[[budget]] number 2 is left out: ")
    assert reason in problem


def test_a_single_table_is_not_a_list() -> None:
    """`[budget]` instead of `[[budget]]` is told."""
    assert _parse('[budget]\nper = "day"') == (
        [],
        ["budget must be a list of tables, [[budget]]; it is left out."],
    )
    assert parse_budgets({}) == ([], [])
    assert parse_budgets({"budget": [7]})[1] == [
        "[[budget]] number 1 is left out: expected a table, got a whole number."
    ]


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=5)
    | st.sampled_from(["day", "week", "model=x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"per": st.just("day") | _VALUES},
            optional=dict.fromkeys(["name", "usd", "tokens", "requests", "where"], _VALUES),
        )
        | _VALUES,
        max_size=3,
    )
    | _VALUES
)
def test_any_settings_are_budgets_or_problems(value: object) -> None:
    """Nothing in the file breaks it: every entry is a budget or a problem."""
    budgets, problems = parse_budgets({"budget": value})
    if isinstance(value, list):
        assert len(budgets) + len(problems) == len(value)
    assert all(problem.endswith(".") for problem in problems)


@pytest.mark.parametrize(
    ("per", "since", "until"),
    [
        ("day", "2026-11-05T00", "2026-11-06T00"),
        ("week", "2026-11-02T00", "2026-11-09T00"),
        ("month", "2026-11-01T00", "2026-12-01T00"),
    ],
)
def test_a_period_is_the_calendars_in_the_zone_of_the_data(
    per: str, since: str, until: str
) -> None:
    """Weeks begin on Monday, days and months at their own midnight."""
    now_ms = at("2026-11-06T03:00Z")  # still the 5th in Newfoundland
    query = budget_query(_budget(per=per), now_ms, zone_offset(ZoneInfo(ZONE)))
    assert range_labels(query.range) == (since, until)
    state = _state(_budget(per=per), [], now_ms)
    assert (state.since, state.until) == (since, until)


def test_what_is_spent_is_exact_and_by_filter() -> None:
    """The cost of the requests meant, to the last digit; others and other days are not in it."""
    now_ms = at("2026-11-05T15:30Z")  # noon
    budget = _parse('[[budget]]\nper = "day"\nusd = 0.3\nwhere = "model=a"')[0][0]
    requests = [
        a_request(timestamp=now_ms, model="a", cost_usd=Decimal("0.1")),
        a_request(timestamp=now_ms - HOUR_MS, model="a", cost_usd=Decimal("0.2")),
        a_request(timestamp=now_ms - HOUR_MS, model="a", cost_usd=None),
        a_request(timestamp=now_ms, model="b", cost_usd=Decimal(5)),
        a_request(timestamp=now_ms - 24 * HOUR_MS, model="a", cost_usd=Decimal(7)),
    ]
    state = _state(budget, requests, now_ms)
    assert (state.spent, state.remaining) == (Decimal("0.3"), Decimal(0))
    assert state.share == 1
    assert not state.is_passed  # all of it is spent, and no more
    assert state.unpriced == 1
    assert (state.elapsed, state.forecast) == (0.5, Decimal("0.6"))
    assert state.will_pass
    more = [*requests, a_request(timestamp=now_ms, model="a", cost_usd=Decimal("1E-30"))]
    assert _state(budget, more, now_ms).is_passed


@pytest.mark.parametrize(("unit", "spent"), [("tokens", 1600), ("requests", 2)])
def test_tokens_and_requests_have_budgets_too(unit: str, spent: int) -> None:
    """Input and output tokens, or requests, whole numbers in the forecast too."""
    now_ms = at("2026-11-05T10:30Z")  # 7 in the morning
    requests = [a_request(timestamp=now_ms), a_request(timestamp=now_ms)]
    state = _state(_budget(unit=unit, limit=Decimal(spent - 1)), requests, now_ms)
    assert (state.spent, state.remaining) == (Decimal(spent), Decimal(-1))
    assert state.is_passed
    assert state.forecast == round(spent * 24 / 7)


@pytest.mark.parametrize(
    ("zone", "now", "elapsed"),
    [
        ("America/St_Johns", "2026-03-08T12:00", 11 / 23),
        ("America/St_Johns", "2026-11-01T12:00", 13 / 25),
        ("Australia/Lord_Howe", "2026-04-05T12:00", 12.5 / 24.5),
        ("Australia/Lord_Howe", "2026-10-04T12:00", 11.5 / 23.5),
        ("Asia/Kolkata", "2026-11-01T12:00", 0.5),
        ("Africa/Cairo", "2026-04-24T13:00", 12 / 23),
    ],
)
def test_a_day_of_a_clock_change_has_its_own_length(zone: str, now: str, elapsed: float) -> None:
    """The run rate counts real hours: noon is not half of a day of 23 or 25 hours.

    In Cairo clocks skip midnight itself: that day begins at 1:00.
    """
    moment = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(zone))
    now_ms = round(moment.timestamp() * 1000)
    assert _state(_budget(), [], now_ms, zone).elapsed == pytest.approx(elapsed)


@pytest.mark.parametrize("zone", ZONES)
@given(data=st.data())
def test_what_has_passed_grows_from_nothing_to_all(zone: str, data: st.DataObject) -> None:
    """In every period, at every moment: between 0 and 1, and never back."""
    per = data.draw(st.sampled_from(["day", "week", "month"]))
    start = at(data.draw(st.sampled_from(ZONES[zone])))
    now_ms = start + data.draw(st.integers(-48, 48)) * HOUR_MS + data.draw(st.integers(0, HOUR_MS))
    before = _state(_budget(per=per), [], now_ms, zone)
    after = _state(_budget(per=per), [], now_ms + data.draw(st.integers(1, 10**8)), zone)
    assert 0 <= before.elapsed < 1
    assert 0 <= after.elapsed < 1
    assert before.since != after.since or before.elapsed < after.elapsed


def test_the_first_hour_forecasts_nothing() -> None:
    """One request a minute after midnight is no forecast of a thousand."""
    now_ms = at("2026-11-05T03:31Z")
    requests = [a_request(timestamp=now_ms, cost_usd=Decimal(1))]
    state = _state(_budget(), requests, now_ms)
    assert (state.spent, state.forecast) == (Decimal(1), None)
    assert not state.will_pass
    assert _state(_budget(), requests, now_ms + HOUR_MS).forecast is not None


def test_a_limit_of_nothing_allows_nothing() -> None:
    """A budget of 0 is passed by the first cent and has no share."""
    now_ms = at("2026-11-05T15:30Z")
    free = _state(_budget(limit=Decimal(0)), [], now_ms)
    assert (free.share, free.is_passed, free.will_pass) == (None, False, False)
    paid = [a_request(timestamp=now_ms, cost_usd=Decimal("0.01"))]
    assert _state(_budget(limit=Decimal(0)), paid, now_ms).is_passed


def test_a_state_is_json() -> None:
    """Every surface shows the same camel-case object, money as exact numbers."""
    state = _state(_budget(), [], at("2026-11-05T15:30Z"))
    encoded = msgspec.json.decode(msgspec.json.Encoder(decimal_format="number").encode(state))
    assert encoded["isPassed"] is False
    assert encoded["limit"] == 10
    assert encoded["since"] == "2026-11-05T00"
