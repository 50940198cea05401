"""The answer to a query: rows, axes, the top and the rest, and what it says of itself."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from proxypal.records.counters import Counters
from proxypal.records.imported import Names
from proxypal.records.labels import hour_of_label
from proxypal.records.sketch import Sketch
from proxypal.records.usage_answer import Answer, UsageFacts, answer
from proxypal.records.usage_gathering import DayCell, HourCell
from proxypal.records.usage_metrics import DaySketch
from proxypal.records.usage_notes import Coverage
from proxypal.records.usage_query import Query, QueryWords, parse_query

NOW = hour_of_label("2026-11-05T15")
MODELS = {"opus": 100, "sonnet": 40, "haiku": 9, "gpt": 5, "other": 2}


def _names(model: str) -> Names:
    return "claude", model, "", "", "log"


def _cell(label: str, model: str, count: int, **more: Any) -> HourCell:
    sums = Counters(requests=count, tokens_in=count * 10, cost_usd=Decimal(count) / 100, **more)
    return hour_of_label(label), _names(model), sums


CELLS = [
    _cell(f"2026-11-0{day}T{hour}", model, count)
    for day, hour in ((2, 14), (4, 10))
    for model, count in MODELS.items()
    if model != "gpt" or day == 4
]


def _ask(
    cells: Sequence[HourCell] = CELLS,
    *,
    days: Sequence[DayCell] = (),
    sketches: Sequence[DaySketch] = (),
    coverage: Coverage | None = None,
    **words: Any,
) -> Answer:
    query = parse_query(QueryWords(**words), NOW * 3_600_000, lambda _: 0)
    assert isinstance(query, Query), query
    facts = UsageFacts(cells=cells, days=days, sketches=sketches, coverage=coverage or Coverage())
    return answer(query, facts)


def _shown(found: Answer, metric: str = "requests") -> list[tuple[Any, ...]]:
    return [(*row.labels, getattr(row, metric)) for row in found.rows]


def test_names_are_listed_by_the_first_metric_most_first() -> None:
    """The model that counts most stands on top."""
    found = _ask(by=["model"])
    assert _shown(found) == [
        ("opus", 200), ("sonnet", 80), ("haiku", 18), ("gpt", 5), ("other", 4),
    ]  # fmt: skip
    assert found.axes == [["opus", "sonnet", "haiku", "gpt", "other"]]
    assert found.total.requests == 307
    assert found.exact


def test_the_rest_beyond_the_top_is_one_row() -> None:
    """What is not listed is summed up, and is told from a model that is called `other`."""
    found = _ask(by=["model"], top=2)
    assert _shown(found) == [("opus", 200), ("sonnet", 80), ("other", 27)]
    assert [row.folded for row in found.rows] == [msgspec.UNSET, msgspec.UNSET, 3]
    assert found.axes == [["opus", "sonnet"]]
    assert _ask(by=["model"], top=5) == msgspec.structs.replace(
        _ask(by=["model"]), query=_ask(by=["model"], top=5).query
    )


def test_a_top_over_time_is_of_the_whole_time() -> None:
    """Each day lists the same top models, and the rest of that day by itself."""
    found = _ask(by=["day", "model"], top=1)
    assert _shown(found) == [
        ("2026-11-02", "opus", 100), ("2026-11-02", "other", 51),
        ("2026-11-04", "opus", 100), ("2026-11-04", "other", 56),
    ]  # fmt: skip
    assert found.axes == [["2026-11-02", "2026-11-03", "2026-11-04"], ["opus"]]
    assert _shown(_ask(by=["model", "day"], top=1)) == [
        ("opus", "2026-11-02", 100), ("opus", "2026-11-04", 100),
        ("other", "2026-11-02", 51), ("other", "2026-11-04", 56),
    ]  # fmt: skip


def test_the_hours_with_most_can_be_asked_for() -> None:
    """A top or an order of hours lists those with most, without the empty ones."""
    cells = [_cell(f"2026-11-02T{hour:02}", "opus", hour) for hour in (3, 9, 5)]
    assert _shown(_ask(cells, by=["hour"], top=1)) == [("2026-11-02T09", 9), ("other", 8)]
    ranked = _ask(cells, by=["hour"], order="requests:asc")
    assert _shown(ranked) == [("2026-11-02T03", 3), ("2026-11-02T05", 5), ("2026-11-02T09", 9)]


@pytest.mark.parametrize(
    ("order", "models"),
    [
        ("label", ["gpt", "haiku", "opus", "other", "sonnet"]),
        ("label:desc", ["sonnet", "other", "opus", "haiku", "gpt"]),
        ("cost:asc", ["other", "gpt", "haiku", "sonnet", "opus"]),
    ],
)
def test_order_is_as_asked(order: str, models: list[str]) -> None:
    """By label or by any figure, either way."""
    assert [row.labels[0] for row in _ask(by=["model"], order=order).rows] == models


def test_groups_without_the_figure_come_last() -> None:
    """What cannot be known is neither most nor least."""
    cells = [*CELLS, (0, _names("failed"), Counters(requests=1, server_errors=1))]
    for order in ("cache_hit_rate", "cache_hit_rate:asc"):
        rows = _ask(cells, by=["model"], order=order, metrics=["cache_hit_rate"]).rows
        assert (list(rows[-1].labels), rows[-1].cache_hit_rate) == (["failed"], None)


def test_a_day_still_to_come_is_not_listed() -> None:
    """This month by day ends with today; a range without requests has its zeros up to now."""
    found = _ask(range="2026-11", by=["day"])
    assert [row.labels[0] for row in found.rows] == [f"2026-11-0{day}" for day in range(1, 6)]
    assert [row.requests for row in found.rows] == [0, 151, 0, 156, 0]
    assert found.rows[0].cost_usd == 0
    assert _shown(_ask([], range="today", by=["hour"])) == [
        (f"2026-11-05T{hour:02}", 0) for hour in range(16)
    ]


def test_without_groups_there_is_the_total() -> None:
    """No grouping, no rows."""
    found = _ask(range="2026-11-02")
    assert (found.total.requests, found.rows, found.axes) == (151, [], [])
    assert _ask([]).total.requests == 0


def test_outcomes_are_counted_and_nothing_else_of_them_is_told() -> None:
    """Failures by class, with null for what is not kept by outcome; the total has all."""
    cells = [_cell("2026-11-02T14", "opus", 10, rate_limited=2, client_gone=1)]
    found = _ask(cells, by=["outcome"], metrics=["requests", "cost"])
    assert _shown(found) == [("success", 7), ("rate_limited", 2), ("client_gone", 1)]
    assert _shown(found, "cost_usd")[0] == ("success", None)
    assert found.total.cost_usd == Decimal("0.1")
    failed = _ask(cells, where=["outcome=failed"], metrics=["requests", "success_rate", "cost"])
    assert (failed.total.requests, failed.total.success_rate) == (3, 0.0)
    assert failed.total.cost_usd is None


def test_everything_an_import_brought_is_in_the_total() -> None:
    """Days without hours or names are counted, and what that means is told."""
    days: list[DayCell] = [
        (hour_of_label("2026-11-03") // 24, None, Counters(requests=50)),
        (hour_of_label("2026-11-03") // 24, _names("opus"), Counters(requests=7)),
    ]
    by_model = _ask(days=days, by=["model"])
    assert by_model.total.requests == 364
    assert ("unknown", 50) in _shown(by_model)
    assert ("opus", 207) in _shown(by_model)
    assert not by_model.exact
    assert [note.kind for note in by_model.notes] == ["noNames"]
    by_hour = _ask(days=days, by=["hour"])
    assert sum(row.requests for row in by_hour.rows if isinstance(row.requests, int)) == 364
    assert ("2026-11-03", 57) in _shown(by_hour)
    assert _ask(days=days, by=["day"]).exact


def _sketches() -> list[DaySketch]:
    found = []
    for label, model, duration in (("2026-11-02", "opus", 100), ("2026-11-04", "gpt", 40)):
        durations = Sketch()
        durations.add_all([duration] * 100)
        day = hour_of_label(label) // 24
        found.append(DaySketch(day, "claude", model, durations, Sketch()))
    return found


def test_percentiles_are_of_the_groups_they_can_be_of() -> None:
    """By day and model, and of the rest beyond the top; by key of the total alone."""
    sketches = _sketches()
    found = _ask(sketches=sketches, by=["model"], metrics=["p95"], order="label")
    assert _shown(found, "p95_duration_ms")[:3] == [("gpt", 40), ("haiku", None), ("opus", 100)]
    assert found.total.p95_duration_ms == 100
    assert [note.kind for note in found.notes] == ["uncovered"]
    top = _ask(sketches=sketches, by=["model"], metrics=["requests", "p95"], top=1)
    assert _shown(top, "p95_duration_ms") == [("opus", 100), ("other", 40)]
    days = _ask(sketches=sketches, by=["day", "model"], metrics=["requests", "p95"], top=1)
    assert ("2026-11-04", "other", 40) in _shown(days, "p95_duration_ms")
    by_key = _ask(sketches=sketches, by=["key"], metrics=["max_duration_ms"])
    assert _shown(by_key, "max_duration_ms") == [("", None)]
    assert by_key.total.max_duration_ms == 100
    filtered = _ask(sketches=sketches, where=["key="], metrics=["max_duration_ms"])
    assert filtered.total.max_duration_ms is None
    assert [note.kind for note in filtered.notes] == ["unanswered"]


def test_percentiles_of_a_few_hours_are_of_their_days() -> None:
    """They are widened to whole days, and the answer says to which."""
    found = _ask(sketches=_sketches(), range="2026-11-02T15:00..2026-11-02T16:00", metrics=["p50"])
    assert found.total.p50_duration_ms == 100
    assert [(note.kind, note.since, note.until) for note in found.notes] == [
        ("widened", "2026-11-02", "2026-11-02")
    ]
    assert not found.exact


def test_what_lies_before_tracking_is_told() -> None:
    """A range that begins before the first request is not exact."""
    coverage = Coverage(tracked_since_hour=hour_of_label("2026-11-02T14"))
    assert not _ask(coverage=coverage, range="2026-11").exact
    assert _ask(coverage=coverage, range="2026-11-02T14:00..").exact
    assert _ask(coverage=coverage).exact


def test_the_answer_is_the_json_of_every_surface() -> None:
    """Camel case, money as exact numbers, only what was asked for."""
    found = _ask(range="2026-11-04", by=["model"], metrics=["requests", "cost"], top=1)
    encoded = msgspec.json.Encoder(decimal_format="number").encode(found)
    assert msgspec.json.decode(encoded) == {
        "query": {
            "since": "2026-11-04T00",
            "until": "2026-11-05T00",
            "cuts": [],
            "where": [],
            "by": ["model"],
            "metrics": ["requests", "costUsd"],
            "order": None,
            "top": 1,
        },
        "exact": True,
        "notes": [],
        "total": {"requests": 156, "costUsd": 1.56},
        "axes": [["opus"]],
        "rows": [
            {"requests": 100, "costUsd": 1, "labels": ["opus"]},
            {"requests": 56, "costUsd": 0.56, "labels": ["other"], "folded": 4},
        ],
    }


def test_the_facts_are_not_changed() -> None:
    """The same facts can be asked again: cells and sketches stay as they were."""
    sketches = _sketches()
    before = msgspec.msgpack.encode([cell[2] for cell in CELLS])
    for by in (["model"], ["day", "model"], []):
        _ask(sketches=sketches, by=by, metrics=["all"], top=1)
    assert sketches == _sketches()
    assert msgspec.msgpack.encode([cell[2] for cell in CELLS]) == before
