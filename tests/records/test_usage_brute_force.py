"""Any query equals the same question asked of the list of all requests."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxypal.records.request import RequestLog
from proxypal.records.usage_answer import Answer, answer
from proxypal.records.usage_axes import DIMENSIONS, TIMES
from usage_comparing import compare_answer, compare_percentiles, query_of
from usage_questions import (
    ADDITIVE,
    ADDITIVE_AMOUNTS,
    ZONES,
    Asked,
    brute_force,
    facts_from,
    figures_by_label,
    measured,
    questions,
    traffic,
)

ONE_OR_TWO = st.lists(st.sampled_from(DIMENSIONS), min_size=1, max_size=2, unique=True)

in_every_zone = pytest.mark.parametrize("zone", ZONES)


def _answer(
    requests: Sequence[RequestLog], zone: str, asked: Asked, metrics: str = "all", **more: Any
) -> Answer:
    """What a store that has these requests answers."""
    query = query_of(zone, asked, metrics, **more)
    return answer(query, facts_from(requests, ZoneInfo(zone)))


@in_every_zone
@settings(max_examples=100)
@given(data=st.data())
def test_any_query_equals_the_list_of_all_requests(zone: str, data: st.DataObject) -> None:
    """Whatever is asked, near any change of clocks: every figure is the one of the requests."""
    requests = data.draw(traffic(zone))
    asked = data.draw(questions(zone, st.just([]) | ONE_OR_TWO))
    compare_answer(_answer(requests, zone, asked), requests, ZoneInfo(zone), asked)


@in_every_zone
@settings(max_examples=50)
@given(data=st.data())
def test_rows_add_up_to_the_total(zone: str, data: st.DataObject) -> None:
    """With or without a top N, in any order: the rows are the total, nothing is lost or doubled."""
    requests = data.draw(traffic(zone))
    asked = data.draw(questions(zone, ONE_OR_TWO))
    top = data.draw(st.none() | st.integers(1, 4))
    order = data.draw(st.sampled_from([None, "cost", "label", "p95:asc", "requests:asc"]))
    found = _answer(requests, zone, asked, top=top, order=order)
    for name in (*ADDITIVE, *ADDITIVE_AMOUNTS):
        values = [getattr(row, name) for row in found.rows]
        if None not in values and getattr(found.total, name) is not None:
            assert sum(values) == getattr(found.total, name), name
    folded = [row for row in found.rows if row.folded is not msgspec.UNSET]
    if top is not None:
        names = [axis for axis, name in zip(found.axes, asked.by, strict=True) if name not in TIMES]
        is_mixed = len(asked.by) == 2 and len(names) == 1
        assert (len(names[0]) if is_mixed else len(found.rows) - len(folded)) <= top
    else:
        assert folded == []


@in_every_zone
@settings(max_examples=50)
@given(data=st.data())
def test_the_top_are_those_with_most(zone: str, data: st.DataObject) -> None:
    """No group that is folded has more than one that is listed."""
    requests = data.draw(traffic(zone))
    asked = data.draw(questions(zone, st.just(["model", "key"])))._replace(where=[])
    found = _answer(requests, zone, asked, metrics="cost", top=2)
    groups = brute_force(requests, ZoneInfo(zone), asked)
    costs = sorted((measured(group)["cost_usd"] for group in groups.values()), reverse=True)
    listed = [row for row in found.rows if row.folded is msgspec.UNSET]
    assert [Fraction(row.cost_usd) for row in listed if row.cost_usd] == [c for c in costs if c][:2]


@in_every_zone
@settings(max_examples=50)
@given(data=st.data())
def test_percentiles_are_within_one_percent(zone: str, data: st.DataObject) -> None:
    """Over whole days, by day, week, month, provider or model, every percentile is near the truth.

    The truth is the nearest-rank percentile of the list of all requests.
    """
    requests = data.draw(traffic(zone))
    asked = data.draw(
        questions(
            zone,
            st.lists(
                st.sampled_from(["day", "week", "month", "provider", "model"]),
                max_size=2,
                unique=True,
            ),
        )
    )
    since = asked.since.replace(hour=0)
    where = [text for text in asked.where if text.startswith(("model", "provider"))]
    asked = Asked(since, since + timedelta(days=data.draw(st.integers(1, 5))), where, asked.by)
    found = _answer(requests, zone, asked)
    assert found.exact
    expected = brute_force(requests, ZoneInfo(zone), asked)
    everything = [request for group in expected.values() for request in group]
    compare_percentiles(found.total, everything)
    for label, row in figures_by_label(found.rows).items():
        compare_percentiles(row, expected.get(label, []))


@in_every_zone
@pytest.mark.parametrize("by", ["hour", "day", "week", "month"])
@settings(max_examples=20)
@given(data=st.data())
def test_an_axis_of_time_has_no_holes(zone: str, by: str, data: st.DataObject) -> None:
    """Every hour, day, week or month of the range is listed once, in order, with zeros if empty."""
    requests = data.draw(traffic(zone))
    asked = data.draw(questions(zone, st.just([by])))
    found = _answer(requests, zone, asked, metrics="requests")
    formats = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}
    hours = (asked.until - asked.since) // timedelta(hours=1)
    walls = (asked.since + timedelta(hours=hour) for hour in range(hours))
    expected = list(dict.fromkeys(wall.strftime(formats[by]) for wall in walls))
    assert [row.labels[0] for row in found.rows] == expected
    assert found.axes == [expected]
