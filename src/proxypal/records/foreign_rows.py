"""What the readers of other programs' files yield: attempts, totals of a day, and rejections.

A reader is a generator of these, one file from its start to its end; it never raises, whatever
the file says. Must not enter: any file format, opening files, what is done about a row.
"""

from decimal import Decimal
from typing import NamedTuple

from proxypal.records.attempt import Attempt, Tokens

NumberedLine = tuple[int, bytes | None]
"""A line of a file and its number, from 1; None for one that was too long to be read."""


class AttemptRow(NamedTuple):
    """One upstream attempt. `line` is the number of its line or row, from 1."""

    attempt: Attempt
    line: int


class DayTotal(NamedTuple):
    """What a model used on a day, without the requests it came from.

    `day` is the label `YYYY-MM-DD` as the file has it, in whatever zone its program kept.
    `cost_usd` is None where the file names no cost, or names $0 for tokens it had no price for.
    """

    day: str
    provider: str
    model: str
    tokens: Tokens
    cost_usd: Decimal | None
    line: int


class RowRejected(NamedTuple):
    """Something the file tells that could not be taken. `line` 0: of the file as a whole."""

    line: int
    reason: str


ForeignRow = AttemptRow | DayTotal | RowRejected
