"""The answer to a query as CSV: a line per group, its labels first and then its figures. Pure.

Without groups, one line with the figures of all. Must not enter: files.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from proxypal.records.csv_text import csv_text, neutral
from proxypal.records.usage_answer import Answer, Row
from proxypal.records.usage_metrics import Figures
from proxypal.records.usage_query import Query

FOLDED = "folded"
"""The column that says how many groups the rest beyond the top N sums up; there with a top N."""


def usage_csv(query: Query, found: Answer, names: Sequence[Mapping[str, str]]) -> str:
    """The lines of an answer. `names` are, for each thing grouped by, names to show for labels.

    Figures are exact, the columns called as in JSON; what is not known is an empty cell.
    """
    has_folded = query.top is not None and bool(query.by)
    header = [*query.by, *found.query.metrics, *([FOLDED] if has_folded else [])]
    if not query.by:
        return csv_text([header, _figures(query, found.total)])
    rows = []
    for row in found.rows:
        labels = [
            neutral(of_axis.get(label, label))
            for of_axis, label in zip(names, row.labels, strict=True)
        ]
        folded = [_cell(row.folded or None)] if has_folded else []
        rows.append([*labels, *_figures(query, row), *folded])
    return csv_text([header, *rows])


def _figures(query: Query, figures: Figures | Row) -> list[str]:
    return [_cell(getattr(figures, name)) for name in query.metrics]


def _cell(value: Decimal | float | None) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else str(value)
