"""Any system call that changes a file fails once: the disk breaks, or is full for a moment."""

from pathlib import Path

import msgspec
import pytest

from judging import RecordProperty, judge, moments_of
from moments import Moment, Stage
from nursing import Nursery
from scenarios import FILLED, SCENARIOS, Scenario

ERRORS = ("EIO", "ENOSPC")

OFFERED = Scenario(
    name="offer",
    before=FILLED,
    operations=[["open"], *(["offer", 40 + 3 * n, 3] for n in range(4)), ["publish"], ["close"]],
)
CREATED = Scenario(name="creation", operations=[["open"], ["offer", 0, 3], ["close"]])
ACTED = [
    msgspec.structs.replace(
        scenario,
        operations=[["offer" if o[0] == "record" else o[0], *o[1:]] for o in scenario.operations],
    )
    for scenario in SCENARIOS
    if scenario.name in {"clear", "reset", "import", "drop", "source", "queue", "join"}
]

pytest_plugins = ["crash_fixtures"]
pytestmark = pytest.mark.usefixtures("strace")


def fail_at(moment: Moment, error: str, stage: Stage, *, then_crash: bool = False) -> None:
    """One run in which one system call fails, and what it left judged.

    What is pushed is never refused for one failure: it is held, and written by the next call.
    Everything else either happens or says that the disk is in trouble and has changed nothing;
    only if the process dies right after a failed sync can it turn out to have happened.
    """
    outcome = stage.interfere(moment, f"error={error}", close_after_error=not then_crash)
    ledgers = stage.scenario.ledgers()
    allowed = ledgers[-1:]
    try:
        if outcome.status:
            said = outcome.error.strip().splitlines()[-1]
            assert "CannotWrite" in said or "StorageFull" in said, outcome.error
            assert "in _offer" not in outcome.error
            done = outcome.acknowledged
            allowed = ledgers[done : done + (2 if then_crash else 1)]
        judge(stage.directory, stage.scenario, allowed)
    except Exception as problem:
        problem.add_note(f"{error} at {moment}: {outcome}")
        raise


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("scenario", [OFFERED, *ACTED[-2:]], ids=lambda s: s.name)
def test_some_system_calls_fail(
    scenario: Scenario, error: str, nursery: Nursery, tmp_path: Path
) -> None:
    """When a write or a sync fails, what was acknowledged is durable and the rest is done again."""
    stage = Stage(scenario, nursery, tmp_path)
    moments = moments_of(stage)
    for moment in moments[ERRORS.index(error) :: len(moments) // 9]:
        fail_at(moment, error, stage)


@pytest.mark.torture
@pytest.mark.parametrize("then_crash", [False, True], ids=["goes on", "then crashes"])
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("scenario", [OFFERED, CREATED, *ACTED], ids=lambda s: s.name)
def test_every_system_call_fails(  # noqa: PLR0917 - pytest gives them by name
    scenario: Scenario,
    error: str,
    then_crash: bool,
    nursery: Nursery,
    tmp_path: Path,
    record_property: RecordProperty,
) -> None:
    """Whichever write or sync fails, nothing is lost, doubled, half done or wrongly promised."""
    stage = Stage(scenario, nursery, tmp_path)
    moments = moments_of(stage)
    for moment in moments:
        fail_at(moment, error, stage, then_crash=then_crash)
    record_property("system calls that failed", len(moments))
