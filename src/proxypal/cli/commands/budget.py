"""`proxypal budget`: what is spent of the limits in settings.toml, and where it is heading."""

from pathlib import Path

import click

from proxypal import clock
from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.opening import opened_to_read
from proxypal.cli.options import in_data_directory, json_option
from proxypal.cli.output import print_json, say
from proxypal.cli.rendering_budgets import budget_table, passed_line, remarks
from proxypal.service.budgets import Standing, budgets_of, standings
from proxypal.service.settings_file import FILE_NAME, Settings, read_settings


@click.command("budget")
@click.option("--check", is_flag=True, help="Only show what is passed; exit code 1 if one is.")
@json_option
@in_data_directory
def command(*, check: bool, as_json: bool, data_dir: Path) -> int:
    """Show what is spent of each budget, what is left, and the forecast for its period.

    A budget is a table [[budget]] of settings.toml: per = "day", "week" or "month"; usd, tokens
    or requests = the limit; and if you like, a name, and where = conditions as in stats --where.
    """
    with opened_to_read(data_dir) as store:
        settings = read_settings(data_dir)
        budgets, problems = budgets_of(settings, data_dir)
        offset = clock.offset_of(store.settings().zone)
        found = standings(store, budgets, clock.now_ms(), offset)
    for problem in problems:
        say(f"proxypal: {problem}")
    passed = [standing for standing in found if standing.state.is_passed]
    shown = passed if check else found
    if as_json:
        print_json([standing.state for standing in shown])
    elif check:
        for standing in shown:
            click.echo(passed_line(standing.state))
    else:
        _draw(shown, settings, data_dir)
    return FAILED if problems or (check and passed) else DONE


def _draw(found: list[Standing], settings: Settings, data_dir: Path) -> None:
    if not found:
        say(
            f"No budgets. One is written into {data_dir / FILE_NAME} like this:\n\n"
            '[[budget]]\nname = "all of it"\nper = "month"\nusd = 200'
        )
        return
    from proxypal.cli.rendering_console import show  # noqa: PLC0415 - the same

    wheres = [[settings.shown_in(text) for text in one.state.where] for one in found]
    show(budget_table(found, wheres))
    for remark in remarks(found):
        say(remark)
