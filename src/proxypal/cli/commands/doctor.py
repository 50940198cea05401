"""`proxypal doctor`: recount, compare, explain."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from proxypal import clock
from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.opening import opened
from proxypal.cli.options import in_data_directory, json_option
from proxypal.cli.output import finding_line, print_json, say
from proxypal.cli.rendering_text import counted, wall_time
from proxypal.errors import StoreError
from proxypal.service.queue_findings import findings as queue_findings
from proxypal.service.queue_findings import is_of_queue
from proxypal.store import Store
from proxypal.store.values import Finding


@click.command("doctor")
@click.option("--repair", is_flag=True, help="Put right what can be put right.")
@json_option
@in_data_directory
def command(*, repair: bool, as_json: bool, data_dir: Path) -> int:
    """Check the data: files, totals, positions, permissions. Exit code 1 if anything is off.

    Without --repair nothing is changed, not even what any other command would put right.
    """
    findings = _repaired(data_dir) if repair else _examined(data_dir)
    wrong = sum(not finding.ok for finding in findings)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            click.echo(finding_line(finding.check, finding.detail, ok=finding.ok))
        if wrong:
            hint = "" if repair else " `proxypal doctor --repair` puts right what it can."
            say(f"{counted(wrong, 'finding')} not ok.{hint}")
    return FAILED if wrong else DONE


def _repaired(data_dir: Path) -> Sequence[Finding]:
    with opened(data_dir) as store:
        return [*_checked(store, repair=True), _writable(data_dir)]


def _examined(data_dir: Path) -> Sequence[Finding]:
    try:
        if not data_dir.exists() or not any(data_dir.iterdir()):
            none = Finding(check="data", ok=True, detail=f"nothing recorded yet in {data_dir}")
            return [none, _writable(data_dir)] if data_dir.exists() else [none]
        store = Store(data_dir, read_only=True)
    except (StoreError, OSError) as error:
        return [Finding(check="data", ok=False, detail=str(error))]
    with store:
        # What opening for writing would put right is off as long as nobody did.
        off = [Finding(check="data", ok=False, detail=warning) for warning in store.warnings]
        return [*off, *_checked(store, repair=False), _writable(data_dir)]


def _checked(store: Store, *, repair: bool) -> list[Finding]:
    """What the store finds, and how its usage queues are doing."""
    offset = clock.offset_of(store.settings().zone)
    queues = queue_findings(
        store.queues(), store.gaps(), clock.now_ms(), lambda moment_ms: wall_time(moment_ms, offset)
    )
    of_store = [one for one in store.check(repair=repair) if not (queues and is_of_queue(one))]
    return [*of_store, *queues]


def _writable(data_dir: Path) -> Finding:
    """Whether requests can be recorded: we may write the directory and what lies in it."""
    sealed = [str(path) for path in (data_dir, *data_dir.iterdir()) if not os.access(path, os.W_OK)]
    return Finding(
        check="permissions",
        ok=not sealed,
        detail="everything can be written"
        if not sealed
        else f"you may not write {', '.join(sealed[:5])}; check the owner and permissions",
    )
