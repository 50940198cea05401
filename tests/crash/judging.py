"""What a killed process left, held to the law: one of two states, whole, and nothing beside it."""

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from law import Found, payloads_in, reopen
from ledger import Ledger, Operation
from moments import Moment, Stage
from playing import Player
from proxypal.store.joining import own_arrival
from scenarios import Scenario, retold
from two_sources import attempts_of

_OWN = ("proxypal.db", "history.json", "aggregate.json", "backups", ".proxypal.lock")
_AFTERWARDS: Sequence[Operation] = (["record", 90_000, 1], ["undo"], ["close"])
"""What is done with each store that survived: recording, and undoing what its backup offers."""


def judge(directory: Path, scenario: Scenario, allowed: Sequence[Ledger]) -> None:
    """The store is in one of the allowed states, says only what happened, and works on."""
    found = reopen(directory)
    possible = _fitting(found, allowed)
    _judge_payloads(directory, found, None if scenario.loses_payloads else possible[0])
    for warning in found.warnings:
        assert any(words in warning for words in scenario.told), f"not true: {warning}"
    strangers = [
        path.name
        for path in directory.iterdir()
        if path.name not in _OWN and not any(fnmatch(path.name, p) for p in scenario.aside)
    ]
    assert not strangers, f"left behind: {strangers}"
    afterwards = [["open"], *retold(scenario.operations), *_AFTERWARDS]
    Player(directory).play(afterwards)
    for operation in afterwards:
        possible = [ledger.apply(operation) for ledger in possible]
    _fitting(reopen(directory), possible)


def moments_of(stage: Stage) -> list[Moment]:
    """The file-changing calls of a run that nothing interferes with, and that ends right."""
    moments = stage.moments()
    judge(stage.directory, stage.scenario, stage.scenario.ledgers()[-1:])
    return moments


def _judge_payloads(directory: Path, found: Found, whole: Ledger | None) -> None:
    """What the queue said lies beside requests of history only; `whole`: and all that it said."""
    kept = payloads_in(directory)
    rows = {own_arrival(row["id"]) or 0: row.get("requestId", "") for row in found.history}
    assert set(kept) <= set(rows), "a payload without its request"
    if whole is not None:
        told = {
            f"{number:08x}": attempts_of(number)[: known.attempts]
            for number, known in whole.told.items()
        }
        for arrival, name in rows.items():
            expected = [one.payload for one in told.get(name, [])]
            assert sorted(kept.get(arrival, [])) == sorted(expected)


def _fitting(found: Found, allowed: Sequence[Ledger]) -> list[Ledger]:
    """The allowed states that show what was found; two may differ only in their backups."""
    seen = found.books, found.ids, found.queue
    fitting = [ledger for ledger in allowed if ledger.state == seen]
    shown = f"{found.books['totalRequests']} counted, {len(found.ids)} recent, {found.queue}"
    wanted = " or ".join(
        f"{w.books['totalRequests']} and {len(w.history)}, {w.queue}" for w in allowed
    )
    assert fitting, f"{shown}; only {wanted} is right"
    return fitting
