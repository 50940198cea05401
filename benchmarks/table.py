"""Rounds, medians and tables: how every figure is taken and shown."""

import platform
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

COLUMNS = ("what", "ours", "rival", "theirs", "ratio", "aim")


class Row(NamedTuple):
    """One measured thing beside its rival; `note` says why, where we are slow or lose."""

    what: str
    ours: str
    rival: str
    theirs: str
    ratio: str
    aim: str
    note: str = ""

    @property
    def named(self) -> str:
        """What the note is about."""
        return f"{self.what}, beside {self.rival}" if self.rival else self.what


class About(NamedTuple):
    """What a measurement is about, and how its figures are taken."""

    title: str
    how: str


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def spread(values: list[float], unit: str = "") -> str:
    """Median and the middle half of the values."""
    if len(values) < 4:
        return f"{statistics.median(values):.2f}{unit}"
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f}{unit} ({low:.2f} to {high:.2f})"


def show(title: str, rows: list[Row]) -> None:
    """Print a table."""
    machine = f"{platform.machine()}, Python {platform.python_version()}, {platform.system()}"
    table = Table(title=f"{title} ({machine})")
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row[: len(COLUMNS)])
    console = Console(width=150)
    console.print(table)
    for row in rows:
        if row.note:
            console.print(f"{row.named}: {row.note}", markup=False)
