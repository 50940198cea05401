"""`proxypal export csv|json`: the seed's two exports, as a file or on stdout."""

from pathlib import Path
from typing import Literal, cast

import click

from proxypal import clock
from proxypal.cli.opening import opened_to_read
from proxypal.cli.options import in_data_directory
from proxypal.cli.output import print_json, say
from proxypal.cli.rendering_text import counted
from proxypal.errors import WrongUsage
from proxypal.records.exports import export_file_name, history_csv
from proxypal.store import Store

_Columns = Literal["seed", "all"]


@click.command("export")
@click.argument("kind", metavar="csv|json", type=click.Choice(["csv", "json"]))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A new file, a folder, or - for stdout.  [default: Downloads, else the current folder]",
)
@click.option(
    "--columns",
    type=click.Choice(["seed", "all"]),
    help="csv: the seven columns of old, or everything known.  [default: seed]",
)
@click.option("--overwrite", is_flag=True, help="Replace the file at --output.")
@in_data_directory
def command(
    *, kind: str, output: Path | None, columns: str | None, overwrite: bool, data_dir: Path
) -> None:
    """Export the recent requests (csv) or the all-time analytics (json).

    Prints the path of the file. A file that exists is never replaced unless you say so.
    """
    if kind == "json" and columns is not None:
        raise WrongUsage("--columns belongs to `export csv`: the JSON holds everything.")
    chosen = cast("_Columns", columns or "seed")
    with opened_to_read(data_dir) as store:
        if output == Path("-"):
            _print(store, kind, chosen)
            return
        target = None if output is None else _target(output, kind, overwrite=overwrite)
        if kind == "csv":
            path = store.export_history_as_csv(target, columns=chosen)
            say(f"Exported {counted(store.get_usage_stats().history_count, 'request')}.")
        else:
            path = store.export_aggregate_as_json(target)
            say("Exported the all-time analytics.")
    click.echo(path)


def _print(store: Store, kind: str, columns: _Columns) -> None:
    if kind == "json":
        print_json(store.get_aggregate())
    else:
        text = history_csv(store.get_request_history().requests, columns)
        click.echo(text.encode("utf-8", "replace"), nl=False)


def _target(output: Path, kind: str, *, overwrite: bool) -> Path:
    path = output
    if path.is_dir():
        what: Literal["requests", "aggregate"] = "requests" if kind == "csv" else "aggregate"
        path /= export_file_name(what, clock.local_stamp(clock.now_ms()))
    if path.exists() and not overwrite:
        raise WrongUsage(f"{path} exists. Choose another name, or add --overwrite to replace it.")
    if not path.parent.is_dir():
        raise WrongUsage(f"There is no folder {path.parent} to export to.")
    return path
