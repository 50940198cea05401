"""What an import came to, file by file. Values only."""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

Outcome = Literal["imported", "preview", "known", "refused"]
"""Added; would be added; was added before; cannot be read."""

Progress = Callable[[int, int], None]
"""Told done and total bytes of the file being read."""


class BadRow(msgspec.Struct, frozen=True):
    """A row or line that is no request. `line` counts from 1, 0 where it is not known."""

    line: int
    reason: str


class ImportReport(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What became of one file, or of an old history and its aggregate together.

    `requests` are what the totals grew by, or would grow by; `older` were counted before by files
    that were migrated. `kind` is what the contents were recognised as. `backup` names the undo of
    what was added, or of the earlier import of a known file. `reason` says why it was refused.
    """

    path: str
    kind: str
    outcome: Outcome
    requests: int = 0
    older: int = 0
    bad_rows: Sequence[BadRow] = ()
    notes: Sequence[str] = ()
    backup: str | None = None
    reason: str | None = None
