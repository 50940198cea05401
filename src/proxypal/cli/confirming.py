"""Asking before something is taken away, and the command that brings it back."""

import shlex
import sys

import click

from proxypal.cli.options import named_data_directory
from proxypal.cli.output import say
from proxypal.errors import WrongUsage


def agreed(question: str, *, yes: bool) -> bool:
    """Whether the person agrees; `yes` is their agreement given beforehand.

    Raises:
        WrongUsage: nobody is there to be asked.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise WrongUsage("Nobody is at the terminal to be asked. Add --yes if you are sure.")
    if click.confirm(question, err=True):
        return True
    say("Nothing was changed.")
    return False


def undo_command(name: str) -> str:
    """The command line that undoes what made the backup `name`, for the same data directory."""
    named = named_data_directory()
    where = [] if named is None else ["--data-dir", str(named.absolute())]
    return shlex.join(["proxypal", *where, "restore", name])
