"""The system calls by which a scenario's process changes files, found by watching one run."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nursery import Command, Outcome
from nursing import Nursery
from scenarios import Scenario

CHANGING = (
    "pwrite64", "pwritev", "write", "writev", "fsync", "fdatasync", "ftruncate", "fallocate",
    "rename", "renameat", "renameat2", "link", "linkat", "symlink", "unlink", "unlinkat",
    "openat", "open", "creat", "mkdir", "mkdirat", "rmdir", "chmod", "fchmod", "fchmodat",
)  # fmt: skip
TRACED = "trace=" + ",".join(f"?{call}" for call in CHANGING)
"""For strace's -e; not every machine has all of them."""

_CALL = re.compile(r"(\d+) +(\w+)\((.*)")
REPORT = re.compile(r'\d+(?:<[^>]*>)?, "\d+\\n", \d+')
"""The arguments of the write(2) that acknowledges an operation."""


class Moment(NamedTuple):
    """The `number`-th call (from 1) of a system call."""

    call: str
    number: int


class Stage:
    """A folder in which one scenario is played again and again, from the same beginning."""

    def __init__(self, scenario: Scenario, nursery: Nursery, work: Path) -> None:
        self.scenario = scenario
        self.directory = work / "data"
        self._nursery = nursery
        self._calls = work / "calls"
        self.template = work / "template" / "data"
        self.template.parent.mkdir()
        scenario.prepare(self.template)

    def play(self, *strace: str, close_after_error: bool = True) -> Outcome:
        """One run under strace with these arguments."""
        shutil.rmtree(self.directory, ignore_errors=True)
        if self.template.exists():
            shutil.copytree(self.template, self.directory)
        return self._nursery.run(
            Command(
                directory=str(self.directory),
                operations=list(self.scenario.operations),
                strace=list(strace),
                close_after_error=close_after_error,
            )
        )

    def moments(self) -> list[Moment]:
        """Every file-changing system call of the process, in order, of a run that ends well."""
        outcome = self.play("-e", TRACED, "-o", str(self._calls))
        assert outcome.status == 0, outcome.error
        assert outcome.acknowledged == len(self.scenario.operations)
        return _changes(self._calls.read_text().splitlines())

    def interfere(self, moment: Moment, how: str, *, close_after_error: bool = True) -> Outcome:
        """A run in which something happens to one system call (see strace's `inject`)."""
        inject = f"inject={moment.call}:{how}:when={moment.number}"
        return self.play(
            *("-e", f"trace={moment.call}", "-e", inject, "-o", "/dev/null"),
            close_after_error=close_after_error,
        )


def _changes(lines: Sequence[str]) -> list[Moment]:
    made: Counter[str] = Counter()
    moments: list[Moment] = []
    main = ""
    for line in lines:
        found = _CALL.match(line)
        if found is None:
            continue
        process, call, arguments = found.groups()
        main = main or process
        if process != main:
            continue
        made[call] += 1
        looks_only = "open" in call and not ("O_CREAT" in arguments or "O_TRUNC" in arguments)
        if not looks_only and not REPORT.match(arguments):
            moments.append(Moment(call, made[call]))
    return moments


def whole_lines(calls: str) -> Iterator[str]:
    """The lines of strace, with those put together that another thread's line cut in two."""
    begun: dict[str, str] = {}
    for line in calls.splitlines():
        process, _, rest = line.partition(" ")
        if rest.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>").rstrip()
        elif rest.lstrip().startswith("<... "):
            yield begun.pop(process, process) + rest.partition(" resumed>")[2]
        else:
            yield line
