"""`proxypal reset`: Reset Analytics."""

from pathlib import Path

import click

from proxypal import clock
from proxypal.cli.confirming import agreed, undo_command
from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.opening import opened
from proxypal.cli.options import in_data_directory, json_option, yes_option
from proxypal.cli.output import print_json, say
from proxypal.cli.rendering_text import counted, short_count, spent, wall_date


@click.command("reset")
@yes_option
@json_option
@in_data_directory
def command(*, yes: bool, as_json: bool, data_dir: Path) -> int:
    """Start the all-time analytics anew; the recent history stays.

    Asks first, makes a backup first, and prints the command that undoes it.
    """
    with opened(data_dir) as store:
        stats = store.get_usage_stats()
        since = wall_date(stats.created_at, clock.offset_of(store.settings().zone))
        say(
            f"What goes: the all-time analytics since {since}, "
            f"{counted(stats.total_requests, 'request')}, "
            f"{short_count(stats.total_tokens)} tokens, "
            f"{spent(stats.total_cost_usd, stats.unpriced_requests)}."
        )
        say(f"What stays: the recent history, {counted(stats.history_count, 'request')}.")
        say("A backup is made first. Requests already read from a log are not counted again.")
        if not agreed("Reset the all-time analytics?", yes=yes):
            return FAILED
        backup = store.reset_aggregate_stats()
    undo = undo_command(backup.name)
    if as_json:
        print_json({"reset": backup.requests, "backup": backup, "undo": undo})
    else:
        say("Reset. This undoes it:")
        click.echo(undo)
    return DONE
