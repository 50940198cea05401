"""The axis of time is readable from an hour to ten years, at any width."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import names
from proxypal.charts.time_labels import (
    MEDIUM,
    NARROW,
    WIDE,
    moment_of,
    noun_of,
    spoken,
    time_ticks,
)


def days(count: int, first: str = "2025-11-20") -> list[str]:
    return [(date.fromisoformat(first) + timedelta(days=n)).isoformat() for n in range(count)]


def hours(count: int, first: int = 13) -> list[str]:
    return [
        f"{date(2026, 1, 8) + timedelta(days=(first + n) // 24)}T{(first + n) % 24:02d}"
        for n in range(count)
    ]


def months(count: int) -> list[str]:
    return [f"{2024 + n // 12}-{n % 12 + 1:02d}" for n in range(count)]


def weeks(count: int) -> list[str]:
    first = date(2025, 1, 6)
    calendar = [(first + timedelta(weeks=n)).isocalendar() for n in range(count)]
    return [f"{one.year}-W{one.week:02d}" for one in calendar]


AXES = st.one_of(
    st.integers(0, 800).map(days),
    st.integers(0, 400).map(hours),
    st.integers(0, 150).map(months),
    st.integers(0, 200).map(weeks),
    st.lists(names(), max_size=30),
)


@given(AXES)
def test_labels_never_meet(labels: list[str]) -> None:
    """On a phone, in a card and over the whole page there is room for each label shown."""
    ticks = [tick for tick in time_ticks(labels) if not tick.starts]
    for tier, most in ((1, NARROW), (2, MEDIUM), (3, WIDE)):
        shown = [tick for tick in ticks if tick.tier <= tier]
        assert len(shown) <= most + 1
        apart = [b.place - a.place for a, b in itertools.pairwise(shown)]
        if moment_of(labels[0] if labels else ""):
            assert len(set(apart)) <= 1
    assert all(0 <= tick.place < len(labels) for tick in ticks)


@given(AXES)
def test_something_is_written_where_there_is_anything(labels: list[str]) -> None:
    """No axis is without a label in the least room, unless it is shorter than the labelled step."""
    ticks = time_ticks(labels)
    if labels and noun_of(labels) != "hour":
        assert any(tick.tier == 1 for tick in ticks)


def test_the_latest_day_is_written() -> None:
    """Now is what is looked at, so labels are counted from there."""
    last = max(time_ticks(days(90)), key=lambda tick: tick.place)
    assert last == (89, "Feb 17", 1, False)


def test_years_stand_where_they_begin() -> None:
    """Over a turn of the year one sees which year it is."""
    starts = [(tick.place, tick.text) for tick in time_ticks(days(90)) if tick.starts]
    assert starts == [(0, "2025"), (42, "2026")]


def test_a_day_of_hours() -> None:
    """The last 24 hours show the clock, and where the day changes."""
    ticks = time_ticks(hours(24))
    assert [tick.text for tick in ticks if tick.starts] == ["Jan 8", "Jan 9"]
    assert {tick.text for tick in ticks} >= {"18:00", "00:00", "06:00", "12:00"}


def test_a_week_of_hours_shows_its_days() -> None:
    """Over several days a label stands at each midnight."""
    ticks = time_ticks(hours(168, first=0))
    assert [tick.text for tick in ticks] == [f"Jan {day}" for day in range(8, 15)]


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("2026-11-03T14", "Tue, Nov 3, 2026, 14:00–15:00"),  # noqa: RUF001 - a range
        ("2026-11-03", "Tue, Nov 3, 2026"),
        ("2026-W45", "Week of Nov 2, 2026"),
        ("2026-11", "Nov 2026"),
        ("undated", "undated"),
        ("2026-13", "2026-13"),
        ("2026-02-30", "2026-02-30"),
        ("2026-11-03T24", "2026-11-03T24"),
        ("2026-W60", "2026-W60"),
        ("a\nb", r"a\nb"),
    ],
)
def test_labels_are_spoken(label: str, text: str) -> None:
    """A tooltip says the time as one says it; what is no time is said as it is."""
    assert spoken(label) == text


def test_what_a_place_is() -> None:
    """The words say days of days and groups of anything else."""
    assert [noun_of(found) for found in (hours(2), days(2), weeks(2), months(2), ["a"], [])] == [
        "hour",
        "day",
        "week",
        "month",
        "group",
        "group",
    ]
