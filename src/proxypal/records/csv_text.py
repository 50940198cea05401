"""Rows as CSV: quoted by RFC 4180, a line feed between lines, and safe to open in a spreadsheet.

Must not enter: what the rows are about, and files.
"""

import csv
import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


class _Lines(list[str]):
    """Takes whole lines from a csv writer and ends them as the seed does."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """One line per row. Cells that hold recorded text have to be `neutral`."""
    lines = _Lines()
    # With the standard line end the writer quotes CR as well as LF on every Python version.
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return "".join(lines)


def neutral(text: str) -> str:
    """Text that a spreadsheet would run as a formula, with an apostrophe before it."""
    return f"'{text}" if _FORMULA.match(text) else text


def original(cell: str) -> str:
    """The text that `neutral` made a cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
