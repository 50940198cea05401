"""Options that several commands share.

Must not enter: reading or writing the store.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from proxypal.data_directory import data_directory

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_Callback = Callable[[click.Context, click.Parameter, Path | None], Path]

_NAMED = "proxypal.data_dir"


def remember_data_directory(
    context: click.Context,
    parameter: click.Parameter,  # noqa: ARG001 - click's signature
    value: Path | None,
) -> Path:
    """`proxypal --data-dir X COMMAND`: keep it for the command."""
    if value is not None:
        context.meta[_NAMED] = value
    return data_directory(value)


def resolve_data_directory(
    context: click.Context,
    parameter: click.Parameter,
    value: Path | None,
) -> Path:
    """`proxypal COMMAND --data-dir X`, which wins over one given before the command."""
    named = context.meta.get(_NAMED) if value is None else value
    return remember_data_directory(context, parameter, named)


def named_data_directory() -> Path | None:
    """The `--data-dir` of the running command, None if it was not given."""
    named = click.get_current_context().meta.get(_NAMED)
    return named if isinstance(named, Path) else None


def take_data_directory(callback: _Callback) -> Callable[[Decorated], Decorated]:
    """The option `--data-dir`, passed to the command as an absolute `data_dir`."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        callback=callback,
        help="Where the data lives.  [default: $PROXYPAL_HOME, else ~/.config/proxypal]",
    )


in_data_directory = take_data_directory(resolve_data_directory)
"""Decorator of every command: it takes `--data-dir` after its name too."""

json_option = click.option("as_json", "--json", is_flag=True, help="Exact figures as JSON.")
"""Decorator of every command that shows something."""

yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
"""Decorator of every command that takes something away."""
