"""The command line: one file per command, and this list of them.

Importing this package, or running one command, imports no other command: start-up time decides
whether `proxypal stats --json` can stand in a prompt or a status bar.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path

import click

from proxypal import __version__
from proxypal.cli import exits
from proxypal.cli.options import remember_data_directory, take_data_directory

COMMANDS: dict[str, str] = {
    "serve": "proxypal.cli.commands.serve",
    "watch": "proxypal.cli.commands.watch",
    "record": "proxypal.cli.commands.record",
    "import": "proxypal.cli.commands.import_files",
    "stats": "proxypal.cli.commands.stats",
    "history": "proxypal.cli.commands.history",
    "statusline": "proxypal.cli.commands.statusline",
    "budget": "proxypal.cli.commands.budget",
    "prices": "proxypal.cli.commands.prices",
    "export": "proxypal.cli.commands.export",
    "clear": "proxypal.cli.commands.clear",
    "reset": "proxypal.cli.commands.reset",
    "restore": "proxypal.cli.commands.restore",
    "breakdown": "proxypal.cli.commands.breakdown",
    "doctor": "proxypal.cli.commands.doctor",
    "setup": "proxypal.cli.commands.setup",
    "service": "proxypal.cli.commands.service",
    "demo": "proxypal.cli.commands.demo",
    "completion": "proxypal.cli.commands.completion",
}
"""Command to the module whose `command` it is, in the order of `proxypal --help`."""


class Program(click.Group):
    """`proxypal`, with commands imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The table's order: what one does first stands first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command's module, or None if there is no such command."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = importlib.import_module(module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.command is not a command")
        return command


@click.group(
    cls=Program,
    name="proxypal",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", message="proxypal %(version)s")
@take_data_directory(remember_data_directory)
@click.pass_context
def program(context: click.Context, data_dir: Path) -> None:
    """Never forgets and never miscounts what passes your LLM proxy.

    \b
    Start here:
      proxypal serve    records every request of CLIProxyAPI, and shows it in the browser
      proxypal watch    records in the terminal instead, a line per request
      proxypal stats    shows what was recorded, all-time
    """  # noqa: D301 - click keeps the lines after a backspace character as they are
    del data_dir  # the command that follows finds it through the context
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program with `arguments` and return the exit code; without, as the process it is."""
    code = exits.run(program, arguments)
    if arguments is None:
        exits.leave(code)
    return code
