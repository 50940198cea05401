"""A question about usage in the user's words."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW_MS, ZONE
from proxypal.records.labels import zone_offset
from proxypal.records.usage_axes import DIMENSIONS, OUTCOMES
from proxypal.records.usage_metrics import METRICS, USUAL_METRICS
from proxypal.records.usage_query import Order, Query, QueryWords, parse_query

OFFSET = zone_offset(ZONE)


def _parse(**words: Any) -> Query | str:
    return parse_query(QueryWords(**words), NOW_MS, OFFSET, {"sk-…0XYZ#3f9a1c": "Laptop"})


def _query(**words: Any) -> Query:
    query = _parse(**words)
    assert isinstance(query, Query), query
    return query


def test_without_words_everything_is_asked() -> None:
    """No range, no condition, no group: all there is, the usual figures."""
    query = _query()
    assert (query.range.since_hour, query.range.until_hour) == (None, None)
    assert (query.where, query.by, query.metrics) == ((), (), USUAL_METRICS)
    assert query.admits(("claude", "m", "", "", ""))
    assert query.outcomes == set(OUTCOMES)


def test_three_ways_to_name_a_range() -> None:
    """A range, a span, or since and until."""
    assert _query(range="2026-01-02..2026-01-05").range == (
        _query(since="2026-01-02", until=" 2026-01-05 ").range
    )
    assert _query(last="24h").range == _query(range="24h").range == _query(since="24h").range


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("cost", "cost_usd"),
        ("costUsd", "cost_usd"),
        ("COST-USD", "cost_usd"),
        ("p95", "p95_duration_ms"),
        ("p95-ttft", "p95_ttft_ms"),
        ("cacheHitRate", "cache_hit_rate"),
        ("failures", "failure_count"),
        ("reasoning", "reasoning_tokens"),
    ],
)
def test_metrics_go_by_short_names_and_any_case(text: str, metric: str) -> None:
    """What a person would type, what JSON writes and what Python calls it are one metric."""
    assert _query(metrics=[text]).metrics == (metric,)
    assert _query(order=text).order == Order(metric, descending=True)


def test_lists_may_be_separated_by_commas() -> None:
    """One option with commas, or the option again."""
    assert _query(by=["day, model"]).by == _query(by=["day", "model"]).by == ("day", "model")
    assert _query(metrics=["cost,requests", "cost"]).metrics == ("cost_usd", "requests")
    assert _query(metrics=["all"]).metrics == METRICS
    assert _query(by=["weekdayHour"]).by == _query(by=["weekday-hour"]).by == ("weekday-hour",)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("cost:asc", Order("cost_usd", descending=False)),
        ("cost:desc", Order("cost_usd", descending=True)),
        ("label", Order(None, descending=False)),
        ("label:desc", Order(None, descending=True)),
    ],
)
def test_most_first_unless_said_otherwise(text: str, order: Order) -> None:
    """Figures are sorted from the most down, labels from A up."""
    assert _query(order=text).order == order


def test_all_conditions_must_hold() -> None:
    """Several conditions narrow; the user's own names of keys are known."""
    query = _query(where=["model=claude-*", "key=laptop", "outcome!=failed"])
    assert query.admits(("claude", "claude-opus", "sk-…0XYZ#3f9a1c", "", ""))
    assert not query.admits(("openai", "gpt-5", "sk-…0XYZ#3f9a1c", "", ""))
    assert not query.admits(("claude", "claude-opus", "", "", ""))
    assert query.outcomes == {"success"}


def test_a_query_says_what_has_to_be_read() -> None:
    """Names that do not matter, hours within days and sketches can be left unread."""
    query = _query(where=["key=x"], by=["day", "model"], metrics=["p95"])
    assert query.names == {"key", "model"}
    assert not query.needs_hours
    assert not query.needs_sketches  # by key there are none
    assert _query(by=["day", "model"], order="p95").needs_sketches
    assert not _query(by=["model"]).needs_sketches
    assert not _query(metrics=["p95"], where=["outcome=failed"]).needs_sketches
    assert _query(metrics=["p95"], where=["outcome=failed|success"]).needs_sketches
    assert _query(by=["hour"]).needs_hours
    assert _query(by=["weekday-hour"]).needs_hours


