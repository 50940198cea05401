"""Scenarios run under strace to be recorded: one process each, and one with several in turns."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ledger import Operation
from moments import Stage
from nursing import Nursery
from power_recording import Recording, read_tree
from power_trace import STRACE
from programs import CRASH, start
from scenarios import FILLED, Scenario, rewrite_both_files

_TOGETHER: Sequence[Operation] = (
    *([0, "open"], [1, "open"], [0, "record", 40, 3], [1, "record", 43, 2], [1, "clear"]),
    *([0, "record", 45, 4], [0, "reset"], [1, "import", 60, 5], [0, "record", 49, 1]),
    *([0, "undo"], [1, "record", 50, 2], [1, "publish"], [2, "open"], [2, "lines", 0, 3]),
    *([0, "close"], [1, "queue", 0, 4], [2, "undo"], [1, "close"], [2, "record", 52, 1]),
    [2, "close"],
)
"""Each operation with the number of the process that does it."""

_LOST: Sequence[Operation] = (
    *([0, "open"], [1, "open"], [0, "record", 40, 300], [0, "clear"], [0, "close"], [1, "close"]),
    *([0, "open"], [0, "record", 340, 2], [1, "open"], [0, "publish"], [0, "lose", ""]),
    *([0, "record", 342, 2], [1, "record", 344, 2], [1, "publish"]),
    *([1, "lose", "", "-wal", "-shm"], [0, "record", 346, 2], [1, "close"], [0, "close"]),
)
_DROPPED: Sequence[Operation] = (
    *([0, "open"], [0, "record", 40, 2], [0, "drop", "2026-01"], [0, "record", 42, 2]),
    [0, "close"],
)


def _in_turns(
    name: str, turns: Sequence[Operation], told: Sequence[str] = (), aside: Sequence[str] = ()
) -> Scenario:
    operations = [operation for _, *operation in turns]
    return Scenario(name=name, before=FILLED, operations=operations, told=told, aside=aside)


IN_TURNS = {
    "three processes": _TOGETHER,
    "database deleted in use": _LOST,
    "a month dropped": _DROPPED,
}
MORE = (
    _in_turns("three processes", _TOGETHER),
    _in_turns(
        "database deleted in use",
        _LOST,
        told=["proxypal.db is missing. It was rebuilt", "proxypal.db is an older copy"],
        aside=["proxypal.db.corrupt-*", "proxypal.db-wal.corrupt-*"],
    ),
    _in_turns("a month dropped", _DROPPED),
    Scenario(
        name="forget beside foreign files",
        before=[*FILLED, ["open"], ["clear"], ["record", 40, 20], ["close"]],
        harm=rewrite_both_files,
        operations=[["open"], ["forget"], ["record", 60, 2], ["close"]],
        told=["json was written by another program", "json was missing. It was published again"],
        aside=["*.json.foreign-*"],
    ),
)
"""What only a power failure is tried on."""


def record(scenario: Scenario, nursery: Nursery, work: Path) -> Recording:
    """A run of one scenario that ends well."""
    work.mkdir(exist_ok=True)
    stage, calls = Stage(scenario, nursery, work), work / "calls"
    if scenario.name in IN_TURNS:
        _take_turns(stage, calls)
    else:
        outcome = stage.play(*STRACE, "-o", str(calls))
        assert outcome.status == 0, outcome.error
    recording = Recording.of(stage.directory, stage.template, calls)
    end = len(recording.calls)
    assert recording.acknowledged(end) == len(scenario.operations)
    played = {name: c for name, c in read_tree(work)[0].items() if name.startswith("data")}
    assert recording.disk(end).left({})[0] == played, "the calls do not explain the files"
    return recording


def _take_turns(stage: Stage, calls: Path) -> None:
    turns = json.dumps(IN_TURNS[stage.scenario.name])
    shutil.copytree(stage.template, stage.directory)
    program = start(CRASH / "power_players.py", str(stage.directory), turns)
    assert program.stdin is not None
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n", "its last words are above"
    with subprocess.Popen(
        ["strace", "-f", "-p", str(program.pid), *STRACE, "-o", str(calls)],
        stderr=subprocess.PIPE,
        text=True,
    ) as tracer:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        assert "attached" in said, said
        try:
            program.communicate("go\n", timeout=120)
        finally:
            if program.poll() is None:
                program.kill()
                tracer.terminate()
    assert program.returncode == 0, "its last words are above"
