"""One grouping of an answer on its way to a table: its columns, its labels, what to leave out.

Must not enter: how tables of each kind are made.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from rich.text import Text

from proxypal.cli.rendering_console import bar_cell
from proxypal.cli.rendering_text import counted
from proxypal.records.usage_answer import Answer
from proxypal.records.usage_axes import TIMES
from proxypal.records.usage_query import Query

LONGEST_GAP = 2
"""Groups of time without requests that are listed; more in a row become one line."""

_BAR_SCALE = 1_000_000

T = TypeVar("T")


class Section(NamedTuple):
    """A grouping to be drawn: `metrics` are the columns, `names` replace labels of each axis.

    `is_chosen`: the metrics were asked for by name.
    """

    query: Query
    found: Answer
    metrics: Sequence[str]
    names: Sequence[Mapping[str, str]]
    is_chosen: bool = False
    title: str = ""

    @property
    def is_ranked(self) -> bool:
        """Whether groups stand in the order of a figure, where time would be their own."""
        return self.query.order is not None or self.query.top is not None

    @property
    def main_metric(self) -> str:
        """The figure that bars and grids show."""
        sorted_by = self.query.order and self.query.order.metric
        return sorted_by if sorted_by and sorted_by in self.metrics else self.metrics[0]

    @property
    def flexible(self) -> str:
        """The columns of labels that may be cut on a narrow terminal: names, but no times."""
        return " ".join(name for name in self.query.by if name not in TIMES)

    def label(self, place: int, label: str) -> str:
        """A label of one axis as it is shown."""
        return self.names[place].get(label, label) or "(none)"


def collapsed(rows: Iterable[T], is_empty: Callable[[T], bool]) -> Iterator[T | int]:
    """The rows, and in place of many empty ones that follow each other, how many they are."""
    gap: list[T] = []
    for row in rows:
        if is_empty(row):
            gap.append(row)
            continue
        yield from _gap(gap)
        gap = []
        yield row
    yield from _gap(gap)


def _gap(rows: list[T]) -> Iterator[T | int]:
    if len(rows) > LONGEST_GAP:
        yield len(rows)
    else:
        yield from rows


def gap_cell(count: int, noun: str) -> Text:
    """What stands in place of empty rows."""
    return Text(f"… {counted(count, noun)} without requests", style="dim")


def share_bar(value: float, most: float) -> Text:
    """A bar of any figure, relative to the largest one."""
    if value <= 0 or most <= 0:
        return Text()
    return bar_cell(int(value * _BAR_SCALE / most), _BAR_SCALE)
