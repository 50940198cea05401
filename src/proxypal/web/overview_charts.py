"""The charts of the overview, drawn from the answers behind them.

Must not enter: which questions are asked (`service.overview`), HTML.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from proxypal.charts.bar_list import bar_list
from proxypal.charts.chart import COLOURS, Bar, Chart, Number, Series, series_class
from proxypal.charts.donut import donut
from proxypal.charts.gauge import gauge
from proxypal.charts.heatmap import weekday_hour_heatmap
from proxypal.charts.percentile_chart import percentile_chart
from proxypal.charts.sparkline import sparkline
from proxypal.charts.time_chart import time_chart
from proxypal.records.known_amounts import known_cost, known_tokens
from proxypal.records.usage_answer import Answer, Row
from proxypal.records.usage_metrics import Figures
from proxypal.service.overview import Breakdown

UNITS = {"requests": "requests", "tokens": "tokens", "cost_usd": "usd"}
TITLES = {"requests": "Requests", "tokens": "Tokens", "cost_usd": "Cost"}
UNDATED = "undated"

_REST = "other"
_OUTCOMES = {
    "success": "succeeded",
    "client_gone": "client gone (499)",
    "rate_limited": "rate limited (429)",
    "client_errors": "client error (4xx)",
    "server_errors": "server error (5xx)",
    "other_failures": "no status",
}
_KINDS = (
    ("uncached_tokens", "Input, not cached"),
    ("cached_tokens", "Input, read from cache"),
    ("cache_write_tokens", "Input, written to cache"),
    ("visible_output", "Output"),
    ("reasoning_tokens", "Reasoning"),
)
_PERCENTILES = (("p50_duration_ms", "p50"), ("p90_duration_ms", "p90"), ("p99_duration_ms", "p99"))
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Names(NamedTuple):
    """How labels of the breakdown are shown: the user's names for keys, words for nobody."""

    of_keys: Mapping[str, str]

    def shown(self, dimension: str, label: str) -> str:
        """A label as a person reads it."""
        if dimension == "outcome":
            return _OUTCOMES.get(label, label)
        if dimension in {"key", "account"}:
            return self.of_keys.get(label, label) or f"no {dimension}"
        return label


class Pictures(NamedTuple):
    """Everything that is drawn."""

    over_time: Mapping[str, Chart]
    by_model: Chart
    by_provider: Chart
    by_weekday_hour: Chart
    latency: Chart


def draw(found: Breakdown, whole: Answer, split: str, measure: str, names: Names) -> Pictures:
    """The charts. `whole` has the same times as `found.over_time`, for what cannot be split."""
    colours = _colours(found.over_time)
    over_time = {}
    for metric in UNITS:
        if split == "outcome" and metric != "requests":
            over_time[metric] = _unsplit(whole, metric)
        else:
            over_time[metric] = _over_time(found.over_time, split, metric, colours, names)
    return Pictures(
        over_time=over_time,
        by_model=bar_list(
            _bars(found.by_model, measure, colours if split == "model" else {}),
            title=f"{TITLES[measure]} by model",
            unit=UNITS[measure],
        ),
        by_provider=donut(
            _bars(found.by_provider, measure, colours if split == "provider" else {}),
            title=f"{TITLES[measure]} by provider",
            unit=UNITS[measure],
        ),
        by_weekday_hour=_heatmap(found.by_weekday_hour, measure),
        latency=_latency(found.latency),
    )


def success_gauge(total: Figures) -> Chart:
    """How many requests succeeded, of all."""
    done, failed = total.success_count or 0, total.failure_count or 0
    note = f"{failed:,} of {done + failed:,} failed" if failed else f"all {done:,} succeeded"
    rate = total.success_rate
    return gauge(None if rate is None else float(rate or 0), title="Success rate", note=note)


def token_kinds(total: Figures) -> Chart:
    """The five kinds of tokens, none of which contains another."""
    visible = max(0, (total.output_tokens or 0) - (total.reasoning_tokens or 0))
    amounts = [visible if name == "visible_output" else _number(total, name) for name, _ in _KINDS]
    rows = [
        Bar(title, amounts[place], series_class(place)) for place, (_, title) in enumerate(_KINDS)
    ]
    return bar_list(rows, title="Tokens by kind", unit="tokens")


