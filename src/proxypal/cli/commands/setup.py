"""`proxypal setup`: what to switch on elsewhere, and the settings of the data."""

from pathlib import Path

import click

from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.opening import opened
from proxypal.cli.options import in_data_directory, json_option
from proxypal.cli.output import finding_line, print_json, say
from proxypal.service.proxy_setup import examine_proxy_config


@click.group("setup")
def command() -> None:
    """Check how the proxy is set up, or show and change the settings of the data."""


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


@command.command("data")
@click.option("--zone", metavar="ZONE", help="Time zone of day and hour labels from now on.")
@click.option(
    "--history-limit",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="How many recent requests to keep.",
)
@json_option
@in_data_directory
def data(*, zone: str | None, history_limit: int | None, as_json: bool, data_dir: Path) -> int:
    """Show the settings of the data, or change them.

    Labels that were given stay as they are: a request keeps the day it was counted under.
    """
    with opened(data_dir) as store:
        store.configure(zone=zone, history_limit=history_limit)
        settings = store.settings()
    if as_json:
        print_json({"zone": settings.zone, "historyLimit": settings.history_limit})
    else:
        click.echo(f"zone           {settings.zone or 'that of this machine'}")
        click.echo(f"history limit  {settings.history_limit} requests")
    return DONE
