"""`proxypal setup`: what to switch on elsewhere, and the settings of the data."""

from pathlib import Path

import click

from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.opening import opened
from proxypal.cli.options import in_data_directory, json_option
from proxypal.cli.output import finding_line, print_json, say
from proxypal.service.proxy_setup import examine_proxy_config

_MONTHS_AT_MOST = 1200


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
    examined = examine_proxy_config(config)
    path, advice = examined.path, examined.advice
    if as_json:
        rows = [
            {"key": a.key, "current": a.current, "wanted": a.wanted, "why": a.why} for a in advice
        ]
        more = {"proxy": examined.url, "managementKeyGiven": examined.has_key}
        print_json({"config": str(path), "advice": rows, **more})
    elif advice:
        say(f"In {path}, set these and restart the proxy:")
        for one in advice:
            said = f"{one.wanted} (now: {one.current}); {one.why}"
            click.echo(finding_line(one.key, said, ok=False))
    else:
        click.echo(finding_line(str(path), "everything can be recorded", ok=True))
    if not as_json:
        say(_how_to_read_the_queue(examined.url, has_key=examined.has_key))
    return FAILED if advice else DONE


def _how_to_read_the_queue(url: str, *, has_key: bool) -> str:
    """What is to be done on our side."""
    if has_key:
        return f"Then `proxypal watch` reads its log, and its usage queue at {url}."
    return (
        f"Then `proxypal watch --cliproxy {url} --management-key-file FILE` reads its log and its "
        "usage queue. FILE holds the plain management key on a line (chmod 600); or put the key "
        "into PROXYPAL_MANAGEMENT_KEY."
    )


def _months(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """`12` or `all`, which is 0."""
    if value is None or value == "all":
        return None if value is None else 0
    if not value.isdecimal() or not 1 <= int(value) <= _MONTHS_AT_MOST:
        raise click.BadParameter(
            f"{value!r} is neither a number from 1 to {_MONTHS_AT_MOST} nor `all`.",
            context,
            parameter,
        )
    return int(value)


@command.command("data")
@click.option("--zone", metavar="ZONE", help="Time zone of day and hour labels from now on.")
@click.option(
    "--history-limit",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="How many recent requests to keep.",
)
@click.option(
    "--keep-months",
    metavar="N|all",
    callback=_months,
    help="How many months before this one keep their breakdown; totals are kept for ever.",
)
@json_option
@in_data_directory
def data(
    *,
    zone: str | None,
    history_limit: int | None,
    keep_months: int | None,
    as_json: bool,
    data_dir: Path,
) -> int:
    """Show the settings of the data, or change them.

    Labels that were given stay as they are: a request keeps the day it was counted under. Months
    that are older than --keep-months says are dropped at once and later once a day, each time
    with a backup.
    """
    with opened(data_dir) as store:
        store.configure(zone=zone, history_limit=history_limit, breakdown_months=keep_months)
        settings = store.settings()
    kept = settings.breakdown_months
    if as_json:
        named = {"zone": settings.zone, "historyLimit": settings.history_limit}
        print_json({**named, "keepMonths": kept})
    else:
        click.echo(f"zone           {settings.zone or 'that of this machine'}")
        click.echo(f"history limit  {settings.history_limit} requests")
        click.echo(f"keep months    {'all' if kept is None else kept}")
    return DONE
