"""`proxypal stats`: all-time analytics, or the usage of a span of time.

With `--json` nothing that draws is imported: this is what prompts and scripts call.
"""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from proxypal import clock
from proxypal.cli.opening import opened_to_read
from proxypal.cli.options import in_data_directory, json_option
from proxypal.cli.output import print_json, say
from proxypal.cli.rendering_text import wall_date

if TYPE_CHECKING:
    from proxypal.records.aggregate import UsageStats
    from proxypal.records.labels import Offset
    from proxypal.service.usage_report import UsageReport
    from proxypal.store.values import GroupBy


@click.command("stats")
@click.option(
    "--since", metavar="WHEN", help="From here on: YYYY-MM-DD, an ISO 8601 time, or as in 24h, 7d."
)
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
    if since is None and until is None and by is None:
        with opened_to_read(data_dir) as store:
            stats, zone = store.get_usage_stats(), store.settings().zone
        print_json(stats) if as_json else _draw_overview(stats, clock.offset_of(zone))
        return
    with opened_to_read(data_dir) as store:
        from proxypal.cli.moments import span_ms  # noqa: PLC0415 - not for the bare statistics
        from proxypal.service.usage_report import usage_report  # noqa: PLC0415 - the same

        offset = clock.offset_of(store.settings().zone)
        span = span_ms(since, until, clock.now_ms(), offset)
        report = usage_report(store, cast("GroupBy | None", by), *span)
    print_json(report) if as_json else _draw_report(report, offset)


def _draw_overview(stats: "UsageStats", offset: "Offset") -> None:
    from datetime import date  # noqa: PLC0415 - only when drawing

    from proxypal.cli.rendering_console import show  # noqa: PLC0415 - `rich` only when drawing
    from proxypal.cli.rendering_stats import overview  # noqa: PLC0415 - the same

    since = wall_date(stats.created_at, offset)
    if not stats.total_requests:
        say("No requests yet. `proxypal watch` records them from the proxy's log.")
    show(*overview(stats, date.fromisoformat(wall_date(clock.now_ms(), offset)), since))


def _draw_report(usage: "UsageReport", offset: "Offset") -> None:
    from proxypal.cli.rendering_console import show  # noqa: PLC0415 - `rich` only when drawing
    from proxypal.cli.rendering_stats import report  # noqa: PLC0415 - the same

    show(*report(usage, offset))
