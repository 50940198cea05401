"""Two groupings of an answer in one table: one across the other, or how each name went in time."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from proxypal.cli.output import takes_blocks
from proxypal.cli.rendering_console import name_cell, new_table
from proxypal.cli.rendering_figures import adds_up, amount_text, figure_text, title_of
from proxypal.cli.rendering_section import Section, collapsed, gap_cell, share_bar
from proxypal.cli.rendering_text import NOTHING, sparkline
from proxypal.records.usage_answer import OTHER, Row
from proxypal.records.usage_axes import TIMES

SPARK_WIDTH = 60

_MOST_ACROSS = 8
"""Names that stand across; with more, a line per group is easier to read."""

_Key = tuple[str, bool]
"""A label, and whether it is not a name but what is beyond the top."""


def fits_crossing(section: Section) -> bool:
    """Whether the second grouping can stand across the first one."""
    by, axes = section.query.by, section.found.axes
    if by[1] in TIMES or len(axes[1]) > _MOST_ACROSS:
        return False
    # Of two names, the rest beyond the top is one group: it has no place in a grid.
    return by[0] in TIMES or not any(row.folded for row in section.found.rows)


def crossing(section: Section) -> Table:
    """The first grouping downwards, the second across, one figure in each cell."""
    metric, noun = section.main_metric, section.query.by[0]
    across = _with_rest(section, 1)
    cells = {(row.labels[0], _key(row, 1)): row for row in section.found.rows}
    title = f"{title_of(metric)} by {' and '.join(section.query.by)}"
    table = new_table(title, noun, flexible=section.flexible)
    for label, is_rest in across:
        head = Text(OTHER) if is_rest else name_cell(section.label(1, label))
        table.add_column(head, justify="right")
    if adds_up(metric):
        table.add_column("total", justify="right", no_wrap=True)
    lines = [
        (label, [cells.get((label, key)) for key in across]) for label in section.found.axes[0]
    ]
    for line in collapsed(lines, lambda line: not any(row and row.requests for row in line[1])):
        if isinstance(line, int):
            table.add_row(gap_cell(line, noun))
            continue
        label, rows = line
        figures = ["" if row is None else figure_text(metric, row) for row in rows]
        table.add_row(name_cell(section.label(0, label)), *figures, *_sum(metric, rows))
    if adds_up(metric) and len(lines) > 1:
        sums = [_sum(metric, [rows[place] for _, rows in lines])[0] for place in range(len(across))]
        table.add_row("total", *sums, figure_text(metric, section.found.total), style="bold")
    return table


def _with_rest(section: Section, place: int) -> list[_Key]:
    keys = [(label, False) for label in section.found.axes[place]]
    has_rest = any(row.folded for row in section.found.rows)
    return [*keys, (OTHER, True)] if has_rest else keys


def _key(row: Row, place: int) -> _Key:
    return row.labels[place], bool(row.folded)


def _sum(metric: str, rows: Iterable[Row | None]) -> list[str]:
    if not adds_up(metric):
        return []
    amount = _added(metric, rows)
    return [NOTHING if amount is None else amount_text(metric, amount)]


def _added(metric: str, rows: Iterable[Row | None]) -> Decimal | None:
    """The sum of a figure that adds up, exactly; None where it is not known of what there is."""
    values = [getattr(row, metric) for row in rows if row is not None]
    known = [Decimal(value) for value in values if value is not None]
    return None if values and not known else sum(known, start=Decimal(0))


def trends(section: Section) -> Table:
    """Names downwards with their sums, and how each went over the time that is grouped by."""
    metric, times = section.main_metric, section.found.axes[1]
    cells = {(_key(row, 0), row.labels[1]): row for row in section.found.rows}
    lines = [
        (key, [cells.get((key, moment)) for moment in times]) for key in _with_rest(section, 0)
    ]
    table = new_table(section.title, section.query.by[0], flexible=section.flexible)
    table.add_column(title_of(metric), justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column(f"{times[0]} to {times[-1]}" if times else "", no_wrap=True)
    sizes = [float(_added(metric, rows) or 0) for _, rows in lines]
    for ((label, is_rest), rows), size in zip(lines, sizes, strict=True):
        name = Text(OTHER) if is_rest else name_cell(section.label(0, label))
        table.add_row(name, *_sum(metric, rows), share_bar(size, max(sizes)), _spark(metric, rows))
    if len(lines) > 1:
        total = figure_text(metric, section.found.total)
        moments = zip(*(rows for _, rows in lines), strict=True)
        whole = spark_cell([_added(metric, rows) or 0 for rows in moments], whole=True)
        table.add_row("total", total, Text(), whole, style="bold")
    return table


def _spark(metric: str, rows: Sequence[Row | None]) -> Text:
    return spark_cell([_added(metric, [row]) or 0 for row in rows], whole=True)


def spark_cell(values: Sequence[Decimal | float], *, whole: bool) -> Text:
    """A line of small bars, at most `SPARK_WIDTH`: neighbours become their sum or the largest."""
    step = max(1, -(-len(values) // SPARK_WIDTH))
    chunks = [values[place : place + step] for place in range(0, len(values), step)]
    squeezed = [float(sum(chunk) if whole else max(chunk)) for chunk in chunks]
    return Text(sparkline(squeezed, blocks=takes_blocks()), style="cyan")
