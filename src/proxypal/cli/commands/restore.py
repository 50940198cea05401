"""`proxypal restore`: list the backups, or undo what made one of them."""

from collections.abc import Sequence
from pathlib import Path

import click

from proxypal import clock
from proxypal.cli.opening import opened, opened_to_read
from proxypal.cli.options import in_data_directory, json_option
from proxypal.cli.output import print_json, say
from proxypal.cli.rendering_text import counted, grouped, wall_time
from proxypal.records.labels import Offset
from proxypal.store.values import Backup, BackupKind

_UNDONE: dict[BackupKind, str] = {
    "clear": "Undone: {rows} back in the history.",
    "reset": "Undone: {requests} back in the all-time analytics.",
    "import": "Undone: the {requests} that the import added are gone again.",
    "migration": "Undone: the {requests} that were taken over are gone again.",
    "reprice": "Undone: {requests} have their old cost again.",
    "breakdown": "Undone: the breakdown has {requests} more again.",
}


@click.command("restore")
@click.argument("name", required=False)
@json_option
@in_data_directory
def command(*, name: str | None, as_json: bool, data_dir: Path) -> None:
    """Undo a clear, reset or import, by the NAME of its backup. Without NAME: list the backups.

    What came after the backup is kept. Each backup can be restored once.
    """
    if name is None:
        with opened_to_read(data_dir) as store:
            backups = store.list_backups()
            offset = clock.offset_of(store.settings().zone)
        print_json(backups) if as_json else _draw(backups, offset)
        return
    with opened(data_dir) as store:
        backup = store.restore(name)
    if as_json:
        print_json(backup)
    else:
        rows, requests = counted(backup.rows, "request"), counted(backup.requests, "request")
        say(_UNDONE[backup.kind].format(rows=rows, requests=requests))


def _draw(backups: Sequence[Backup], offset: Offset) -> None:
    from proxypal.cli.rendering_console import name_cell, new_table, show  # noqa: PLC0415 - `rich` only when drawing

    if not backups:
        say("No backups yet: clear, reset and import make one each.")
        return
    table = new_table(
        "", "name", "made", "by", "totals", "history", "state", "note", numbers="totals history"
    )
    for backup in backups:
        undone = backup.undone_at
        table.add_row(
            name_cell(backup.name),
            wall_time(backup.created_at, offset)[:16],
            backup.kind,
            grouped(backup.requests),
            grouped(backup.rows),
            "can be undone" if undone is None else f"undone {wall_time(undone, offset)[:16]}",
            name_cell(backup.note),
        )
    show(table)
