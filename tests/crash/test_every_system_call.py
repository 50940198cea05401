"""SIGKILL at every system call that changes a file, one after the other, in every situation."""

from pathlib import Path

import pytest

from judging import RecordProperty, judge, moments_of
from moments import Moment, Stage
from nursing import Nursery
from scenarios import SCENARIOS, Scenario

pytest_plugins = ["crash_fixtures"]
pytestmark = [
    pytest.mark.usefixtures("strace"),
    pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name),
]

TOLD = "system calls at which a process was killed"


def kill_at(moment: Moment, stage: Stage) -> None:
    """One process killed just before one of its system calls, and what it left judged."""
    outcome = stage.interfere(moment, "signal=KILL")
    assert outcome.status == -9, f"not killed at {moment}: {outcome}"
    ledgers = stage.scenario.ledgers()[outcome.acknowledged : outcome.acknowledged + 2]
    try:
        judge(stage.directory, stage.scenario, ledgers)
    except Exception as error:
        error.add_note(f"killed at {moment}, {outcome.acknowledged} operations acknowledged")
        raise


def test_killed_at_some_system_calls(
    scenario: Scenario, nursery: Nursery, tmp_path: Path, record_property: RecordProperty
) -> None:
    """2b.10: killed at a sample of moments, it has done each operation whole or not."""
    stage = Stage(scenario, nursery, tmp_path)
    moments = moments_of(stage)
    assert len(moments) > 20
    some = moments[3 :: len(moments) // 4]
    for moment in some:
        kill_at(moment, stage)
    record_property(TOLD, len(some))


@pytest.mark.torture
def test_killed_at_every_system_call(
    scenario: Scenario, nursery: Nursery, tmp_path: Path, record_property: RecordProperty
) -> None:
    """Killed before any system call that changes a file, each operation is done whole or not."""
    stage = Stage(scenario, nursery, tmp_path)
    moments = moments_of(stage)
    for moment in moments:
        kill_at(moment, stage)
    record_property(TOLD, len(moments))
