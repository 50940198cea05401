"""What an import came to, file by file. Values only."""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

Outcome = Literal["imported", "preview", "known", "refused"]
"""Added; would be added; was added before; cannot be read."""

Progress = Callable[[int, int], None]
"""Told done and total bytes of the file being read."""

BAD_ROWS_NAMED = 10_000
"""So many bad rows are named; of more the report says how many there were."""


class BadRow(msgspec.Struct, frozen=True):
    """A row or line that could not be taken. `line` counts from 1, 0 is the file as a whole."""

    line: int
    reason: str


class RowTally(msgspec.Struct, kw_only=True):
    """What became of the rows of a file that are rows: each is in exactly one of the others.

    `requests` are new, `joined` are further attempts of one of those, `tokens_only` add tokens to
    a request that is counted already (by a log, or by another attempt of it), `known` are in the
    store, `repeated` were told before in the same file, `older` were counted by files of ProxyPal.
    """

    rows: int = 0
    requests: int = 0
    joined: int = 0
    tokens_only: int = 0
    known: int = 0
    repeated: int = 0
    older: int = 0


class ImportReport(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What became of one file, or of an old history and its aggregate together.

    `requests` are what the totals grew by, or would grow by. The other counts are as in
    `RowTally`; `day_totals` are a model's tokens of a day that were added without requests, and
    `unpriced` what has tokens and no known price. `skipped` says what else was left out, and why.
    `kind` is what the contents were recognised as. `backup` names the undo of what was added, or
    of the earlier import of a known file. `reason` says why it was refused.
    """

    path: str
    kind: str
    outcome: Outcome
    requests: int = 0
    joined: int = 0
    tokens_only: int = 0
    day_totals: int = 0
    known: int = 0
    repeated: int = 0
    older: int = 0
    unpriced: int = 0
    bad_rows: Sequence[BadRow] = ()
    skipped: Sequence[str] = ()
    notes: Sequence[str] = ()
    backup: str | None = None
    reason: str | None = None


class BadRows:
    """Collects bad rows; the first are named, the rest only counted."""

    def __init__(self) -> None:
        self._rows: list[BadRow] = []
        self._more = 0

    def add(self, row: BadRow) -> None:
        """One more."""
        if len(self._rows) < BAD_ROWS_NAMED:
            self._rows.append(row)
        else:
            self._more += 1

    def rows(self) -> list[BadRow]:
        """What was found."""
        rest = BadRow(0, f"{self._more} more rows could not be taken")
        return [*self._rows, rest] if self._more else self._rows
