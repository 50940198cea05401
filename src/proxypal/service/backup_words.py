"""What a backup is of and what its undo does, in words for a person.

Must not enter: backups themselves, and how they are listed.
"""

from typing import NamedTuple

from proxypal.store.values import Backup, BackupKind


class BackupWords(NamedTuple):
    """`made_by` is the action that made it, `undo` what restoring it does."""

    made_by: str
    undo: str


def words_of(backup: Backup) -> BackupWords:
    """The words for one backup, with its numbers."""
    made_by, undo = _WORDS[backup.kind]
    return BackupWords(
        made_by,
        undo.format(requests=_counted(backup.requests), rows=_counted(backup.rows)),
    )


_WORDS: dict[BackupKind, tuple[str, str]] = {
    "clear": ("Clear History", "Brings {rows} back into the history."),
    "reset": (
        "Reset Analytics",
        "Adds {requests} to the all-time analytics again, beside what came since.",
    ),
    "import": ("Import", "Takes off the {requests} that the import added."),
    "migration": ("Migration of old files", "Takes off the {requests} that were taken over."),
    "reprice": ("Re-pricing", "Gives {requests} their old cost again."),
    "breakdown": ("Dropped months", "Brings the breakdown of {requests} back."),
}


def _counted(count: int) -> str:
    return f"{count:,} request{'' if count == 1 else 's'}"
