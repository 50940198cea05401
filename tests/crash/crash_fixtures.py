"""Fixtures of the tests that kill processes (`pytest_plugins`)."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from nursery import Command
from nursing import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """One per test process."""
    program = Nursery()
    yield program
    program.close()


@pytest.fixture(scope="session")
def strace(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program `strace`, proven able to attach; skips loudly where it cannot."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("NOT PROVEN HERE: strace is not installed (apt-get install strace)")
    try:
        run = subprocess.run(
            [found, "-f", "-e", "inject=fdatasync:error=EIO", "true"],
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert run.returncode == 0, run.stderr.decode()
        directory = tmp_path_factory.mktemp("strace") / "data"
        log = directory.with_name("log")
        outcome = nursery.run(
            Command(directory=str(directory), operations=[], strace=["-o", str(log)])
        )
        assert outcome.status == 0, outcome.error
    except AssertionError as error:
        pytest.skip(f"NOT PROVEN HERE: strace cannot attach to a process ({error})")
    return found
