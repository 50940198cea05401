"""A sync fails and the kernel forgets what it should have written, though the next sync succeeds.

That is what Linux does with a disk that breaks for a moment: the pages are marked as written. So
whatever relies on a second sync of the same bytes has lost them. A run in which one sync fails is
recorded, and played onto a disk that never gets what that sync should have put there.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from judging import judge
from moments import Moment, Stage
from nursing import Nursery
from power_disk import Disk
from power_exploring import Explorer
from power_losses import simple
from power_recording import Failure, Recording, read_tree
from power_trace import STRACE, Call, read_calls
from scenarios import Scenario
from test_every_error import ACTED, CREATED, OFFERED

pytest_plugins = ["crash_fixtures"]
pytestmark = pytest.mark.usefixtures("strace")

_FAILED = 77
"""What a sync that fails is noted to have answered."""
_INJECTED = "= -1 EIO (Input/output error) (INJECTED)"


class ForgetfulDisk(Disk):
    """Drops for good what a sync that fails should have written; names wait for the next one."""

    def _sync(self, inode: int, begun: int) -> None:
        if self.fails:
            self.waiting = [
                change
                for change in self.waiting
                if change.is_name or change.inode != inode or change.number >= begun
            ]
        else:
            super()._sync(inode, begun)

    def see(self, call: Call) -> None:
        """See `Disk.see`; of a sync also whether it failed."""
        self.fails = call.result == _FAILED
        super().see(call)


class ForgetfulRecording(Recording):
    """A run on such a disk."""

    def disk(self, point: int = 0) -> Disk:
        """See `Recording.disk`."""
        disk = ForgetfulDisk(self.directory, self.start, self.mtimes)
        for call in self.calls[:point]:
            if call.acknowledged is None:
                disk.see(call)
        return disk


def syncs_of(stage: Stage) -> list[Moment]:
    """Every sync of a run that ends well."""
    return [moment for moment in stage.moments() if moment.call in {"fsync", "fdatasync"}]


def one_of_each_kind(stage: Stage, calls: Path) -> dict[str, Moment]:
    """A sync of each file and folder that is synced at all, the last one."""
    assert stage.play(*STRACE, "-o", str(calls)).status == 0
    made: Counter[str] = Counter()
    found: dict[str, Moment] = {}
    with calls.open() as lines:
        for call in read_calls(lines):
            if call.is_sync:
                made[call.name] += 1
                kind = re.sub(r"\d+", "0", Path(call.file).name)
                found[kind] = Moment(call.name, made[call.name])
    return found


def failing_at(stage: Stage, moment: Moment, calls: Path) -> tuple[ForgetfulRecording, int, bool]:
    """A recorded run in which one sync fails; how much it acknowledged, and if it ended well."""
    inject = f"inject={moment.call}:error=EIO:when={moment.number}"
    outcome = stage.play(*STRACE, "-e", inject, "-o", str(calls))
    if outcome.status:
        said = outcome.error.strip().splitlines()[-1]
        assert "CannotWrite" in said, outcome.error
        assert "The disk may be failing" in said
    start, mtimes = read_tree(stage.template) if stage.template.exists() else ({}, {})
    if stage.template.exists():
        start[""] = None
    recording = ForgetfulRecording(str(stage.directory), start, mtimes, [])
    disk = recording.disk()
    with calls.open() as lines:
        recording.calls = [
            call
            for call in read_calls(_noted(lines))
            if disk.concerns(call) or call.acknowledged is not None
        ]
    assert sum(call.result == _FAILED for call in recording.calls if call.is_sync) == 1
    return recording, outcome.acknowledged, outcome.status == 0


def _noted(lines: Iterator[str]) -> Iterator[str]:
    return (line.replace(_INJECTED, f"= {_FAILED}") for line in lines)


def fail_and_lose(stage: Stage, moment: Moment, work: Path) -> int:
    """One sync fails, then the power does at the end; how many states were judged."""
    recording, done, is_well = failing_at(stage, moment, work / "calls")
    ledgers = stage.scenario.ledgers()
    allowed = ledgers[-1:] if is_well else ledgers[done : done + 2]

    def judge_at_the_end(directory: Path, acknowledged: int) -> None:
        if acknowledged == done:
            judge(directory, stage.scenario, allowed)

    explorer = Explorer(recording, judge_at_the_end, work)
    end = len(recording.calls)
    waiting = recording.disk(end).waiting
    try:
        explorer.explore(Failure(end, kind, fates) for kind, fates in simple(waiting))
    except AssertionError as error:
        error.add_note(f"{moment} failed; {done} operations were acknowledged before the end")
        raise
    return explorer.states


def test_one_sync_of_each_kind_fails(nursery: Nursery, tmp_path: Path) -> None:
    """What a failed sync should have made durable is made so again, never taken as done."""
    clear = next(scenario for scenario in ACTED if scenario.name == "clear")
    stage = Stage(clear, nursery, tmp_path)
    syncs = one_of_each_kind(stage, tmp_path / "calls")
    for name in ("proxypal.db-wal", "breakdown", "backups", "delta.db"):
        assert fail_and_lose(stage, syncs[name], tmp_path)


def test_a_store_that_cannot_be_made_on_a_failing_disk_says_so(
    nursery: Nursery, tmp_path: Path
) -> None:
    """Nobody is sent to look for permissions when the disk does not take a new store."""
    stage = Stage(CREATED, nursery, tmp_path)
    _, done, is_well = failing_at(stage, syncs_of(stage)[0], tmp_path / "calls")
    assert (done, is_well) == (0, False)


@pytest.mark.torture
@pytest.mark.parametrize("scenario", [OFFERED, CREATED, *ACTED], ids=lambda s: s.name)
def test_every_sync_fails(scenario: Scenario, nursery: Nursery, tmp_path: Path) -> None:
    """Whichever sync fails, the next one to succeed makes nothing durable that it did not write."""
    stage = Stage(scenario, nursery, tmp_path)
    for moment in syncs_of(stage):
        fail_and_lose(stage, moment, tmp_path)
