"""`proxypal service`: `proxypal serve` in the background, started by the system.

The options are those of `serve`, read by `serve` itself, so that what is installed is what runs.
Must not enter: units and agents (`service.background_service`).
"""

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.options import in_data_directory
from proxypal.cli.output import finding_line, say
from proxypal.service.background_service import Plan, plan, serve_command
from proxypal.service.service_control import has_key, install, remove, state, this_machine

_SERVE = "proxypal.cli.commands.serve"
_NEEDLESS = {"browser", "no_browser", "data_dir"}
_PATHS = {"PATH", "FILE", "DIR"}
"""How help names values that are paths."""
_TAKES_THE_REST = {"ignore_unknown_options": True, "allow_extra_args": True}


@click.group("service")
def command() -> None:
    """Run `proxypal serve` all the time: started with the system, started again when it ends.

    The proxy's usage queue forgets after a minute what nobody reads: only a reader that always
    runs loses nothing.
    """


@command.command("install", context_settings=_TAKES_THE_REST)
@click.option("--dry-run", is_flag=True, help="Show what would be written and run; do nothing.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF serve]...")
@in_data_directory
def install_service(*, dry_run: bool, options: tuple[str, ...], data_dir: Path) -> int:
    """Install it for this user and start it: a systemd user unit, or a launchd agent on macOS.

    Takes every option of `proxypal serve`. Secrets go in by file (--management-key-file,
    --token-file): a service does not see the variables of your shell. Installed again, it runs
    with the new options.
    """
    planned = _plan(options, data_dir)
    if dry_run:
        click.echo(f"# {planned.path}\n{planned.content}")
        for words in (*planned.prepare, *planned.restart):
            click.echo("# " + " ".join(words))
        return DONE
    if has_key(os.environ) and not _names_key_file(options):
        say(
            "The management key in your environment is not passed on: a unit is no place for a "
            "secret. Give it in a file: --management-key-file FILE."
        )
    for path in _missing_files(options):
        say(f"{path} is not there; the service needs it at each start.")
    install(planned)
    click.echo(f"Installed {planned.path}, and started.")
    say(planned.advice)
    return DONE


@command.command("status")
@in_data_directory
def service_status(*, data_dir: Path) -> int:
    """Say whether it is installed and runs; exit code 1 if it does not run."""
    planned = _plan((), data_dir)
    found = state(planned)
    click.echo(finding_line(str(planned.path), found.detail, ok=found.is_running))
    if not found.is_installed:
        say("`proxypal service install` installs it.")
    elif not found.is_running:
        say(planned.advice)
    return DONE if found.is_running else FAILED


@command.command("remove")
@in_data_directory
def remove_service(*, data_dir: Path) -> int:
    """Stop it and take its file away. The data stays."""
    planned = _plan((), data_dir)
    was_there = remove(planned)
    done = "Stopped and removed" if was_there else "Not installed: there is no"
    click.echo(f"{done} {planned.path}.")
    return DONE


def _names_key_file(options: Sequence[str]) -> bool:
    return any(word.startswith("--management-key-file") for word in options)


def _missing_files(options: Sequence[str]) -> list[Path]:
    """Secrets that are named and not there yet."""
    named = [word.partition("=") for word in _checked(options)]
    paths = [Path(value) for name, _, value in named if name.endswith("-file")]
    return [path for path in paths if not path.is_file()]


def _plan(options: Sequence[str], data_dir: Path) -> Plan:
    arguments = ["--data-dir", str(data_dir), *_checked(options)]
    words = serve_command(sys.executable, arguments)
    return plan(words, data_dir, this_machine(os.environ))


def _checked(options: Sequence[str]) -> list[str]:
    """The options of `serve` as they are meant here: checked by it, every path absolute."""
    if not options:
        return []
    serve = importlib.import_module(_SERVE).command
    context = serve.make_context("serve", list(options), parent=click.get_current_context())
    words: list[str] = []
    for parameter in serve.params:
        source = context.get_parameter_source(parameter.name)
        if source is ParameterSource.COMMANDLINE and parameter.name not in _NEEDLESS:
            words.extend(_words_of(parameter, context.params[parameter.name]))
    return words


def _words_of(parameter: click.Parameter, value: object) -> Iterator[str]:
    """An option as it is said on a command line, once for each of its values."""
    name = max(parameter.opts, key=len)
    if isinstance(parameter, click.Option) and parameter.is_flag:
        yield name if value else max(parameter.secondary_opts or parameter.opts, key=len)
        return
    is_path = isinstance(parameter.type, click.Path) or parameter.metavar in _PATHS
    values = value if isinstance(value, list | tuple) else [value]
    for one in values:
        is_file = is_path and str(one) != "-"
        word = str(Path(str(one)).expanduser().absolute()) if is_file else str(one)
        # With the sign, a value may begin with a dash.
        yield f"{name}={word}" if isinstance(parameter, click.Option) else word
