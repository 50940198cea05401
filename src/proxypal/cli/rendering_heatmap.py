"""When in the week: seven lines of 24 characters, as dark as there was much."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil

from rich.console import RenderableType
from rich.text import Text

from proxypal.cli.output import takes_blocks
from proxypal.cli.rendering_figures import amount_text, figure_text, size_of, title_of
from proxypal.cli.rendering_section import Section
from proxypal.cli.rendering_text import SHADE_COUNT, harmless, shades
from proxypal.records.usage_answer import OTHER, Row

WEEKDAY_HOUR = "weekday-hour"

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CELL_WIDTH = 2
_RULER_HOURS = 3


def heatmaps(section: Section) -> list[RenderableType]:
    """A grid of weekdays and hours, or one for each label of the other grouping."""
    metric, place = section.main_metric, section.query.by.index(WEEKDAY_HOUR)
    rows = [row for row in section.found.rows if getattr(row, metric) is not None]
    most_row = max(rows, key=lambda row: size_of(metric, row), default=None)
    if most_row is None:  # what is asked for is not known by the hour; a note says so
        return []
    most = size_of(metric, most_row)
    parts: list[RenderableType] = []
    for title, cells in _by_other(section, rows, place).items():
        parts += [Text(title, style="bold")] if title else []
        parts += [*_grid(metric, cells, most), Text()]
    legend = _legend(metric, getattr(most_row, metric))
    where = f"; most: {harmless(most_row.labels[place])}, {figure_text(metric, most_row)}"
    return [*parts, Text(f"{title_of(metric)} {legend}{where}", style="dim")]


def _by_other(section: Section, rows: Sequence[Row], place: int) -> dict[str, dict[str, Row]]:
    """The rows of each grid by their time; the grids by what stands above them."""
    if len(section.query.by) == 1:
        return {"": {row.labels[0]: row for row in rows}}
    grids: dict[tuple[str, bool], dict[str, Row]] = {
        (label, False): {} for label in section.found.axes[1 - place]
    }
    for row in rows:
        key = row.labels[1 - place], bool(row.folded)
        grids.setdefault(key, {})[row.labels[place]] = row
    return {
        OTHER if is_rest else harmless(section.label(1 - place, label)): cells
        for (label, is_rest), cells in grids.items()
    }


def _grid(metric: str, cells: Mapping[str, Row], most: float) -> list[Text]:
    ruler = "".join(f"{hour:02d}".ljust(_CELL_WIDTH * _RULER_HOURS) for hour in range(0, 24, 3))
    lines = [Text(f"     {ruler}", style="dim")]
    placed = set()
    for weekday in _WEEKDAYS:
        labels = [f"{weekday} {hour:02d}" for hour in range(24)]
        placed.update(labels)
        values = [size_of(metric, cells[label]) if label in cells else 0 for label in labels]
        drawn = shades(values, most, blocks=takes_blocks())
        wide = "".join(shade * _CELL_WIDTH for shade in drawn)
        lines.append(Text.assemble((f"{weekday}  ", "dim"), (wide, "cyan")))
    # Days whose hours nobody knows, and what has no day at all.
    for label, row in cells.items():
        if label not in placed:
            lines.append(Text(f"{label}, hour not known: {figure_text(metric, row)}", style="dim"))
    return lines


def _legend(metric: str, most: Decimal | float) -> str:
    """What each character stands for, up to its largest value."""
    bounds = [most * grade / SHADE_COUNT for grade in range(1, SHADE_COUNT + 1)]
    drawn = shades([float(bound) for bound in bounds], float(most), blocks=takes_blocks())
    if isinstance(most, int):
        bounds = [ceil(bound) for bound in bounds]
    told = [amount_text(metric, bound) for bound in bounds]
    return " ".join(f"{shade} up to {text}" for shade, text in zip(drawn, told, strict=True))
