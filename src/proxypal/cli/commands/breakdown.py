"""`proxypal breakdown`: what is kept of each month, and dropping months."""

from collections.abc import Sequence
from pathlib import Path

import click

from proxypal import clock
from proxypal.cli.confirming import agreed, undo_command
from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.opening import opened, opened_to_read
from proxypal.cli.options import in_data_directory, json_option, yes_option
from proxypal.cli.output import print_json, say
from proxypal.cli.rendering_text import counted, grouped, wall_date
from proxypal.errors import WrongUsage
from proxypal.records.labels import Offset
from proxypal.store.values import BreakdownMonth

_KIB = 1024


@click.group("breakdown", invoke_without_command=True)
@json_option
@in_data_directory
@click.pass_context
def command(context: click.Context, *, as_json: bool, data_dir: Path) -> None:
    """Show how much is kept of each month: by hour, model, key and account.

    The breakdown answers questions about a range. All-time totals are kept beside it, whatever
    becomes of it.
    """
    if context.invoked_subcommand is not None:
        return
    with opened_to_read(data_dir) as store:
        months, offset = store.breakdown_months(), clock.offset_of(store.settings().zone)
    print_json(months) if as_json else _draw(months, offset)


def _draw(months: Sequence[BreakdownMonth], offset: Offset) -> None:
    from proxypal.cli.rendering_console import new_table, show  # noqa: PLC0415 - `rich` only when drawing

    if not months:
        say("Nothing was recorded yet.")
        return
    table = new_table(
        "", "month", "requests", "in the breakdown", "file", "", numbers="requests file"
    )
    for month in months:
        table.add_row(
            month.month,
            grouped(month.requests),
            _kept(month),
            f"{-(-month.size_bytes // _KIB):,} KiB" if month.size_bytes else "",
            "" if month.dropped_at is None else f"dropped {wall_date(month.dropped_at, offset)}",
        )
    show(table)


def _kept(month: BreakdownMonth) -> str:
    if month.placed == month.requests:
        return "all"
    return grouped(month.placed) if month.placed else "none"


@command.command("drop")
@click.argument("months", nargs=-1, required=True, metavar="MONTH...")
@yes_option
@json_option
@in_data_directory
def drop(*, months: tuple[str, ...], yes: bool, as_json: bool, data_dir: Path) -> int:
    """Drop the breakdown of months, written as 2026-01. No total changes.

    Asks first, makes a backup first, and prints the command that undoes it.
    """
    wanted = sorted(set(months))
    with opened(data_dir) as store:
        known = {month.month: month for month in store.breakdown_months()}
        unknown = [name for name in wanted if name not in known or not known[name].placed]
        if unknown:
            raise WrongUsage(
                f"There is no breakdown of {', '.join(unknown)}. `proxypal breakdown` lists the "
                "months; nothing was dropped."
            )
        placed = sum(known[name].placed for name in wanted)
        say(
            f"What goes: hours, models, keys and accounts of {counted(placed, 'request')} in "
            f"{', '.join(wanted)}."
        )
        say("What stays: every total, each day, and the recent history. A backup is made first.")
        if not agreed(f"Drop the breakdown of {', '.join(wanted)}?", yes=yes):
            return FAILED
        backup = store.drop_breakdown(wanted)
    undo = undo_command(backup.name)
    if as_json:
        print_json({"dropped": backup.requests, "backup": backup, "undo": undo})
    else:
        say("Dropped. This undoes it:")
        click.echo(undo)
    return DONE