def test_a_query_is_shown_as_it_was_understood() -> None:
    """JSON says the range in local hours, what was cut, and the metrics as it names them."""
    query = _query(
        range="2026-01-02..2026-01-05T12:30",
        where=["provider!=Anthropic"],
        by=["day"],
        metrics=["cost"],
        order="p95:asc",
        top="3",
    )
    assert msgspec.json.decode(msgspec.json.encode(query.shape)) == {
        "since": "2026-01-02T00",
        "until": "2026-01-05T13",
        "cuts": ["2026-01-05T12:30 falls inside an hour: it ends with 2026-01-05T12:59."],
        "where": ["provider!=claude"],
        "by": ["day"],
        "metrics": ["costUsd"],
        "order": "p95DurationMs:asc",
        "top": 3,
    }


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"range": "today", "last": "7d"}, "exclude each other"),
        ({"range": "today", "since": "7d"}, "exclude each other"),
        ({"last": "7d", "until": "today"}, "exclude each other"),
        ({"range": "someday"}, "'someday' is none of"),
        ({"last": "today"}, "no span"),
        ({"since": "2026-01-02", "until": "2026-01-01"}, "nothing lies between"),
        ({"where": ["colour=red"]}, "none of provider"),
        ({"by": ["day", "model", "key"]}, "at most two"),
        ({"by": ["day,day"]}, "by day already"),
        ({"by": ["colour"]}, "nothing to group by; there are hour, day"),
        ({"metrics": ["beauty"]}, "no metric; there are requests"),
        ({"metrics": ["all", "cost"]}, "'all' is no metric"),
        ({"order": "beauty"}, "no metric to sort by"),
        ({"order": "cost:up"}, "neither asc nor desc"),
        ({"top": "0"}, "whole number from 1"),
        ({"top": "-1"}, "whole number from 1"),
        ({"top": "many"}, "whole number from 1"),
        ({"top": 10**9}, "whole number from 1"),
        ({"top": "٣"}, "whole number from 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: dict[str, Any], reason: str) -> None:
    """The reason says what was given and what would do."""
    found = _parse(**words)
    assert isinstance(found, str)
    assert reason in found


_TEXT = st.text(max_size=10) | st.sampled_from(
    ["today", "7d", "cost", "model", "all", "1", "\ud800", ",", "label:", *DIMENSIONS]
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "range": _TEXT,
            "since": _TEXT,
            "until": _TEXT,
            "last": _TEXT,
            "where": st.lists(_TEXT, max_size=2),
            "by": st.lists(_TEXT, max_size=3),
            "metrics": st.lists(_TEXT, max_size=3),
            "order": _TEXT,
            "top": _TEXT | st.integers(),
        },
    )
)
def test_any_words_are_a_query_or_a_reason(words: dict[str, Any]) -> None:
    """No text raises, and every reason can be printed."""
    found = _parse(**words)
    if isinstance(found, str):
        assert found.encode()
    else:
        msgspec.json.encode(found.shape)


def test_words_come_from_json_too() -> None:
    """The same words in a URL or a JSON body are the same query."""
    words = msgspec.json.decode(b'{"last":"7d","by":["day"],"top":3}', type=QueryWords)
    assert parse_query(words, NOW_MS, OFFSET) == _query(last="7d", by=["day"], top=3)


def test_the_zone_of_the_data_decides() -> None:
    """`today` in India is not today in Newfoundland."""
    words = QueryWords(range="today")
    evening = NOW_MS + 9 * 3_600_000
    india = parse_query(words, evening, zone_offset(ZoneInfo("Asia/Kolkata")))
    here = parse_query(words, evening, OFFSET)
    assert isinstance(india, Query)
    assert isinstance(here, Query)
    assert india.range != here.range
