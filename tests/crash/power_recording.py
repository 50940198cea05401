"""A recorded run, and all the ways in which the power can fail in it.

Must not enter: which losses there are (`power_losses.py`), what a disk does (`power_disk.py`),
and what must hold afterwards (`power_exploring.py`).
"""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from power_changes import Fates, Tree
from power_disk import Disk
from power_losses import losses, simple
from power_trace import Call, read_calls


class Failure(NamedTuple):
    """The power fails when so many calls of a recording are done, and this is lost."""

    point: int
    kind: str
    fates: Fates


class Recording(msgspec.Struct):
    """What all processes did to a data directory, from what lay there at first."""

    directory: str
    start: Tree
    mtimes: Mapping[str, int]
    calls: Sequence[Call]

    @classmethod
    def of(cls, directory: Path, template: Path, calls: Path) -> "Recording":
        """Read what strace wrote of a run that began with what lies in `template`."""
        start, mtimes = read_tree(template) if template.exists() else ({}, {})
        if template.exists():
            start[""] = None
        recording = cls(str(directory), start, mtimes, [])
        disk = recording.disk()
        with calls.open() as lines:
            kept = [
                call
                for call in read_calls(lines)
                if disk.concerns(call) or call.acknowledged is not None
            ]
        recording.calls = kept
        return recording

    def without(self, left_out: Callable[[Call], bool]) -> tuple["Recording", int]:
        """The same of a program that leaves out some of its calls, and where the first was."""
        calls = [call for call in self.calls if not left_out(call)]
        first = next(at for at, call in enumerate(self.calls) if left_out(call))
        return msgspec.structs.replace(self, calls=calls), first

    def disk(self, point: int = 0) -> Disk:
        """The disk after the first `point` calls."""
        disk = Disk(self.directory, self.start, self.mtimes)
        for call in self.calls[:point]:
            if call.acknowledged is None:
                disk.see(call)
        return disk

    def acknowledged(self, point: int) -> int:
        """How many operations were reported as done by the first `point` calls."""
        return max([0, *(call.acknowledged or 0 for call in self.calls[:point])])

    def failures(self, seed: int) -> list[Failure]:
        """Every way in which the power can fail, as far as it is not sampled.

        What waits grows until something is synced: there, and when something was acknowledged,
        all kinds of losses are tried, between only the simple ones.
        """
        chance, found = random.Random(seed), []
        disk = self.disk()
        for point, call in enumerate([*self.calls, None]):
            is_edge = call is None or call.is_sync or call.acknowledged is not None
            ways = losses(disk.waiting, chance) if is_edge else simple(disk.waiting)
            found += [Failure(point, kind, fates) for kind, fates in ways]
            if call is not None and call.acknowledged is None:
                disk.see(call)
        return found


def read_tree(directory: Path) -> tuple[Tree, dict[str, int]]:
    """What lies in a directory, and when it was changed; not SQLite's index in memory."""
    tree: Tree = {}
    mtimes: dict[str, int] = {}
    for path in directory.rglob("*"):
        name = str(path.relative_to(directory))
        if path.is_dir():
            tree[name] = None
        elif not name.endswith("-shm"):
            tree[name] = path.read_bytes()
            mtimes[name] = path.stat().st_mtime_ns
    return tree, mtimes


def sample(failures: Sequence[Failure], count: int, seed: int) -> list[Failure]:
    """So many of them, of each kind as many as of any other, from all over the run."""
    chance = random.Random(seed)
    by_kind: defaultdict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        by_kind[failure.kind].append(failure)
    for group in by_kind.values():
        chance.shuffle(group)
    chosen: list[Failure] = []
    while len(chosen) < count and any(by_kind.values()):
        chosen += [group.pop() for group in by_kind.values() if group]
    return sorted(chosen[:count], key=lambda failure: failure.point)
