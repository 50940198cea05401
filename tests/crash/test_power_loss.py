"""The power fails at any moment of a run: whatever the disk lost of what was not synced.

A scenario's system calls are recorded once, in all its processes, and played again in thousands
of ways onto a disk that keeps what was synced and any part of the rest (`power_disk.py`). The
store opened on each must keep the law as after a SIGKILL.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from judging import RecordProperty, judge
from nursing import Nursery
from power_changes import LOST, Fate
from power_exploring import Explorer
from power_recording import Recording, sample
from power_runs import MORE, record
from power_trace import read_calls
from scenarios import SCENARIOS, Scenario

pytest_plugins = ["crash_fixtures"]
pytestmark = pytest.mark.usefixtures("strace")

ALL = [*SCENARIOS, *MORE]
SHORT, LONG = 11, 700
"""How many ways of failing are tried of each scenario."""


@pytest.fixture
def memory_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder on a disk in memory if there is one: what is judged there need not be durable.

    Of a test that failed it is kept where pytest keeps its last temporary folders.
    """
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    folder, failed = Path(tempfile.mkdtemp(dir=memory)), request.session.testsfailed
    yield folder
    if request.session.testsfailed > failed:
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(folder)


def explorer_of(scenario: Scenario, recording: Recording, work: Path) -> Explorer:
    """It judges what a scenario's run left by the law."""
    ledgers = scenario.ledgers()

    def judge_by_ledgers(directory: Path, acknowledged: int) -> None:
        judge(directory, scenario, ledgers[acknowledged : acknowledged + 2])

    return Explorer(recording, judge_by_ledgers, work)


def told_states(explorer: Explorer, record_property: RecordProperty) -> int:
    """How many states were judged; the last lines of the tests say so too."""
    record_property("states after a power failure", explorer.states)
    return explorer.states


def explore(scenario: Scenario, nursery: Nursery, work: Path, *, count: int) -> Explorer:
    """Record a run, and judge what so many failures leave."""
    recording = record(scenario, nursery, work / "run")
    explorer = explorer_of(scenario, recording, work)
    explorer.explore(sample(recording.failures(seed=count), count, seed=count))
    return explorer


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_power_lost_at_some_moments(
    scenario: Scenario, nursery: Nursery, memory_disk: Path, record_property: RecordProperty
) -> None:
    """After a power failure each operation is done whole or not, and what was told is done."""
    explorer = explore(scenario, nursery, memory_disk, count=SHORT)
    assert told_states(explorer, record_property) > SHORT // 2


@pytest.mark.torture
@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_power_lost_at_every_moment(
    scenario: Scenario, nursery: Nursery, memory_disk: Path, record_property: RecordProperty
) -> None:
    """The same at hundreds of moments of each scenario, each time with other losses."""
    explorer = explore(scenario, nursery, memory_disk, count=LONG)
    assert told_states(explorer, record_property) > LONG // 5


def test_what_was_forgotten_stays_so(nursery: Nursery, memory_disk: Path) -> None:
    """Once `clear --forget` is done no power failure brings a request back, in whatever file."""
    scenario = next(one for one in ALL if one.name == "forget beside foreign files")
    recording = record(scenario, nursery, memory_disk / "run")

    def judge_by_bytes(directory: Path, acknowledged: int) -> None:
        assert scenario.operations[1] == ["forget"]
        for path in directory.rglob("*"):
            found = path.is_file() and re.search(rb"s0-0000[0-5]\d", path.read_bytes())
            assert acknowledged < 2 or not found, f"{found} in {path.relative_to(directory)}"

    explorer = Explorer(recording, judge_by_bytes, memory_disk)
    explorer.explore(sample(recording.failures(0), 1500, 0))
    assert explorer.states > 300


def test_a_wal_never_meets_another_database(nursery: Nursery, memory_disk: Path) -> None:
    """When a database deleted in use is written again, its old WAL is gone for good before."""
    scenario = next(one for one in ALL if one.name == "database deleted in use")
    recording = record(scenario, nursery, memory_disk / "run")
    put_back = [
        point
        for point, call in enumerate(recording.calls, 1)
        if call.name == "rename" and call.names[1].endswith("/proxypal.db")
    ]
    assert len(put_back) == 2
    explorer = explorer_of(scenario, recording, memory_disk)
    near = {point + after for point in put_back for after in range(3)}
    explorer.explore(one for one in recording.failures(0) if one.point in near)
    assert explorer.states > len(put_back)


def test_a_sync_covers_what_came_before_it() -> None:
    """Only what was written when a sync began is certain, and only names whose folder was synced.

    The recording is of two threads; its strings are in hexadecimal, as strace writes them.
    """

    def said(text: str) -> str:
        return "".join(f"\\x{byte:02x}" for byte in text.encode())

    file, folder = said("/top/data/a"), said("/top/data")
    lines = [
        f'7 openat(AT_FDCWD<{said("/")}>, "{file}", O_WRONLY|O_CREAT|O_CLOEXEC, 0600) = 3<{file}>',
        f'7 write(3<{file}>, "{said("old")}", 3) = 3',
        f"7 fsync(3<{file}> <unfinished ...>",
        f'8 write(3<{file}>, "{said("new")}", 3) = 3',
        "7 <... fsync resumed>) = 0",
        f"7 fsync(5<{folder}>) = 0",
    ]
    recording = Recording("/top/data", {"": None}, {}, list(read_calls(lines)))
    end = recording.disk(len(recording.calls))
    new = end.waiting[0].number
    kept = [end.left(fates)[0]["data/a"] for fates in ({}, {new: LOST}, {new: Fate(((0, 1),))})]
    assert kept == [b"oldnew", b"old", b"oldn"]
    before = recording.disk(len(recording.calls) - 1)
    assert before.left({before.waiting[0].number: LOST})[0] == {"data": None}


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("publish", ".*.json.*.tmp"),  # a new file before it takes the old one's place
        ("publish", "data"),  # the folder in which it did
        ("record", "*-wal"),  # a commit
        ("record", "proxypal.db"),  # the database before its WAL goes
        ("record", "breakdown"),  # the folder of the months
        ("clear", "delta.db"),  # what a backup holds
        ("clear", "backups"),  # that a backup is there
    ],
)
def test_a_sync_left_out_is_found(
    name: str, pattern: str, nursery: Nursery, memory_disk: Path
) -> None:
    """A proof that cannot fail proves nothing: without any one sync, a state breaks the law."""
    scenario = next(one for one in ALL if one.name == name)
    recording = record(scenario, nursery, memory_disk / "run")
    careless, first = recording.without(lambda c: c.is_sync and Path(c.file).match(pattern))
    failures = [failure for failure in careless.failures(0) if failure.point >= first]
    explorer = explorer_of(scenario, careless, memory_disk)
    with pytest.raises(AssertionError, match=r"; 1 changes were lost or torn:[^$]*(LOST|TORN)"):
        explorer.explore(sample(failures, 300, 0))
