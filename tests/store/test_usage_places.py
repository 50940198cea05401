"""Places: facts are summed up as far as a question lets them, and never any further."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.local_range import LocalRange
from proxypal.records.usage_axes import DIMENSIONS, TIMES, time_key
from proxypal.records.usage_query import Query
from proxypal.store.usage_places import Places, days_of, is_day, time_of

DAY = 20_500
HOURS = st.integers(DAY * 24 - 60, DAY * 24 + 24 * 70)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Any range and any one or two groupings."""
    ends = sorted(draw(st.tuples(HOURS, HOURS)))
    since, until = (draw(st.sampled_from([end, None])) for end in ends)
    by = draw(st.lists(st.sampled_from(DIMENSIONS), max_size=2, unique=True))
    return Query(
        range=LocalRange(since_hour=since, until_hour=until),
        by=tuple(by),
        now_hour=draw(HOURS),
    )


def groups_of(query: Query, day: int, hour: int) -> list[object]:
    """The groups of time that an hour belongs to."""
    return [time_key(name, day, hour) for name in query.by if name in TIMES]


def is_asked_for(query: Query, hour: int) -> bool:
    """Whether an hour lies in the range."""
    since, until = query.range.since_hour, query.range.until_hour
    return (since is None or since <= hour) and (until is None or hour < until)


@given(queries(), HOURS)
def test_an_hour_stays_in_its_group(query: Query, at_hour: int) -> None:
    """Wherever an hour's facts go: that place is in the range, and in the same groups."""
    day, hour = divmod(at_hour, 24)
    places = Places(query)
    found = places.of_hours(day)
    assert set(found) == {n for n in range(24) if is_asked_for(query, day * 24 + n)}
    if hour in found:
        place = found[hour]
        assert not is_day(place)
        assert is_asked_for(query, time_of(place))
        assert groups_of(query, *divmod(time_of(place), 24)) == groups_of(query, day, hour)


@given(queries(), HOURS)
def test_a_day_stays_in_its_group(query: Query, at_hour: int) -> None:
    """Of a day that is wholly asked for, the sums go to a day that is, in the same groups."""
    day, places = at_hour // 24, Places(query)
    hours = [is_asked_for(query, day * 24 + hour) for hour in range(24)]
    assert places.is_whole(day) == all(hours)
    if places.is_whole(day) and not places.needs_hours:
        place = places.of_day(day)
        assert is_day(place)
        assert places.is_whole(time_of(place))
        assert groups_of(query, time_of(place), 0) == groups_of(query, day, 0)


@given(queries(), HOURS)
def test_days_beyond_the_range_are_not_read(query: Query, at_hour: int) -> None:
    """The days that are read are those that any of the range lies in."""
    day = at_hour // 24
    first, end = days_of(query.range)
    assert (first <= day < end) == any(
        is_asked_for(query, day * 24 + hour) for hour in range(24)
    ) or query.range.since_hour == query.range.until_hour


def test_a_year_by_month_is_twelve_places() -> None:
    """So few sums go into an answer as it has groups of time, however long the range is."""
    first = (date(2026, 1, 1) - date(1970, 1, 1)).days
    asked = LocalRange(since_hour=first * 24, until_hour=(first + 365) * 24)
    counts = {"": 1, "month": 12, "week": 53, "day": 365}
    for by, count in counts.items():
        places = Places(Query(range=asked, by=(by,) if by else ()))
        assert len({places.of_day(day) for day in range(first, first + 365)}) == count, by
    places = Places(Query(range=asked, by=("weekday-hour",)))
    found = {at for day in range(first, first + 365) for at in places.of_hours(day).values()}
    assert len(found) == 7 * 24
    assert date(1970, 1, 1) + timedelta(days=first) == date(2026, 1, 1)
