"""Requests as lines and as a table. A line needs no library: `watch` writes many thousands.

Must not enter: which requests are shown.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from proxypal.cli.rendering_text import NOTHING, duration, harmless, money, short_count, wall_time
from proxypal.records.labels import Offset
from proxypal.records.request import RequestLog

if TYPE_CHECKING:
    from rich.table import Table


def request_line(request: RequestLog, offset: Offset, *, coloured: bool) -> str:
    """`2026-08-22 22:39:03  200  claude    claude-opus-4-5    23.6 s  POST /v1/messages`."""
    status = f"{request.status:03d}"
    if coloured:
        status = click.style(status, fg=status_colour(request))
    return (
        f"{wall_time(request.timestamp, offset)}  {status}  {harmless(request.provider):<8}  "
        f"{harmless(request.model):<26}  {duration(request.duration_ms):>9}  "
        f"{harmless(request.method)} {harmless(request.path)}"
    )


def status_colour(request: RequestLog) -> str:
    """Green for success, yellow where the caller is to blame, red for the rest."""
    if request.is_success:
        return "green"
    return "yellow" if 400 <= request.status < 500 else "red"


def request_table(
    requests: Sequence[RequestLog], offset: Offset, keys: Mapping[str, str]
) -> "Table":
    """The requests, in the order given. `keys` are those they came with, and how to show them.

    One key alone says nothing; several get a column.
    """
    from rich.text import Text  # noqa: PLC0415 - lines do without

    from proxypal.cli.rendering_console import name_cell, new_table  # noqa: PLC0415 - the same

    numbers = "duration in out cost"
    of_keys = ["key"] if len(keys) > 1 else []
    names = ["time", "status", "provider", "model", *of_keys, *numbers.split(), "request"]
    table = new_table("", *names, numbers=numbers)
    for request in requests:
        table.add_row(
            wall_time(request.timestamp, offset),
            Text(f"{request.status:03d}", style=status_colour(request)),
            name_cell(request.provider),
            name_cell(request.model),
            *(name_cell(keys.get(request.api_key or "", NOTHING)) for _ in of_keys),
            duration(request.duration_ms),
            _tokens(request.tokens_in),
            _tokens(request.tokens_out),
            NOTHING if request.cost_usd is None else money(request.cost_usd),
            name_cell(f"{request.method} {request.path}"),
        )
    return table


def _tokens(count: int | None) -> str:
    return NOTHING if count is None else short_count(count)
