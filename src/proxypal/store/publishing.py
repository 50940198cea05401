"""Putting `history.json` and `aggregate.json` out, and keeping what another program wrote there.

Must not enter: when that is due (`engine.py`), what the files hold (`publication.py`).
"""

from collections.abc import Callable
from pathlib import Path

from proxypal.clock import iso_utc
from proxypal.store import durable_files
from proxypal.store.examining import AGGREGATE, HISTORY, examine_file
from proxypal.store.publication import Moment, render_aggregate, render_history
from proxypal.store.reading import read_moment
from proxypal.store.state import Change, State

Signature = tuple[int, int, int]


class Publisher:
    """Writes the pair of one directory, and remembers how it left the files."""

    def __init__(self, directory: Path, on_warning: Callable[[str], None]) -> None:
        self._directory = directory
        self._warn = on_warning
        self._written: dict[str, Signature] = {}

    def put_out(self, change: Change) -> None:
        """Write both files from the caller's write transaction.

        It keeps publications of several processes in order, so that `published_sequence` never
        lies.

        Raises:
            StorageFull, CannotWrite: the caller must roll back.
        """
        moment = read_moment(change.connection, change.state)
        with durable_files.writing(self._directory):
            self._put_out(change, moment)

    def _put_out(self, change: Change, moment: Moment) -> None:
        # What lies there before the first publication are migrated originals; a backup holds them.
        if change.state.published_sequence or self._written:
            for name in (HISTORY, AGGREGATE):
                self._keep_foreign(name, change.state, iso_utc(change.now_ms))
        # The aggregate goes first: rows newer than it can be added to it, not the reverse.
        for name, render in ((AGGREGATE, render_aggregate), (HISTORY, render_history)):
            durable_files.write_file(self._directory / name, render(moment))
            self._written[name] = self._signature(name)
        change.connection.execute(
            "UPDATE state SET published_sequence = ? WHERE one = 1", (change.state.sequence,)
        )

    def _signature(self, name: str) -> Signature:
        found = (self._directory / name).stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _keep_foreign(self, name: str, state: State, stamp: str) -> None:
        """Set a file aside that another program wrote since our last publication."""
        try:
            if self._signature(name) == self._written.get(name):
                return
        except FileNotFoundError:
            if name in self._written:
                self._warn(f"{name} was deleted. It was published again, no number changed.")
            return
        found = examine_file(self._directory / name)
        what, reason = "was changed by another program", "foreign"
        if found.kind == "absent":
            return
        if found.kind == "unreadable":
            reason = "corrupt"
        elif found.published is not None and found.published.store_id == state.store_id:
            if found.published.sequence >= state.published_sequence:
                return
            what = "was put back from an old copy"
        aside = durable_files.set_aside(self._directory / name, reason, stamp)
        self._warn(
            f"{name} {what}. That file is now {aside.name}; ours was published again, "
            "no number changed."
        )
