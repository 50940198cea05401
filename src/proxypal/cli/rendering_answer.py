"""The answer to a question about usage as text: what was asked, tables, what cannot be known.

Which table a grouping becomes is decided here; answers come in, `rich` parts go out.
"""

from collections.abc import Sequence
from decimal import Decimal

from rich.console import RenderableType
from rich.text import Text

from proxypal.cli.rendering_console import is_narrow
from proxypal.cli.rendering_crossing import crossing, fits_crossing, spark_cell, trends
from proxypal.cli.rendering_figures import adds_up, size_of, title_of
from proxypal.cli.rendering_heatmap import WEEKDAY_HOUR, heatmaps
from proxypal.cli.rendering_listing import listing
from proxypal.cli.rendering_section import Section
from proxypal.cli.rendering_text import counted, harmless, percent, short_count, spent
from proxypal.records.usage_axes import TIMES
from proxypal.records.usage_metrics import USUAL_METRICS

HEADING = ("requests", "success_count", "tokens", "cost_usd", "unpriced")
"""What the first line tells, whatever was asked for."""

_WIDE = (*(name for name in USUAL_METRICS if name != "tokens"), "average_duration_ms")
_NARROW = ("requests", "success_rate", "tokens", "cost_usd", "unpriced")

_FEWEST_IN_SPARKLINE = 3


def usual_metrics() -> Sequence[str]:
    """The columns of a table whose metrics nobody chose."""
    return _NARROW if is_narrow() else _WIDE


def page(sections: Sequence[Section], where: Sequence[str]) -> list[RenderableType]:
    """One or more groupings of the same requests; `where` are the conditions, as they are shown."""
    found = sections[0].found
    parts: list[RenderableType] = [Text(_heading(sections[0], where), style="bold")]
    if found.total.requests:
        for section in sections:
            parts += [Text(), *_drawn(section)]
    remarks = [*found.query.cuts, *(note.text for note in found.notes)]
    if remarks:
        parts += [Text(), *(Text(harmless(remark), style="dim") for remark in remarks)]
    return parts


def _heading(section: Section, where: Sequence[str]) -> str:
    total, asked = section.found.total, section.found.query
    span = f" since {_wall(asked.since)}" if asked.since else ""
    span += f" until {_wall(asked.until)}" if asked.until else ""
    span += f" where {' and '.join(map(harmless, where))}" if where else ""
    if not total.requests:
        return f"No requests{span}."
    told = [f"{percent(total.success_count or 0, total.requests)} succeeded"]
    if total.tokens == 0 and not total.cost_usd:
        told.append("no tokens were reported")
    elif isinstance(total.tokens, int):  # what the requests of one outcome used is not kept
        told.append(f"{short_count(total.tokens)} tokens")
        told.append(spent(total.cost_usd or Decimal(0), total.unpriced or 0))
    return f"{counted(total.requests, 'request')}{span}: {', '.join(told)}"


def _wall(hour: str) -> str:
    return f"{hour.replace('T', ' ')}:00"


def _drawn(section: Section) -> list[RenderableType]:
    by = section.query.by
    in_time = [name in TIMES for name in by]
    if len(by) == 1:
        if by[0] == WEEKDAY_HOUR and not section.is_ranked:
            return heatmaps(section)
        return [*_spark(section), listing(section)]
    if all(in_time) or (section.is_chosen and len(section.metrics) > 1):
        return [listing(section)]  # a cell of a grid has room for one figure
    if WEEKDAY_HOUR in by:
        return heatmaps(section)
    if in_time[1] and adds_up(section.main_metric):
        return [trends(section)]
    return [crossing(section) if fits_crossing(section) else listing(section)]


def _spark(section: Section) -> list[RenderableType]:
    """How the main figure went, where groups follow each other in time."""
    rows = [row for row in section.found.rows if row.labels[0] != "undated"]
    is_in_time = section.query.by[0] in TIMES and not section.is_ranked
    if not is_in_time or len(rows) < _FEWEST_IN_SPARKLINE:
        return []
    metric = section.main_metric
    drawn = spark_cell([size_of(metric, row) for row in rows], whole=adds_up(metric))
    return [Text.assemble(f"{title_of(metric)}  ", drawn), Text()]
