"""The answer to a query as CSV."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from builders import a_request
from proxypal.records.request import RequestLog
from proxypal.records.usage_answer import answer
from proxypal.records.usage_csv import FOLDED, usage_csv
from proxypal.records.usage_query import Query
from usage_questions import facts_from, traffic

UTC = ZoneInfo("UTC")
METRICS = ("requests", "tokens", "cost_usd", "success_rate")


def _lines(query: Query, requests: Sequence[RequestLog], *names: dict[str, str]) -> list[list[str]]:
    found = answer(query, facts_from(requests, UTC))
    named = names or tuple({} for _ in query.by)
    return list(csv.reader(io.StringIO(usage_csv(query, found, named), newline="")))


@given(traffic("UTC"), st.sampled_from([("model",), ("day", "key"), ("provider", "account")]))
def test_lines_add_up_exactly_to_all_requests(
    requests: list[RequestLog], by: tuple[str, ...]
) -> None:
    """Whatever the grouping and the top, requests and money of the lines are those of all."""
    header, *lines = _lines(Query(by=by, metrics=METRICS, top=1), requests)
    assert header == [*by, "requests", "tokens", "costUsd", "successRate", FOLDED]
    at = {name: place for place, name in enumerate(header)}
    assert sum(int(line[at["requests"]]) for line in lines) == len(requests)
    spent = sum((one.cost_usd or Decimal(0) for one in requests), start=Decimal(0))
    assert sum((Decimal(line[at["costUsd"]]) for line in lines), start=Decimal(0)) == spent


def test_the_rest_says_how_many_groups_it_is() -> None:
    """Only the rest beyond the top has a number of groups, a model called other has none."""
    requests = [a_request(model=model) for model in ["a", "a", "a", "other", "other", "b", "c"]]
    _, *lines = _lines(Query(by=("model",), metrics=("requests",), top=2), requests)
    assert lines == [["a", "3", ""], ["other", "2", ""], ["other", "2", "2"]]


def test_without_groups_there_is_one_line() -> None:
    """What is not known is an empty cell, and money has every digit."""
    requests = [a_request(cost_usd=Decimal("0.000000001"))]
    metrics = ("requests", "cost_usd", "p95_duration_ms", "average_ttft_ms")
    header, line = _lines(Query(metrics=metrics), requests)
    assert header == ["requests", "costUsd", "p95DurationMs", "averageTtftMs"]
    assert line == ["1", "0.000000001", "1234", ""]


def test_names_are_shown_and_cannot_be_formulas() -> None:
    """A key is shown by its name; neither a name nor a model runs in a spreadsheet."""
    requests = [a_request(api_key="k#1", model="=1+1"), a_request(api_key="k#2", model="m")]
    query = Query(by=("key", "model"), metrics=("requests",))
    lines = _lines(query, requests, {"k#1": "@home"}, {})
    assert lines[1:] == [["'@home", "'=1+1", "1"], ["k#2", "m", "1"]]
