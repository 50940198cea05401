"""Bytes as they arrive on a descriptor, and the lines in them.

A thread reads ahead, so that what comes during a commit is there when the commit is done: a slow
producer is answered at once, a fast one fills large batches. Must not enter: what a line means.
"""

import contextlib
import os
import threading
from queue import Empty, SimpleQueue

READ_BYTES = 1 << 16
READ_AHEAD = 8
"""At most this many reads wait unprocessed; then the producer waits, not our memory."""

MOST_AT_ONCE = 1 << 19
"""A batch ends here: so many lines are parsed and committed in less than 50 ms."""

MAX_LINE_BYTES = 4 << 20
"""Longest line that is kept; no request comes near it."""

_END = b""


class Arrivals:
    """What a descriptor delivers, as one consumer takes it.

    `ended` becomes true when everything has been taken: at the end of the stream, or after
    `stop()`, which may be called from a signal handler.
    """

    def __init__(self, descriptor: int) -> None:
        self.ended = False
        self._descriptor = descriptor
        self._chunks: SimpleQueue[bytes] = SimpleQueue()
        self._room = threading.Semaphore(READ_AHEAD)
        threading.Thread(target=self._read, name="read-ahead", daemon=True).start()

    def _read(self) -> None:
        while True:
            self._room.acquire()
            chunk = _END
            # A descriptor that cannot be read (closed, a folder) delivers nothing more.
            with contextlib.suppress(OSError):
                chunk = os.read(self._descriptor, READ_BYTES)
            self._chunks.put(chunk)
            if not chunk:
                return

    def take(self, timeout_s: float | None = None) -> bytes:
        """All that is there, up to about `MOST_AT_ONCE`; waits for something at most `timeout_s`.

        Empty when the time is up or when `ended`.
        """
        parts: list[bytes] = []
        size = 0
        while not self.ended and size < MOST_AT_ONCE:
            try:
                part = self._chunks.get(block=not parts, timeout=timeout_s)
            except Empty:
                break
            self._room.release()
            self.ended = part == _END
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    def stop(self) -> None:
        """End after what has been read so far."""
        self._chunks.put(_END)


class Lines:
    """Cuts chunks into numbered lines. A line beyond `MAX_LINE_BYTES` comes as None."""

    def __init__(self) -> None:
        self._number = 0
        self._begun: list[bytes] = []
        self._begun_bytes = 0

    def feed(self, chunk: bytes) -> list[tuple[int, bytes | None]]:
        """The lines that `chunk` finishes, with their numbers from 1."""
        *finished, begun = chunk.split(b"\n")
        lines: list[tuple[int, bytes | None]] = []
        for part in finished:
            self._begin(part)
            lines.append(self._finish())
        self._begin(begun)
        return lines

    def end(self) -> list[tuple[int, bytes | None]]:
        """The last line, if it lacks its newline."""
        return [self._finish()] if self._begun_bytes else []

    def _begin(self, part: bytes) -> None:
        self._begun_bytes += len(part)
        if self._begun_bytes > MAX_LINE_BYTES:
            self._begun.clear()
        elif part:
            self._begun.append(part)

    def _finish(self) -> tuple[int, bytes | None]:
        self._number += 1
        line = None if self._begun_bytes > MAX_LINE_BYTES else b"".join(self._begun)
        self._begun.clear()
        self._begun_bytes = 0
        return self._number, line
