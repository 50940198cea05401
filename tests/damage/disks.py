"""A real file system, small enough to fill."""

import os
import subprocess
from pathlib import Path

import pytest


class SmallDisk:
    """A file system of its own that can be filled up and made read-only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path / "data"

    def fill(self, leaving: int = 0) -> None:
        """Use up all space but `leaving` bytes."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            size = 1 << 16
            while size:
                try:
                    if ballast.write(bytes(size)) < size:
                        size >>= 1
                except OSError:
                    size >>= 1
        if leaving:
            os.truncate(self.path / "ballast", (self.path / "ballast").stat().st_size - leaving)

    def empty(self) -> None:
        """Give the space back."""
        (self.path / "ballast").unlink()

    def mount(self, *options: str) -> None:
        """Mount it, or mount it differently."""
        run = subprocess.run(
            ["mount", *options, str(self.path)], capture_output=True, check=False, timeout=30
        )
        if run.returncode:
            pytest.skip(f"NOT PROVEN HERE: cannot mount ({run.stderr.decode().strip()})")
