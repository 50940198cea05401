"""`proxypal stats`: all-time analytics, or the usage of a span of time.

With `--json` nothing that draws is imported: this is what prompts and scripts call.
"""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from proxypal import clock
from proxypal.cli import moments
from proxypal.cli.opening import opened
from proxypal.cli.options import in_data_directory, json_option
from proxypal.cli.output import print_json
from proxypal.cli.rendering_text import wall_date, wall_time
from proxypal.errors import WrongUsage
from proxypal.records.aggregate import UsageStats
from proxypal.records.labels import Offset
from proxypal.service.usage_report import UsageReport, usage_report

if TYPE_CHECKING:
    from proxypal.store.protocol import GroupBy


@click.command("stats")
@click.option("--since", metavar="WHEN", help=f"From here on: {moments.FORMS}.")
@click.option("--until", metavar="WHEN", help="Up to here; a day is included whole.")
@click.option(
    "--by",
    type=click.Choice(["day", "hour", "model", "provider"]),
    help="One line per day, hour, model or provider.",
)
@json_option
@in_data_directory
def command(
    since: str | None, until: str | None, by: str | None, *, as_json: bool, data_dir: Path
) -> None:
    """Show what was used.

    Without options: the all-time analytics. With --since or --until: that span, cut to whole
    local hours.
    """
    group = cast("GroupBy | None", by)
    with opened(data_dir) as store:
        offset = clock.offset_of(store.settings().zone)
        if since is None and until is None and group is None:
            stats = store.get_usage_stats()
        else:
            span = _span(since, until, offset)
            report = usage_report(store, group, *span)
            stats = None
    if stats is not None:
        print_json(stats) if as_json else _draw_overview(stats, offset)
    else:
        print_json(report) if as_json else _draw_report(report, offset)


def _span(since: str | None, until: str | None, offset: Offset) -> tuple[int | None, int | None]:
    now_ms = clock.now_ms()
    try:
        first = None if since is None else moments.since_ms(since, now_ms, offset)
        end = None if until is None else moments.until_ms(until, now_ms, offset)
    except ValueError as error:
        raise WrongUsage(f"{error}.") from error
    if first is not None and end is not None and first >= end:
        raise WrongUsage(f"Nothing lies between --since {since} and --until {until}.")
    return first, end


def _draw_overview(stats: UsageStats, offset: Offset) -> None:
    from proxypal.cli.rendering_console import show  # noqa: PLC0415 - `rich` only when drawing
    from proxypal.cli.rendering_stats import overview  # noqa: PLC0415 - the same

    since = wall_date(stats.created_at, offset)
    show(*overview(stats, date.fromisoformat(wall_date(clock.now_ms(), offset)), since))


def _draw_report(report: UsageReport, offset: Offset) -> None:
    from proxypal.cli.rendering_console import show  # noqa: PLC0415 - `rich` only when drawing
    from proxypal.cli.rendering_stats import report as drawn  # noqa: PLC0415 - the same

    span = ""
    if report.since is not None:
        span += f" since {wall_time(report.since, offset)[:16]}"
    if report.until is not None:
        span += f" until {wall_time(report.until, offset)[:16]}"
    show(*drawn(report, span))
