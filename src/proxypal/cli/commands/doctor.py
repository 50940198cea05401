"""`proxypal doctor`: recount, compare, explain."""

from pathlib import Path

import click

from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.opening import opened
from proxypal.cli.options import in_data_directory, json_option
from proxypal.cli.output import is_plain, print_json, say
from proxypal.cli.rendering_text import counted, harmless


@click.command("doctor")
@click.option("--repair", is_flag=True, help="Put right what can be put right.")
@json_option
@in_data_directory
def command(*, repair: bool, as_json: bool, data_dir: Path) -> int:
    """Check the data: files, totals, positions, permissions. Exit code 1 if anything is off."""
    with opened(data_dir, read_only=not repair) as store:
        findings = store.check(repair=repair)
    wrong = sum(not finding.ok for finding in findings)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            mark = "ok    " if finding.ok else "not ok"
            if not is_plain():
                mark = click.style(mark, fg="green" if finding.ok else "red")
            click.echo(f"{mark}  {harmless(finding.check)}: {harmless(finding.detail)}")
        if wrong:
            hint = "" if repair else " `proxypal doctor --repair` puts right what it can."
            say(f"{counted(wrong, 'finding')} not ok.{hint}")
    return FAILED if wrong else DONE
