"""Rounds, medians and one table: how every figure is taken and shown."""

import platform
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Row(NamedTuple):
    """One measured thing beside its rival."""

    what: str
    ours: str
    rival: str
    theirs: str
    ratio: str
    aim: str


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


def show(rows: list[Row]) -> None:
    """Print the table."""
    machine = f"{platform.machine()}, Python {platform.python_version()}, {platform.system()}"
    table = Table(title=f"proxypal beside its rivals ({machine})")
    for column in Row._fields:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=150).print(table)
