"""A copy of the project in which `mutmut` breaks what it likes. Must not enter: which, and why."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
PACKAGE = Path("src", "proxypal")

SLOW_S = 2.0
"""Tests that take longer are run only for the changes that every other test let pass."""


class BrokenTree:
    """The copy, in a folder of its own; `paths` are the modules of the package to break."""

    def __init__(self, folder: Path, paths: Sequence[str], tests: Sequence[str]) -> None:
        self.folder, self.paths, self.tests = folder, paths, tests
        unwanted = shutil.ignore_patterns("__pycache__", ".hypothesis")
        for name in ("src", "tests", "docs"):
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        for path in ROOT.iterdir():
            if path.is_file():
                shutil.copy(path, folder)
        # Python remembers a folder it did not find on its path, so it has to be there at once.
        (folder / "mutants" / "src").mkdir(parents=True)

    def run(self, *names: str, is_fast: bool) -> str:
        """Run `mutmut run NAMES`; what it said. The results are in the generated files.

        Fast, without the slow tests, and each mutant is forked from a process that has read the
        tests: what they work out while they are read (the parameters) comes of unbroken code.
        """
        settings = {
            "source_paths": ["src"],
            "only_mutate": [str(PACKAGE / path) for path in self.paths],
            "pytest_add_cli_args": [
                *("-m", "not torture", "-p", "no:cacheprovider"),
                *(f"--deselect={test}" for test in (self.slow_tests() if is_fast else ())),
            ],
            "pytest_add_cli_args_test_selection": list(self.tests),
            "use_git_change_detection": False,
            "timeout_multiplier": 5.0,
            "timeout_constant": 10.0,
            "process_isolation": "fork" if is_fast else "forkserver",
            "forkserver_warmup": "none",
        }
        # Text, lists and numbers are written alike in JSON and in TOML.
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        (self.folder / "pyproject.toml").write_text(
            "\n".join([(ROOT / "pyproject.toml").read_text(), "[tool.mutmut]", *lines, ""])
        )
        run = subprocess.run(
            [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder / "mutants" / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        return run.stdout[-2_000:] + run.stderr[-2_000:]

    def generate(self) -> None:
        """Make the mutants and run the tests once, unbroken."""
        said = self.run("none of them", is_fast=True)
        if not self._stats.exists():
            raise SystemExit(f"The tests do not pass unbroken: {', '.join(self.tests)}\n{said}")

    @property
    def _stats(self) -> Path:
        return self.folder / "mutants" / "mutmut-stats.json"

    def slow_tests(self) -> list[str]:
        """The tests that took long when they were first run; none before."""
        if not self._stats.exists():
            return []
        told = msgspec.json.decode(self._stats.read_bytes())["duration_by_test"]
        return sorted(test for test, taken_s in told.items() if taken_s > SLOW_S)

    def mutants(self, path: str) -> list[Mutant]:
        """The mutants of a module and, as far as they ran, what came of each."""
        return mutants_of(self.folder / "mutants" / PACKAGE / path)
