"""`proxypal clear`: Clear History."""

from pathlib import Path

import click

from proxypal import clock
from proxypal.cli.confirming import agreed, undo_command
from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.opening import opened
from proxypal.cli.options import in_data_directory, json_option, yes_option
from proxypal.cli.output import print_json, say
from proxypal.cli.rendering_text import counted, short_count, wall_date
from proxypal.records.aggregate import UsageStats
from proxypal.records.labels import Offset


@click.command("clear")
@yes_option
@click.option("--forget", is_flag=True, help="Leave no copy anywhere: this cannot be undone.")
@json_option
@in_data_directory
def command(*, yes: bool, forget: bool, as_json: bool, data_dir: Path) -> int:
    """Empty the recent history; the all-time analytics stay.

    Asks first, makes a backup first, and prints the command that undoes it.
    """
    with opened(data_dir) as store:
        stats = store.get_usage_stats()
        for sentence in _consequences(stats, clock.offset_of(store.settings().zone), forget=forget):
            say(sentence)
        if not agreed("Clear the history?", yes=yes):
            return FAILED
        backup = store.clear_request_history(forget=forget)
    undo = None if backup is None else undo_command(backup.name)
    if as_json:
        print_json({"cleared": stats.history_count, "backup": backup, "undo": undo})
    elif undo is not None:
        say("Cleared. This undoes it:")
        click.echo(undo)
    else:
        say("Cleared, and no copy was left." if forget else "Nothing was there to clear.")
    return DONE


def _consequences(stats: UsageStats, offset: Offset, *, forget: bool) -> list[str]:
    span = ""
    if stats.oldest_request is not None and stats.newest_request is not None:
        first, last = stats.oldest_request, stats.newest_request
        span = f", from {wall_date(first, offset)} to {wall_date(last, offset)}"
    requests, tokens = counted(stats.total_requests, "request"), short_count(stats.total_tokens)
    if forget:
        care = "No backup is made, and older ones of the history are deleted."
    else:
        care = "A backup is made first."
    return [
        f"What goes: the recent history, {counted(stats.history_count, 'request')}{span}.",
        f"What stays: the all-time analytics, {requests} and {tokens} tokens.",
        care,
    ]
