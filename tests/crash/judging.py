"""What a killed process left, held to the law: one of two states, whole, and nothing beside it."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from law import NOW_MS, Found, open_store, payloads_in, reopen
from ledger import Ledger, Operation
from moments import Moment, Stage
from playing import Player
from proxypal.clock import offset_of
from proxypal.records.usage_query import Query, QueryWords, parse_query
from proxypal.store.joining import own_arrival
from scenarios import Scenario, retold
from two_sources import attempts_of

_OWN = ("proxypal.db", "history.json", "aggregate.json", "backups", ".proxypal.lock", "breakdown")
_MONTH = "[0-9][0-9][0-9][0-9]-[01][0-9].json"
RecordProperty = Callable[[str, object], None]
"""pytest's `record_property`: how many states were judged, for the last lines of a run."""

_AFTERWARDS: Sequence[Operation] = (["record", 90_000, 1], ["undo"], ["close"])
"""What is done with each store that survived: recording, and undoing what its backup offers."""


def judge(directory: Path, scenario: Scenario, allowed: Sequence[Ledger]) -> None:
    """The store is in one of the allowed states, says only what happened, and works on."""
    found = reopen(directory)
    possible = _with_names(directory, _fitting(found, allowed))
    _judge_payloads(directory, found, None if scenario.loses_payloads else possible[0])
    for warning in found.warnings:
        assert any(words in warning for words in scenario.told), f"not true: {warning}"
    strangers = [
        path.name
        for path in directory.iterdir()
        if path.name not in _OWN and not any(fnmatch(path.name, p) for p in scenario.aside)
    ]
    strangers += [
        path.name
        for path in directory.glob("breakdown/*")
        if not any(fnmatch(path.name, pattern) for pattern in (_MONTH, *scenario.aside))
    ]
    assert not strangers, f"left behind: {strangers}"
    afterwards = [["open"], *retold(scenario.operations), *_AFTERWARDS]
    _play(directory, afterwards)
    for operation in afterwards:
        possible = [ledger.apply(operation) for ledger in possible]
    _with_names(directory, _fitting(reopen(directory), possible))


def _play(directory: Path, operations: Sequence[Operation]) -> None:
    """To their end, or to a failure that leaves no store open to write to the directory later."""
    player = Player(directory)
    try:
        player.play(operations)
    finally:
        if player.store is not None:
            player.store.close()


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


def _with_names(directory: Path, possible: Sequence[Ledger]) -> list[Ledger]:
    """Those of the states that show the months and models that a query finds."""
    query = parse_query(QueryWords(by=["month,model"]), NOW_MS, offset_of("UTC"))
    assert isinstance(query, Query), query
    with open_store(directory) as store:
        rows = store.query(query).rows
    names = {(row.labels[0], row.labels[1]): row.requests for row in rows if row.requests}
    fitting = [ledger for ledger in possible if ledger.names == names]
    wanted = " or ".join(f"{dict(ledger.names)}" for ledger in possible)
    assert fitting, f"{names} are known by name; only {wanted} is right"
    return fitting


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
