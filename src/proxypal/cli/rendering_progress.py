"""A progress bar on stderr, with `rich`. Only for a person: callers check that it is a terminal."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class ProgressBar:
    """How many bytes of how many are done. Vanishes when it is closed."""

    def __init__(self, title: str) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True, highlight=False, markup=False, emoji=False),
            transient=True,
        )
        self._task = self._progress.add_task(title, total=None)
        self._progress.start()

    def advance(self, done_bytes: int, total_bytes: int) -> None:
        """So far."""
        self._progress.update(self._task, completed=done_bytes, total=total_bytes)

    def close(self) -> None:
        """Take the bar away and leave the screen as it was."""
        self._progress.stop()
