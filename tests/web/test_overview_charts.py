"""The charts of the overview: the right figures, colours that stay, names that can be read."""

from decimal import Decimal
from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, a_request, a_store
from proxypal.records.usage_metrics import Figures
from proxypal.records.usage_query import QueryWords
from proxypal.service.overview import Asker, OverviewWords, breakdown, headline
from proxypal.service.settings_file import Settings
from proxypal.web.overview_charts import Names, Pictures, draw, success_gauge, token_kinds, trend

NAMES = Names({"sk-…0XYZ": "Laptop"})
REQUESTS = [
    *(
        a_request(
            timestamp=NOW_MS - place * DAY_MS,
            model=f"m{model}",
            cost_usd=Decimal(model),
            api_key="sk-…0XYZ" if model else None,
            status=200 if model else 429,
        )
        for place in range(3)
        for model in range(10)
        for _ in range(10 - model)
    ),
]


def _drawn(path: Path, **words: str) -> Pictures:
    with a_store(path) as store:
        store.record(REQUESTS)
        asker = Asker(store, Settings(), NOW_MS, lambda _: 0)
        asked = OverviewWords(**words)
        top = headline(asker, asked, "2026-01-01")
        return draw(breakdown(asker, asked, top), top.found, asked.split, asked.measure, NAMES)


def test_a_chart_over_time_has_a_row_for_each_day_with_zeros(tmp_path: Path) -> None:
    """Days without a request stand there as nothing; what is beyond the top is one series."""
    chart = _drawn(tmp_path).over_time["requests"]
    assert len(chart.rows) == 8
    assert [entry.name for entry in chart.legend] == [*(f"m{n}" for n in range(7)), "other"]
    assert chart.rows[-1][1:] == ["10", "9", "8", "7", "6", "5", "4", "6", "55"]
    assert set(chart.rows[1][1:]) == {"0"}


def test_a_model_keeps_its_colour(tmp_path: Path) -> None:
    """Whoever learnt a colour in one chart reads the next one by it."""
    found = _drawn(tmp_path)
    colours = [
        {entry.name: entry.css_class for entry in chart.legend}
        for chart in found.over_time.values()
    ]
    assert colours[0] == colours[1] == colours[2]
    assert f"bar {colours[0]['m3']}" in found.by_model.svg


def test_the_measure_changes_what_names_are_sorted_by(tmp_path: Path) -> None:
    """In dollars, the dear model comes first."""
    by_requests = _drawn(tmp_path / "a").by_model
    assert (by_requests.title, by_requests.rows[0][0]) == ("Requests by model", "m0")
    by_cost = _drawn(tmp_path / "b", measure="cost_usd").by_model
    assert (by_cost.title, by_cost.rows[0][0]) == ("Cost by model", "m5")


def test_outcomes_split_requests_only(tmp_path: Path) -> None:
    """What failed requests used is not known apart: tokens and cost are shown whole."""
    found = _drawn(tmp_path, split="outcome").over_time
    assert [e.name for e in found["requests"].legend] == ["succeeded", "rate limited (429)"]
    assert len(found["tokens"].legend) <= 1


def test_keys_have_the_names_the_user_gave(tmp_path: Path) -> None:
    """And requests without a key say so."""
    legend = _drawn(tmp_path, split="key").over_time["requests"].legend
    assert [entry.name for entry in legend] == ["Laptop", "no key"]


def test_the_hours_of_the_week_are_where_they_belong(tmp_path: Path) -> None:
    """2026-01-09 is a Friday, and it was noon."""
    chart = _drawn(tmp_path).by_weekday_hour
    noon = dict(zip(chart.header, chart.rows[12], strict=True))
    assert (noon["Hour"], noon["Fri"], noon["Mon"]) == ("12:00", "55", "0")


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"success_count": 9, "failure_count": 1, "success_rate": 0.9}, "1 of 10 failed"),
        ({"success_count": 9, "failure_count": 0, "success_rate": 1.0}, "all 9 succeeded"),
        ({"success_count": 0, "failure_count": 0, "success_rate": None}, "Nothing to tell"),
    ],
)
def test_success_is_said_exactly(counts: dict[str, float | None], told: str) -> None:
    """Without requests there is no rate, neither 0 nor 100 %."""
    assert told in success_gauge(Figures(**counts)).summary  # type: ignore[arg-type]  # the figures are the test's


def test_kinds_of_tokens_do_not_contain_each_other() -> None:
    """The five of them add up to all tokens: reasoning is taken out of the output."""
    chart = token_kinds(
        Figures(
            uncached_tokens=10,
            cached_tokens=20,
            cache_write_tokens=30,
            output_tokens=40,
            reasoning_tokens=15,
        )
    )
    assert [row[1] for row in chart.rows] == ["10", "20", "30", "25", "15"]


def test_a_trend_leaves_out_a_beginning_cut_short(tmp_path: Path) -> None:
    """The first day of a range that begins at noon would look like a quiet one."""
    with a_store(tmp_path) as store:
        store.record([a_request(timestamp=NOW_MS - hour * HOUR_MS) for hour in range(50)])
        asker = Asker(store, Settings(), NOW_MS, lambda _: 0)
        found = asker.ask(QueryWords(range="2d", by=["day"], metrics=["requests"]))
    whole = trend(found, "requests", first_is_partial=False)
    cut = trend(found, "requests", first_is_partial=True)
    assert whole.count("L") > cut.count("L") > 0


def test_a_name_without_a_colour_over_time_is_not_grey(tmp_path: Path) -> None:
    """Grey is for the others together; the eighth model is one of its own."""
    svg = _drawn(tmp_path).by_model.svg
    assert "bar series-8" in svg
    assert "series-rest" not in svg
