"""Reads the files of one log in order, from where the store stands, batch by batch.

Every decision rests on content (`log_identity`), made on the open file that is then read: a file
that is renamed, copied, truncated or replaced between listing and opening is still read once and
only once. Nothing is remembered that the store does not also hold, except what saves work.
"""

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import msgspec

from proxypal.clock import Clock
from proxypal.records.labels import Offset
from proxypal.sources.log_batches import KnownLogs, Notice, PositionStore, Reading
from proxypal.sources.log_chunks import LogReplaced
from proxypal.sources.log_file_reading import End, FileReading, Turn
from proxypal.sources.log_files import (
    LogFile,
    LogSet,
    OpenLog,
    Signature,
    signature_of,
    size_bytes_of,
)
from proxypal.sources.log_gaps import Vanished
from proxypal.sources.log_identity import SAMPLE_BYTES, beginning_of
from proxypal.sources.log_quiet import Quiet, QuietFiles
from proxypal.store.values import Gap

Found = Reading | Notice

_EARLIER_COPY = "is an earlier copy of a log already read; only newer requests count"


class LogReader:
    """Reads what is there of one log, each time `sweep` is called.

    Args:
        logs: the files.
        store: gives positions and takes batches.
        offset: the zone the log is written in.
        clock: Unix milliseconds.
        is_complete: nobody writes to these files any more, so a last line without a line feed
            counts, and a log that is gone is no loss: for importing by hand.
    """

    def __init__(
        self,
        logs: LogSet,
        store: PositionStore,
        offset: Offset,
        *,
        clock: Clock,
        is_complete: bool = False,
    ) -> None:
        self.logs = logs
        self._clock = clock
        self._is_complete = is_complete
        self._known = KnownLogs(store, logs.source)
        self._reading = FileReading(self._known, offset, clock, is_complete=is_complete)
        self._vanished = Vanished(clock)
        self._quiet = QuietFiles()
        self._told: set[Notice] = set()
        self._seen: tuple[Signature | None, Signature | None] | None = None
        self._is_disturbed = False
        self._done_bytes = self._total_bytes = 0
        self._begins_ms: int | None = None

    @property
    def needs_another_look(self) -> bool:
        """Whether the last sweep left open what became of a file."""
        return self._is_disturbed or self._vanished.is_unsure

    def has_news(self) -> bool:
        """Whether a sweep is worth while: two calls of stat(2)."""
        return self.needs_another_look or self._signatures() != self._seen

    def sweep(self) -> Generator[Found, None, None]:
        """Read everything there is now, in order; each batch was offered to the store.

        Raises:
            StoreError: the store did not take a batch. The next sweep starts from what it holds.
        """
        # Noted before anything is read, and valid only if all of it is: what changes meanwhile,
        # or is left for the next time, is then news.
        seen, self._seen = self._signatures(), None
        self._is_disturbed = False
        self._begins_ms = None
        self._vanished.begin()
        # Opened before the others are listed: a rotation in between moves it among them.
        live = _open(self.logs.path)
        try:
            files = [*self.logs.rotated(), self.logs.live]
            sizes = [size_bytes_of(file.path) for file in files]
            self._total_bytes = sum(sizes)
            for place, file in enumerate(files):
                self._done_bytes = sum(sizes[:place])
                if place == len(files) - 1:
                    yield from self._visit(files, place, live)
                elif not self._is_quiet(file.path):
                    yield from self._visit(files, place, _open(file.path))
        finally:
            if isinstance(live, OpenLog):
                live.close()
        if not self._is_complete:
            yield from self._report_vanished()
        self._seen = seen

    def _signatures(self) -> tuple[Signature | None, Signature | None]:
        return signature_of(self.logs.path), signature_of(self.logs.directory)

    def _is_quiet(self, path: Path) -> bool:
        quiet = self._quiet.get(path)
        if quiet is not None:
            self._vanished.meet(quiet.first_line, quiet.position)
        return quiet is not None

    def _visit(
        self, files: Sequence[LogFile], place: int, log: OpenLog | OSError
    ) -> Iterator[Found]:
        path = files[place].path
        if isinstance(log, FileNotFoundError):
            # A live log that is not there yet is no riddle; a listed file that is gone is.
            if path != self.logs.path:
                self._disturb()
            return
        if isinstance(log, OSError):
            self._vanished.disturb()
            yield from self._tell(path, f"cannot be read: {log.strerror}")
            return
        with log:
            try:
                beginning = beginning_of(log.read_at(0, SAMPLE_BYTES))
                if beginning is not None:
                    sizes = self._done_bytes, self._total_bytes
                    yield from self._take(Turn(files, place, log, beginning, *sizes))
            except OSError as error:
                self._vanished.disturb()
                yield from self._tell(path, f"cannot be read: {error.strerror}")
            if log.damage:
                yield from self._tell(path, f"is damaged: {log.damage}; read as far as possible")

    def _disturb(self) -> None:
        self._is_disturbed = True
        self._vanished.disturb()

    def _tell(self, path: Path, text: str) -> Iterator[Notice]:
        """A notice, once."""
        notice = Notice(path.name, text)
        if notice not in self._told:
            self._told.add(notice)
            yield notice

    def _take(self, turn: Turn) -> Iterator[Found]:
        """Read a file to its end; decide anew as often as others move its position meanwhile."""
        first_line = turn.beginning.first_line
        self._vanished.meet(first_line, None)
        signature = turn.log.signature()
        end: End | None = None
        while end is None:
            start = self._reading.recognise(turn)
            if start is None:
                self._settle(turn, signature, None)
                return
            if start.stored is None and start.position.floor_ms:
                yield from self._tell(turn.file.path, _EARLIER_COPY)
            try:
                end = yield from self._reading.read(turn, start)
            except LogReplaced:
                self._disturb()
                return
        if self._begins_ms is None:
            self._begins_ms = end.begins_ms
        if end.stored is not None:
            self._vanished.meet(first_line, end.stored.id)
            self._vanished.reach_end(end.stored.id)
        if end.position.lines and not end.position.newest_ms:
            yield from self._tell(turn.file.path, "holds no line of a CLIProxyAPI log so far")
        if turn.file.is_rotated:
            is_settled = self._settle(turn, signature, end)
            if not end.is_whole:
                yield from self._judge_rest(turn, end, is_settled=is_settled)

    def _judge_rest(self, turn: Turn, end: End, *, is_settled: bool) -> Iterator[Notice]:
        """A rotated file that stops in mid-line: cut off, or a copy still being made."""
        if not is_settled:
            self._is_disturbed = True
            return
        rest_bytes = turn.log.size() - end.position.offset
        text = f"ends in an unfinished line of {rest_bytes} bytes, which is not counted"
        yield from self._tell(turn.file.path, text)

    def _settle(self, turn: Turn, signature: Signature, end: End | None) -> bool:
        """Leave a rotated file alone once nothing comes of it any more; true if so."""
        stored = end.stored if end else None
        quiet = Quiet(signature, turn.beginning.first_line, stored.id if stored else None)
        return self._quiet.add(turn.file.path, quiet, has_read=end is not None and end.has_read)

    def _report_vanished(self) -> Iterator[Found]:
        known = self._known.of_source()
        for log, lost in self._vanished.confirmed(known, self._begins_ms):
            gap = Gap(
                source=self.logs.source,
                from_ms=log.position.newest_ms or None,
                until_ms=lost.until_ms if lost else None,
                reason="a log is gone that was not known to be read to its end",
            )
            position = msgspec.structs.replace(log.position, is_finished=True)
            batch, outcome = self._known.offer(log.stored, position, gaps=[gap] if lost else [])
            if batch.gaps and outcome.position is not None:
                yield Reading(self.logs.path.name, batch, outcome)


def _open(path: Path) -> OpenLog | OSError:
    try:
        return OpenLog(path)
    except OSError as error:
        return error
