"""What a killed process left, held to the law: one of two states, whole, and nothing beside it."""

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from law import Found, reopen
from ledger import Ledger
from moments import Moment, Stage
from playing import Player
from scenarios import Scenario

_OWN = ("proxypal.db", "history.json", "aggregate.json", "backups", ".proxypal.lock")
_AFTERWARDS = (["open"], ["record", 90_000, 1], ["undo"], ["close"])
"""What is done with each store that survived: recording, and undoing what its backup offers."""


def judge(directory: Path, scenario: Scenario, allowed: Sequence[Ledger]) -> None:
    """The store is in one of the allowed states, says only what happened, and works on."""
    found = reopen(directory)
    possible = _fitting(found, allowed)
    for warning in found.warnings:
        assert any(words in warning for words in scenario.told), f"not true: {warning}"
    strangers = [
        path.name
        for path in directory.iterdir()
        if path.name not in _OWN and not any(fnmatch(path.name, p) for p in scenario.aside)
    ]
    assert not strangers, f"left behind: {strangers}"
    Player(directory).play(_AFTERWARDS)
    for operation in _AFTERWARDS:
        possible = [ledger.apply(operation) for ledger in possible]
    _fitting(reopen(directory), possible)


def moments_of(stage: Stage) -> list[Moment]:
    """The file-changing calls of a run that nothing interferes with, and that ends right."""
    moments = stage.moments()
    judge(stage.directory, stage.scenario, stage.scenario.ledgers()[-1:])
    return moments


def _fitting(found: Found, allowed: Sequence[Ledger]) -> list[Ledger]:
    """The allowed states that show what was found; two may differ only in their backups."""
    fitting = [ledger for ledger in allowed if ledger.state == (found.books, found.ids)]
    seen = f"{found.books['totalRequests']} counted, {len(found.ids)} recent"
    wanted = " or ".join(f"{len(w.counted)} and {len(w.history)}" for w in allowed)
    assert fitting, f"{seen}; only {wanted} is right"
    return fitting
