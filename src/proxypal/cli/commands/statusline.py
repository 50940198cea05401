"""`proxypal statusline`: today in one line, for a shell prompt or an agent's status bar.

It stands where nobody looks for errors: it writes nothing but its line, never fails, and never
waits. Must not enter: anything that draws, and anything that writes to the data.
"""

import contextlib
import os
import re
import stat
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from proxypal import clock
from proxypal.cli.options import in_data_directory
from proxypal.cli.rendering_text import NOTHING, counted, grouped, money, short_count
from proxypal.data_directory import AGGREGATE_FILE

if TYPE_CHECKING:
    from proxypal.records.labels import Offset
    from proxypal.records.usage_metrics import Figures
    from proxypal.service.settings_file import Settings
    from proxypal.store import Store

_METRICS = (
    "requests",
    "failure_count",
    "tokens",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "unpriced",
)
_FIELD = re.compile(r"\{(\w+)\}")
_MOST_READ = 1 << 20


@click.command("statusline")
@click.option(
    "--format",
    "form",
    metavar="TEXT",
    help="TEXT with {cost}, {tokens}, {input}, {output}, {requests}, {failures}, {unpriced} and "
    "{budget} filled in.",
)
@in_data_directory
def command(*, form: str | None, data_dir: Path) -> None:
    """Show today in one line: cost, tokens, failures, and a budget that is nearly used up.

    For a shell prompt, or as Claude Code's statusLine command. It only reads, and exits with 0
    even where nothing can be read. What is on stdin is passed over.
    """
    try:
        line = _line(form, data_dir)
    except Exception:  # noqa: BLE001 - no place for errors: every other command tells them
        line = f"proxypal: {_why_nothing(data_dir)}"
    click.echo(line)
    with contextlib.suppress(OSError, ValueError):  # it may be closed, or anything
        _pass_over(sys.stdin)


def _why_nothing(data_dir: Path) -> str:
    try:
        (data_dir / AGGREGATE_FILE).stat()
    except FileNotFoundError:
        return "nothing recorded yet"
    except OSError:  # a directory that is closed to us
        pass
    return "no answer, see proxypal doctor"


def _pass_over(stream: TextIO | None) -> None:
    """Take what a pipe holds by now: an agent that writes to us should find a reader.

    Waits for nothing: a prompt's stdin may be a pipe in which nothing ever comes.
    """
    if stream is None or sys.platform == "win32":
        return
    descriptor = stream.fileno()
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return
    import select  # noqa: PLC0415 - only where there is a pipe

    taken = 0
    while taken < _MOST_READ and select.select([descriptor], [], [], 0)[0]:
        data = os.read(descriptor, 1 << 16)
        if not data:
            return
        taken += len(data)


def _line(form: str | None, data_dir: Path) -> str:
    from proxypal.records.local_range import RangeReader  # noqa: PLC0415 - errors are told above
    from proxypal.records.usage_query import Query  # noqa: PLC0415 - the same
    from proxypal.service.settings_file import read_settings  # noqa: PLC0415 - the same
    from proxypal.store import Store  # noqa: PLC0415 - the same

    settings = read_settings(data_dir)
    with Store(data_dir, read_only=True) as store:
        now_ms, offset = clock.now_ms(), clock.offset_of(store.settings().zone)
        today = RangeReader(now_ms, offset).period("day")
        figures = store.query(Query(range=today, metrics=_METRICS)).total
        budget = "see proxypal budget" if settings.problems else ""
        if settings.budget is not None:
            budget = _budget(store, settings, data_dir, now_ms, offset)
    if form is None:
        return _usual(figures, budget)
    fields = _fields(figures, budget)
    return _FIELD.sub(lambda found: fields.get(found[1], found[0]), form)


def _budget(
    store: "Store", settings: "Settings", data_dir: Path, now_ms: int, offset: "Offset"
) -> str:
    """The budget of which the largest share is spent, if it is worth a word."""
    from proxypal.cli.rendering_budgets import short_line  # noqa: PLC0415 - few have budgets
    from proxypal.service.budgets import budgets_of, standings  # noqa: PLC0415 - the same

    budgets, problems = budgets_of(settings, data_dir)
    near = [one for one in standings(store, budgets, now_ms, offset) if one.is_near]
    told = ["see proxypal budget"] if problems else []
    if near:
        # Without a limit there is no share; what is spent of nothing is the worst.
        worst = max(
            near, key=lambda one: float("inf") if one.state.share is None else one.state.share
        )
        more = f" (+{len(near) - 1})" if len(near) > 1 else ""
        told.insert(0, short_line(worst.state) + more)
    return " | ".join(told)


def _usual(figures: "Figures", budget: str) -> str:
    """What there is to tell, and nothing of what there is none."""
    cost, tokens = figures.cost_usd or Decimal(0), figures.tokens or 0
    failures, unpriced = figures.failure_count or 0, figures.unpriced or 0
    requests = counted(figures.requests or 0, "request")
    parts = [
        f"{money(cost) if cost else requests} today",
        f"{short_count(tokens)} tokens" if tokens else "",
        f"{grouped(failures)} failed" if failures else "",
        f"{grouped(unpriced)} unpriced" if unpriced else "",
        budget,
    ]
    return " | ".join(part for part in parts if part)


def _fields(figures: "Figures", budget: str) -> Mapping[str, str]:
    """What can stand in braces. A cost is never $0 by silence: without one it is a dash."""
    return {
        "cost": money(figures.cost_usd) if figures.cost_usd else NOTHING,
        "tokens": short_count(figures.tokens or 0),
        "input": short_count(figures.input_tokens or 0),
        "output": short_count(figures.output_tokens or 0),
        "requests": grouped(figures.requests or 0),
        "failures": grouped(figures.failure_count or 0),
        "unpriced": grouped(figures.unpriced or 0),
        "budget": budget,
    }
