"""`proxypal import`: old files, logs and exports into the store, each once."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proxypal import clock
from proxypal.cli.confirming import undo_command
from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.opening import opened
from proxypal.cli.options import in_data_directory, json_option
from proxypal.cli.output import print_json, say
from proxypal.cli.rendering_text import counted, grouped, harmless
from proxypal.records.key_labels import KeyLabels
from proxypal.service.fingerprint_key import fingerprint_key
from proxypal.service.import_report import ImportReport
from proxypal.service.importing import Importer
from proxypal.service.pricing import Pricing
from proxypal.store import Store

if TYPE_CHECKING:
    from proxypal.cli.rendering_progress import ProgressBar

_BAD_ROWS_SHOWN = 20


@click.command("import")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be added.")
@click.option(
    "--log-zone",
    metavar="ZONE",
    help="Time zone logs are written in, such as UTC.  [default: this machine's]",
)
@json_option
@in_data_directory
def command(
    *, paths: tuple[Path, ...], dry_run: bool, log_zone: str | None, as_json: bool, data_dir: Path
) -> int:
    """Add what other files hold: the same file twice adds nothing.

    Recognises by their contents: history.json and aggregate.json of ProxyPal (give both, they
    tell of the same requests), exports of ProxyPal, logs and usage exports of CLIProxyAPI, usage
    records and requests as JSON lines, the database of CPA Usage Keeper, exports of
    CPA-Manager-Plus, `ccusage daily --json`, and the CSV of `proxypal export`.

    A request that several files tell of, or that was recorded already, is counted once, in
    whatever order they come. Each file is added as a whole or not at all: after an interrupted
    import, run the same command again, and files that were done are known. Prints the command
    that undoes each addition.
    """
    reports: list[ImportReport] = []
    with opened(data_dir) as store, contextlib.closing(_Screen()) as screen:
        offset = clock.offset_of(log_zone)
        importer = Importer(
            store,
            offset,
            screen.advance,
            is_preview=dry_run,
            labels=_labels(data_dir),
            prices=_prices(store, data_dir, is_preview=dry_run),
        )
        for report in importer.run(paths):
            reports.append(report)
            if not as_json:
                screen.close()
                _show(report)
    if as_json:
        print_json(reports)
    spoiled = any(
        report.outcome == "refused" or (report.bad_rows and report.kind != "log")
        for report in reports
    )
    return FAILED if spoiled else DONE


def _labels(data_dir: Path) -> KeyLabels:
    found = fingerprint_key(data_dir)
    if found.warning is not None:
        say(f"proxypal: {found.warning}")
    return found.labels


def _prices(store: Store, data_dir: Path, *, is_preview: bool) -> Pricing:
    prices = Pricing.of(store, data_dir)
    for problem in prices.settings.problems:
        say(f"proxypal: {problem}")
    # Only looking at a file must not write, not even a price to be remembered.
    return Pricing(prices.settings, cached=store.cached) if is_preview else prices


class _Screen:
    """A progress bar on a terminal, for what takes longer than one step."""

    def __init__(self) -> None:
        self._bar: ProgressBar | None = None

    def advance(self, done_bytes: int, total_bytes: int) -> None:
        """So far, of the file being read."""
        if self._bar is None:
            if done_bytes >= total_bytes or not sys.stderr.isatty():
                return
            from proxypal.cli.rendering_progress import ProgressBar  # noqa: PLC0415 - `rich` only when drawing

            self._bar = ProgressBar("Importing")
        self._bar.advance(done_bytes, total_bytes)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _show(report: ImportReport) -> None:
    for sentence in (*report.notes, *report.skipped):
        say(f"  {sentence}")
    for row in report.bad_rows[:_BAD_ROWS_SHOWN]:
        where = f"line {grouped(row.line)} left out: " if row.line else ""
        say(f"  {where}{row.reason}")
    if len(report.bad_rows) > _BAD_ROWS_SHOWN:
        say(f"  and {counted(len(report.bad_rows) - _BAD_ROWS_SHOWN, 'line')} more; see --json")
    click.echo(f"{harmless(report.path)}: {harmless(_said(report))}")
    if report.outcome == "imported" and report.backup is not None:
        say(f"  undo: {undo_command(report.backup)}")


def _said(report: ImportReport) -> str:
    if report.outcome == "refused":
        return f"not imported, {report.reason}"
    if report.outcome == "known" and report.backup is not None and not report.skipped:
        return f"{report.kind}, imported before; nothing added"
    parts = [f"{report.kind}, {_added(report)}"]
    if report.known:
        parts.append(f"{grouped(report.known)} known already")
    if report.repeated:
        parts.append(f"{grouped(report.repeated)} told twice in the file")
    if report.older:
        parts.append(f"{grouped(report.older)} counted before by files of ProxyPal")
    if report.unpriced:
        parts.append(f"{grouped(report.unpriced)} without a price")
    if report.bad_rows:
        parts.append(f"{counted(len(report.bad_rows), 'line')} left out")
    return "; ".join(parts)


def _added(report: ImportReport) -> str:
    """What the totals grew by, or would grow by."""
    if report.outcome == "known":
        return "nothing new"
    parts = []
    if report.requests or not (report.tokens_only or report.day_totals):
        parts.append(counted(report.requests, "request"))
    if report.tokens_only:
        parts.append(f"tokens of {counted(report.tokens_only, 'attempt')}")
    if report.day_totals:
        parts.append(counted(report.day_totals, "total") + " of a day and model")
    verb = "would be added" if report.outcome == "preview" else "added"
    return f"{' and '.join(parts)} {verb}"
