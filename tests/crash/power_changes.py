"""Changes of files and names that a disk may not have yet, and what may become of each of them.

Must not enter: which changes wait (`power_disk.py`), which fates to try (`power_losses.py`).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

Tree = dict[str, bytes | None]
"""Contents by path relative to the data directory; None for a folder."""

Contents = list[bytes | dict[str, int]]
"""By inode: a file's bytes, or a folder's names with their inodes."""


class Fate(NamedTuple):
    """What became of a change: the ranges of a write that reached the disk, or nothing of it.

    With `sized`, the file got as long as all of the write would have made it.
    """

    parts: tuple[tuple[int, int], ...] = ()
    sized: bool = False


LOST = Fate()

Fates = Mapping[int, Fate]
"""By the number of the change; those that are not named happened whole."""


class Change(NamedTuple):
    """Something the disk may not have yet; `number` is the place of its call in the recording.

    Of names: `entries` are what each (folder, name) is afterwards. Else of the file `inode`:
    `data` at `at`, or with None as data, cut or lengthened to `at` bytes.
    """

    number: int
    told: str
    entries: tuple[tuple[int, str, int | None], ...] = ()
    inode: int = -1
    at: int = 0
    data: bytes | None = None

    @property
    def is_name(self) -> bool:
        """Whether it is one of a folder, not of a file's contents."""
        return bool(self.entries)


def apply(contents: Contents, changes: Sequence[Change], fates: Fates) -> None:
    """Make these changes, as far as they happened."""
    for change in changes:
        fate = fates.get(change.number)
        if change.is_name and fate is None:
            _enter(contents, change)
        elif not change.is_name:
            node = contents[change.inode]
            assert isinstance(node, bytes)
            contents[change.inode] = _changed(node, change, fate)


def _enter(contents: Contents, change: Change) -> None:
    for folder, name, inode in change.entries:
        entries = contents[folder]
        assert isinstance(entries, dict)
        if inode is None:
            entries.pop(name, None)
        else:
            entries[name] = inode


def _changed(content: bytes, change: Change, fate: Fate | None) -> bytes:
    if change.data is None:
        size = change.at
        return content if fate is not None else content[:size].ljust(size, b"\0")
    happened = fate or Fate(((0, len(change.data)),))
    changed = bytearray(content)
    for start, end in happened.parts:
        if len(changed) < change.at + start:
            changed.extend(bytes(change.at + start - len(changed)))
        changed[change.at + start : change.at + end] = change.data[start:end]
    end = change.at + len(change.data)
    if happened.sized and len(changed) < end:
        changed.extend(bytes(end - len(changed)))
    return bytes(changed)
