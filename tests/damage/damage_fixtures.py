"""Fixtures of the tests that harm files (`pytest_plugins`)."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from disks import SmallDisk
from harming import Images, make_images


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Data directories that have been lived in, to copy and harm."""
    return make_images(tmp_path_factory.mktemp("images"))


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy of an image for one test."""

    def copy(image: Path) -> Path:
        directory = tmp_path / "data"
        shutil.copytree(image, directory)
        return directory

    return copy


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 4 MB, real and mounted; needs root."""
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("NOT PROVEN HERE: mounting a small disk needs root")
    disk = SmallDisk(tmp_path / "disk")
    disk.path.mkdir()
    disk.mount("-t", "tmpfs", "-o", "size=4m", "tmpfs")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk.path)], check=True, timeout=30)
