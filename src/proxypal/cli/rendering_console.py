"""Tables on stdout with `rich`: coloured for a person, plain and unwrapped for a pipe.

Imported only by commands that draw, inside the branch that draws. Text that was recorded goes
into cells as `Text`, never as markup.
"""

import io
import shutil

import click
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from proxypal.cli.output import is_plain, is_terminal, takes_blocks
from proxypal.cli.rendering_text import bar, harmless

BAR_WIDTH = 24
_ENOUGH_COLUMNS = 110
"""Of a terminal, for a table with bars of full width; numbers must not be cut for them."""

_UNWRAPPED = 10_000
"""Width of a pipe: nothing is cut or wrapped there."""


def show(*parts: RenderableType) -> None:
    """Print the parts, one below the other."""
    if not is_plain():
        Console(highlight=False, markup=False, emoji=False).print(*parts, sep="\n")
        return
    drawn = io.StringIO()
    width = None if is_terminal() else _UNWRAPPED
    console = Console(
        file=drawn,
        force_terminal=False,
        color_system=None,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(*parts, sep="\n")
    click.echo("\n".join(line.rstrip() for line in drawn.getvalue().splitlines()))


def new_table(title: str, *names: str, numbers: str = "", flexible: str = "") -> Table:
    """An empty table. `names` listed in `numbers` (separated by spaces) stand to the right.

    Those in `flexible` hold `name_cell`s, which are cut on a narrow terminal before any number.
    """
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 2, 0, 0),
        header_style="dim",
    )
    right = numbers.split()
    for name in names:
        table.add_column(
            name,
            justify="right" if name in right else "left",
            no_wrap=name not in flexible.split(),
            overflow="ellipsis",
        )
    return table


def name_cell(name: str, style: str = "") -> Text:
    """A recorded name, harmless."""
    return Text(harmless(name), style=style, no_wrap=True, overflow="ellipsis")


def bar_cell(value: int, most: int, style: str = "cyan") -> Text:
    """A bar relative to the largest value of its table."""
    return Text(bar(value, most, bar_width(), blocks=takes_blocks()), style=style)


def bar_width() -> int:
    """How long a bar may be: shorter on a narrow terminal."""
    return max(BAR_WIDTH // 3, BAR_WIDTH - _missing_columns() // 2)


def is_narrow() -> bool:
    """Whether there is no room for all one could say."""
    return bool(_missing_columns())


def _missing_columns() -> int:
    return max(0, _ENOUGH_COLUMNS - shutil.get_terminal_size().columns) if is_terminal() else 0
