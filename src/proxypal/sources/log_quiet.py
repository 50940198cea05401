"""Which rotated files were read to their end, so that a look at the set need not open them."""

from pathlib import Path
from typing import NamedTuple

from proxypal.sources.log_files import Signature, signature_of


class Quiet(NamedTuple):
    """What was found in a file when it was last read."""

    signature: Signature
    first_line: bytes
    position: int | None


class QuietFiles:
    """Files that hold nothing new as long as their signature stays.

    A file is left alone after two equal looks: it can change once more within the resolution of
    its time stamp.
    """

    def __init__(self) -> None:
        self._files: dict[Path, Quiet] = {}
        self._looks: dict[Path, int] = {}

    def get(self, path: Path) -> Quiet | None:
        """What is known of the file, if it can be left alone."""
        quiet = self._files.get(path)
        if quiet is None or self._looks[path] < 2 or quiet.signature != signature_of(path):
            return None
        return quiet

    def add(self, path: Path, quiet: Quiet, *, has_read: bool) -> bool:
        """Note what was found; true if the file can be left alone from now on."""
        is_same = self._files.get(path) == quiet and not has_read
        self._files[path] = quiet
        self._looks[path] = self._looks.get(path, 0) + 1 if is_same else 1
        return self._looks[path] >= 2
