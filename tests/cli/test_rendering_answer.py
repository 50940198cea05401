"""Answers about usage as tables and grids."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from builders import DAY_MS, HOUR_MS, NOW_MS, a_request
from proxypal.cli.rendering_answer import HEADING, page, usual_metrics
from proxypal.cli.rendering_section import Section
from proxypal.records.local_range import LocalRange
from proxypal.records.request import RequestLog
from proxypal.records.usage_answer import answer
from proxypal.records.usage_axes import DIMENSIONS
from proxypal.records.usage_metrics import METRICS
from proxypal.records.usage_query import Order, Query
from usage_questions import facts_from, traffic

UTC = ZoneInfo("UTC")
NOW_HOUR = NOW_MS // HOUR_MS
NAMES = {"k#1": "Anna's laptop"}


def _drawn(requests: Sequence[RequestLog], *, width: int = 200, **asked: Any) -> str:
    metrics = asked.pop("metrics", ())
    shown = metrics or usual_metrics()
    query = Query(metrics=tuple(dict.fromkeys((*shown, *HEADING))), now_hour=NOW_HOUR, **asked)
    found = answer(query, facts_from(requests, UTC))
    names = [NAMES if name == "key" else {} for name in query.by]
    console = Console(width=width, no_color=True, markup=False, highlight=False, emoji=False)
    with console.capture() as captured:
        console.print(*page([Section(query, found, shown, names, bool(metrics))], []), sep="\n")
    return captured.get()


def questions() -> st.SearchStrategy[dict[str, Any]]:
    """What can be asked: by one or two, with any figures, sorted and cut in any way."""
    orders = st.builds(Order, st.none() | st.sampled_from(METRICS), st.booleans())
    return st.fixed_dictionaries(
        {
            "by": st.lists(st.sampled_from(DIMENSIONS), min_size=1, max_size=2, unique=True).map(
                tuple
            ),
            "metrics": st.lists(st.sampled_from(METRICS), max_size=3, unique=True).map(tuple),
            "top": st.none() | st.integers(1, 3),
            "order": st.none() | orders,
        }
    )


def _lines(drawn: str) -> list[list[str]]:
    return [line.split() for line in drawn.splitlines()]


def _line(drawn: str, label: str) -> list[str]:
    return next(words for words in _lines(drawn) if words[: len(label.split())] == label.split())


MONTH = [
    a_request(timestamp=NOW_MS - days * DAY_MS - hour * HOUR_MS, model=model, api_key=key)
    for days, hour, model, key in [
        (0, 1, "m-1", "k#1"),
        (0, 1, "m-2", None),
        (0, 3, "m-1", "k#2"),
        (1, 0, "m-3", "k#1"),
        (6, 0, "m-1", "k#1"),
    ]
]


def test_a_table_has_bars_and_a_total() -> None:
    """A line per group, most first, with a bar beside the main figure; the total comes last."""
    drawn = _drawn(MONTH, by=("model",))
    assert "5 requests: 100.0 % succeeded, 4,000 tokens, no cost known" in drawn
    assert _line(drawn, "m-1")[1:3] == ["3", "█" * 24]
    assert _line(drawn, "m-2")[1:3] == ["1", "███████▉"]
    assert _line(drawn, "total")[1:3] == ["5", "100.0"]
    assert _lines(drawn)[-1][0] == "total"


def test_the_rest_is_the_line_before_the_total() -> None:
    """Beyond the top N everything is one line that says how many groups it is."""
    lines = _lines(_drawn(MONTH, by=("model",), top=1))
    assert lines[-2][:4] == ["other", "(2", "models)", "2"]
    assert lines[-1][:2] == ["total", "5"]


def test_a_key_is_shown_by_its_name() -> None:
    """A named key by its name, another by its label, and none as none."""
    drawn = _drawn(MONTH, by=("key",))
    assert _line(drawn, "Anna's laptop")[2] == "3"
    assert _line(drawn, "k#2")[1] == "1"
    assert _line(drawn, "(none)")[1] == "1"


def test_time_has_a_sparkline_and_its_gaps_are_short() -> None:
    """Days follow each other; many without requests become one line, as in the sparkline dots."""
    drawn = _drawn(MONTH, by=("day",), range=LocalRange(since_hour=NOW_HOUR - 6 * 24))
    assert "requests  ▃····▃█" in drawn
    assert "… 4 days without requests" in drawn
    assert [words[0] for words in _lines(drawn) if words and words[0].startswith("2026")] == [
        "2026-01-03",
        "2026-01-08",
        "2026-01-09",
    ]


def test_a_name_across_time_is_a_grid_with_sums() -> None:
    """Days downwards, models across, and the sums of both at the ends."""
    drawn = _drawn(MONTH, by=("day", "model"))
    assert _line(drawn, "day")[1:] == ["m-1", "m-2", "m-3", "total"]
    assert _line(drawn, "2026-01-09")[1:] == ["2", "1", "3"]
    assert _line(drawn, "2026-01-08")[1:] == ["1", "1"]
    assert _line(drawn, "total")[1:] == ["3", "1", "1", "5"]


def test_time_behind_a_name_is_how_each_went() -> None:
    """Models downwards with their sums, and a small bar for each day."""
    drawn = _drawn(MONTH, by=("model", "day"), top=1)
    assert _line(drawn, "m-1")[-1] == "▄·····█"
    assert _line(drawn, "other")[-1] == "█▃"[::-1] or "·" in _line(drawn, "other")[-1]
    assert _line(drawn, "total")[1] == "5"


def test_several_figures_of_two_groupings_are_a_list() -> None:
    """A cell has room for one figure; with more, each pair has its line, the first label once."""
    drawn = _drawn(MONTH, by=("model", "key"), metrics=("requests", "average_duration_ms"))
    lines = _lines(drawn)
    start = next(i for i, words in enumerate(lines) if words[:1] == ["m-1"])
    assert lines[start][1:4] == ["Anna's", "laptop", "2"]
    assert lines[start + 1][:2] == ["k#2", "1"]


def test_the_week_is_a_heatmap() -> None:
    """Seven lines of 24 hours, the fuller the darker, with what the darkest means."""
    drawn = _drawn(MONTH, by=("weekday-hour",))
    friday = next(line for line in drawn.splitlines() if line.startswith("Fri"))
    assert friday == "Fri  " + "··" * 9 + "▒▒" + "··" + "██" + "··" * 12
    assert "█ up to 2; most: Fri 11, 2" in drawn


def test_a_heatmap_for_each_name() -> None:
    """Beside another grouping there is a grid for each of its labels, on one scale."""
    drawn = _drawn(MONTH, by=("weekday-hour", "model"), top=1)
    titles = [words[0] for words in _lines(drawn) if len(words) == 1]
    assert titles == ["m-1", "other"]
    assert sum(line.startswith("Fri") for line in drawn.splitlines()) == 2


def test_a_figure_nobody_can_know_by_the_hour_draws_nothing() -> None:
    """Percentiles by weekday and hour: no empty grid, but the sentence that says why."""
    drawn = _drawn(MONTH, by=("weekday-hour",), metrics=("p95_duration_ms",))
    assert "Mon" not in drawn
    assert "percentiles of the total, not of each group" in drawn


def test_what_the_requests_of_an_outcome_used_is_a_dash_and_not_zero() -> None:
    """Tokens are not kept by outcome: neither cells nor sums pretend that there were none."""
    for by in (("model", "outcome"), ("outcome", "day")):
        drawn = _drawn([*MONTH, a_request(status=500)], by=by, metrics=("tokens",))
        label = "m-1" if by[0] == "model" else "success"
        assert set(_line(drawn, label)[1:3]) <= {"-", "·" * 7}
        assert "4,800" in _line(drawn, "total")


def test_names_across_stand_in_the_order_of_their_use() -> None:
    """The most used model is the first column, whenever it came."""
    late = [a_request(timestamp=NOW_MS, model="late")] * 2
    early = [a_request(timestamp=NOW_MS - DAY_MS, model="early")]
    assert _line(_drawn(early + late, by=("day", "model")), "day")[1:3] == ["late", "early"]


def test_tokens_nobody_told_are_not_nothing_used() -> None:
    """A log holds no tokens: then there is no `0 tokens, $0`."""
    drawn = _drawn([a_request(tokens_in=None, tokens_out=None)], by=("model",))
    assert drawn.startswith("1 request: 100.0 % succeeded, no tokens were reported\n")


def test_nothing_is_said_to_be_nothing() -> None:
    """Without requests there is a sentence and no table."""
    asked = LocalRange(since_hour=NOW_HOUR, until_hour=NOW_HOUR + 24)
    assert _drawn([], by=("model",), range=asked) == (
        "No requests since 2026-01-09 12:00 until 2026-01-10 12:00.\n"
    )


def test_what_cannot_be_known_stands_below() -> None:
    """The range that was widened and the notes of the answer follow the table."""
    asked = LocalRange(since_hour=NOW_HOUR - 30, cuts=("7d falls inside an hour.",))
    lines = _drawn(MONTH, range=asked, by=("model",), metrics=("p50_duration_ms",)).splitlines()
    assert lines[-2] == "7d falls inside an hour."
    assert lines[-1] == "Percentiles are those of the whole days from 2026-01-08."


def test_a_column_nobody_asked_for_is_left_out_where_it_says_nothing() -> None:
    """Without unpriced requests there is no column of them, unless it was asked for."""
    priced = [a_request(tokens_in=None, tokens_out=None)]
    assert "unpriced" not in _drawn(priced, by=("model",))
    assert "unpriced" in _drawn(priced, by=("model",), metrics=("requests", "unpriced"))


@given(traffic("UTC"), questions(), st.sampled_from([40, 80, 200]))
def test_every_question_can_be_drawn(
    requests: list[RequestLog], asked: dict[str, Any], width: int
) -> None:
    """Whatever is asked of whatever requests, there is a page, no line wider than the terminal."""
    drawn = _drawn(requests, width=width, **asked)
    assert drawn.startswith(f"{len(requests):,} request" if requests else "No requests")
    assert all(len(line) <= width for line in drawn.splitlines())
