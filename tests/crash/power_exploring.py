"""What a power failure leaves, put into directories and judged; the shortest way to a bad one.

Must not enter: which failures there are (`power_recording.py`), and the law itself.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

from power_changes import Tree
from power_recording import Failure, Recording
from power_telling import tell

Judge = Callable[[Path, int], None]
"""Raises if a directory breaks the law, given how many operations were acknowledged."""

_BACK = 8
"""The power is made to fail earlier and earlier until so many states in a row are right."""


class Explorer:
    """Puts the states of a recording into directories and has them judged, none of them twice."""

    def __init__(self, recording: Recording, judge: Judge, work: Path) -> None:
        self._recording = recording
        self._judge = judge
        self.directory = work / "after the power failed"
        self._place = self.directory / "0"
        self._states = 0
        self._seen: set[bytes] = set()

    @property
    def states(self) -> int:
        """How many different ones were judged."""
        return len(self._seen)

    def explore(self, failures: Iterable[Failure]) -> None:
        """Judge what each of them leaves; those that come in the order of time cost least.

        Raises:
            AssertionError: one breaks the law; it says by which calls and losses, as few as will
                do, and `directory` is what they leave.
        """
        disk, at = self._recording.disk(), 0
        for failure in failures:
            if failure.point < at:
                disk, at = self._recording.disk(), 0
            for call in self._recording.calls[at : failure.point]:
                if call.acknowledged is None:
                    disk.see(call)
            at = failure.point
            tree, mtimes = disk.left(failure.fates)
            acknowledged = self._recording.acknowledged(failure.point)
            digest = _digest(tree, mtimes, acknowledged)
            if digest in self._seen:
                continue
            self._seen.add(digest)
            if self._trouble(tree, mtimes, acknowledged) is not None:
                self._complain(self._shortened(failure))

    def _complain(self, failure: Failure) -> NoReturn:
        trouble = self._trouble_of(failure)
        self._put(*self._recording.disk(failure.point).left(failure.fates))
        raise AssertionError(tell(self._recording, failure)) from trouble

    def _trouble_of(self, failure: Failure) -> Exception | None:
        left = self._recording.disk(failure.point).left(failure.fates)
        return self._trouble(*left, self._recording.acknowledged(failure.point))

    def _trouble(self, tree: Tree, mtimes: dict[str, int], acknowledged: int) -> Exception | None:
        self._put(tree, mtimes)
        try:
            self._judge(self._place / Path(self._recording.directory).name, acknowledged)
        except Exception as trouble:  # noqa: BLE001 - whatever it is, it is what is looked for
            return trouble
        return None

    def _put(self, tree: Tree, mtimes: dict[str, int]) -> None:
        # A place of its own each time: a store that a failed judgement left open goes on writing
        # where it was, and must not find the files of another state under its feet.
        shutil.rmtree(self._place, ignore_errors=True)
        self._states += 1
        self._place = self.directory / str(self._states)
        shutil.rmtree(self._place, ignore_errors=True)
        self._place.mkdir(parents=True)
        for name in sorted(tree):
            path, content = self._place / name, tree[name]
            if content is None:
                path.mkdir(mode=0o700)
            else:
                path.write_bytes(content)
                path.chmod(0o600)
            if name in mtimes:
                os.utime(path, ns=(mtimes[name], mtimes[name]))

    def _shortened(self, failure: Failure) -> Failure:
        """The same trouble with as few losses as will do, as early as it comes."""
        for number in sorted(failure.fates):
            less = {n: fate for n, fate in failure.fates.items() if n != number}
            if self._trouble_of(fewer := failure._replace(fates=less)) is not None:
                failure = fewer
        seen: dict[bytes, bool] = {}
        for point in range(failure.point, -1, -1):
            disk, earlier = self._recording.disk(point), failure._replace(point=point)
            if not {change.number for change in disk.waiting}.issuperset(failure.fates):
                break
            digest = _digest(*disk.left(failure.fates), self._recording.acknowledged(point))
            if digest not in seen:
                seen[digest] = self._trouble_of(earlier) is not None
            if seen[digest]:
                failure = earlier
            elif not any(list(seen.values())[-_BACK:]):
                break
        return failure


def _digest(tree: Tree, mtimes: dict[str, int], acknowledged: int) -> bytes:
    """Of all that makes a difference."""
    digest = hashlib.blake2b(b"%d" % acknowledged)
    for name in sorted(tree):
        content = tree[name]
        kind = "folder" if content is None else f"{len(content)} bytes of {mtimes.get(name)}"
        digest.update(f"\0{name}\0{kind}\0".encode() + (content or b""))
    return digest.digest()
