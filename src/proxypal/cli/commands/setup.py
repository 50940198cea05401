"""`proxypal setup`: what to switch on elsewhere, so that everything can be recorded."""

from pathlib import Path

import click

from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.options import json_option
from proxypal.cli.output import finding_line, print_json, say
from proxypal.service.proxy_setup import examine_proxy_config


@click.group("setup")
def command() -> None:
    """Check how the programs around are set up; changes nothing."""


@command.command("cliproxy")
@click.argument("config", required=False, type=click.Path(path_type=Path), metavar="[CONFIG.YAML]")
@json_option
def cliproxy(*, config: Path | None, as_json: bool) -> int:
    """Check CLIProxyAPI's config for what decides how much can be recorded.

    Finds the config in its usual places if it is not named. Changes nothing; exit code 1 if
    something should be changed.
    """
    path, advice = examine_proxy_config(config)
    if as_json:
        rows = [
            {"key": a.key, "current": a.current, "wanted": a.wanted, "why": a.why} for a in advice
        ]
        print_json({"config": str(path), "advice": rows})
    elif advice:
        say(f"In {path}, set these and restart the proxy:")
        for one in advice:
            said = f"{one.wanted} (now: {one.current}); {one.why}"
            click.echo(finding_line(one.key, said, ok=False))
    else:
        click.echo(finding_line(str(path), "everything can be recorded", ok=True))
    return FAILED if advice else DONE