def trend(whole: Answer, metric: str, *, first_is_partial: bool) -> str:
    """A small line of a figure over time, as markup; a beginning cut short would mislead."""
    values = [_number(row, metric) for row in _dated(whole)][1 if first_is_partial else 0 :]
    return sparkline(values) if len(values) > 1 else ""


# -- over time


def _over_time(
    found: Answer, split: str, metric: str, colours: Mapping[str, str], names: Names
) -> Chart:
    times = [label for label in (found.axes[0] if found.axes else ()) if label != UNDATED]
    places = {label: place for place, label in enumerate(times)}
    values: dict[str, list[Number | None]] = {}
    for name in [*(found.axes[1] if found.axes else ()), *([_REST] if _has_rest(found) else [])]:
        values[name] = [0] * len(times)
    for row in found.rows:
        time, name = row.labels[0], _REST if row.folded else row.labels[1]
        if time in places:
            values[name][places[time]] = known(row, metric)
    series = [
        Series(names.shown(split, name), numbers, colours.get(name, ""))
        for name, numbers in values.items()
    ]
    return time_chart(times, series, title=TITLES[metric], unit=UNITS[metric])


def _unsplit(whole: Answer, metric: str) -> Chart:
    rows = _dated(whole)
    series = [Series("all", [known(row, metric) for row in rows], "series-1")]
    times = [row.labels[0] for row in rows]
    return time_chart(times, series, title=TITLES[metric], unit=UNITS[metric])


def _latency(found: Answer) -> Chart:
    rows = _dated(found)
    lines = {title: [_optional(row, name) for row in rows] for name, title in _PERCENTILES}
    return percentile_chart([row.labels[0] for row in rows], lines, title="Duration")


def _dated(found: Answer) -> list[Row]:
    return [row for row in found.rows if row.labels[0] != UNDATED]


# -- by name


def _bars(found: Answer, metric: str, colours: Mapping[str, str]) -> list[Bar]:
    """With colours, those of the same names over time; without, one for all.

    A name that has none of its own shares the last one: grey is for the others together.
    """
    usual = series_class(COLOURS - 1) if colours else ""
    return [
        Bar(
            f"{row.folded} others" if row.folded else row.labels[0],
            known(row, metric),
            "series-rest" if row.folded else colours.get(row.labels[0], usual),
            f"{row.unpriced:,} unpriced" if metric == "cost_usd" and row.unpriced else "",
        )
        for row in found.rows
    ]


def _heatmap(found: Answer, metric: str) -> Chart:
    cells: dict[tuple[int, int], float] = {}
    for row in found.rows:
        weekday, _, hour = row.labels[0].partition(" ")
        if weekday in _WEEKDAYS and hour:  # of some only the day is known: the notes say so
            cells[_WEEKDAYS.index(weekday), int(hour)] = float(_number(row, metric))
    return weekday_hour_heatmap(
        cells, title=f"{TITLES[metric]} by weekday and hour", unit=UNITS[metric]
    )


def _colours(found: Answer) -> dict[str, str]:
    """A class for each name, the same in every chart."""
    names = found.axes[1] if len(found.axes) > 1 else ()
    return {name: series_class(place) for place, name in enumerate(names)} | {_REST: "series-rest"}


def _has_rest(found: Answer) -> bool:
    return any(row.folded for row in found.rows)


def _number(row: Figures, metric: str) -> float | Decimal:
    value: float | Decimal | None = getattr(row, metric)
    return value or 0


def known(row: Figures, metric: str) -> Number | None:
    """A figure, None where none of the requests told it."""
    tokens, requests = row.tokens or 0, row.requests or 0
    if metric == "tokens":
        return known_tokens(tokens, requests)
    if metric == "cost_usd":
        cost, unpriced = row.cost_usd or Decimal(0), row.unpriced or 0
        return known_cost(cost, requests=requests, tokens=tokens, unpriced=unpriced)
    return _number(row, metric)


def _optional(row: Figures, metric: str) -> float | None:
    value: float | None = getattr(row, metric)
    return value
