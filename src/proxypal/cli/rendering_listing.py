"""Groups of an answer as a table with a line for each, all its figures, a bar, and the total."""

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from proxypal.cli.rendering_console import name_cell, new_table
from proxypal.cli.rendering_figures import figure_text, needs_showing, size_of, title_of
from proxypal.cli.rendering_section import Section, collapsed, gap_cell, share_bar
from proxypal.cli.rendering_text import counted
from proxypal.records.usage_answer import OTHER, Row
from proxypal.records.usage_metrics import Figures


def listing(section: Section) -> Table:
    """A line per group. Of two groupings, the first one's label stands where it changes."""
    rows, main, noun = section.found.rows, section.main_metric, section.query.by[0]
    metrics = _worth_showing(section)
    table = new_table(section.title, *section.query.by, flexible=section.flexible)
    for metric in metrics:
        table.add_column(title_of(metric), justify="right", no_wrap=True)
        if metric == main:
            table.add_column("", no_wrap=True)
    most = max(size_of(main, row) for row in rows)
    before: Sequence[str] = ()
    for row in collapsed(rows, lambda row: not row.requests and not section.is_ranked):
        if isinstance(row, int):
            table.add_row(gap_cell(row, noun))
            continue
        bar = share_bar(size_of(main, row), most)
        table.add_row(*_labels(section, row, before), *_figures(row, metrics, main, bar))
        before = row.labels
    if len(rows) > 1:
        blank = [""] * (len(section.query.by) - 1)
        figures = _figures(section.found.total, metrics, main, Text())
        table.add_row("total", *blank, *figures, style="bold")
    return table


def _worth_showing(section: Section) -> list[str]:
    if section.is_chosen:
        return list(section.metrics)
    shown: list[Figures] = [*section.found.rows, section.found.total]
    return [
        metric for metric in section.metrics if any(needs_showing(metric, row) for row in shown)
    ]


def _labels(section: Section, row: Row, before: Sequence[str]) -> Iterator[Text]:
    if row.folded and len(row.labels) == 1:
        yield Text(f"{OTHER} ({counted(row.folded, section.query.by[0])})")
        return
    for place, label in enumerate(row.labels):
        if place < len(row.labels) - 1 and row.labels[: place + 1] == before[: place + 1]:
            yield Text()  # the same as above
        elif row.folded and place and row.labels[0] == OTHER:
            yield Text()
        elif row.folded and label == OTHER:
            yield Text(f"{OTHER} ({row.folded})")
        else:
            yield name_cell(section.label(place, label))


def _figures(row: Figures, metrics: Sequence[str], main: str, bar: Text) -> Iterator[Text | str]:
    for metric in metrics:
        text = figure_text(metric, row)
        yield "" if metric == "unpriced" and text == "0" else text
        if metric == main:
            yield bar
