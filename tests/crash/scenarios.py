"""What the killed processes were doing: each with what they found and what may be said after."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from law import name_of, requests
from ledger import Ledger, Operation, PutAside, after_each
from playing import Player
from proxypal.records.request import RequestLog, encode_request

_SEED_FIELDS = (
    "id", "timestamp", "provider", "model", "method", "path", "status", "durationMs",
    "tokensIn", "tokensOut",
)  # fmt: skip


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """`before` is played and ends well, `harm` happens, `operations` are interrupted.

    With `unclean`, the process of `before` was itself killed. `told` are words that each warning
    of the next opening must have one of, `aside` are patterns of what may then lie in the
    directory beside the store's own files. With `loses_payloads`, not all that the queue said of
    a request in history need be there.
    """

    name: str
    operations: Sequence[Operation]
    before: Sequence[Operation] = ()
    unclean: bool = False
    harm: Callable[[Path], None] | None = None
    told: Sequence[str] = ()
    aside: Sequence[str] = ()
    loses_payloads: bool = False

    def prepare(self, directory: Path) -> None:
        """Make what the interrupted process finds."""
        if self.before:
            player = Player(directory)
            player.play(self.before)
            if self.unclean:
                image = directory.with_name(directory.name + "-image")
                shutil.copytree(directory, image)
                player.play([["close"]])
                shutil.rmtree(directory)
                image.rename(directory)
        if self.harm is not None:
            self.harm(directory)

    def ledgers(self) -> list[Ledger]:
        """What the store must hold before and after each operation."""
        start = after_each(self.before)[-1]
        if self.harm is write_old_history:
            old = old_requests()
            start.counted = start.history = old
            start.backups = [PutAside("import", old, old)]
        if self.harm is delete_database_and_month:
            shown = {name_of(item) for item in start.history}
            start.nameless = start.named_in("2026-01") - shown
        return after_each(self.operations, start)


def old_requests() -> list[RequestLog]:
    """The requests of the early version's file."""
    return [
        msgspec.structs.replace(item, cost_usd=None, tokens_cached=None)
        for item in requests(50_000, 40)
    ]


def write_old_history(directory: Path) -> None:
    """The single file of an early version, with nothing else there."""
    directory.mkdir(mode=0o700)
    rows = [json.loads(encode_request(item)) for item in old_requests()]
    tree = {
        "requests": [{name: row[name] for name in _SEED_FIELDS} for row in rows],
        "totalTokensIn": sum(row["tokensIn"] for row in rows),
        "totalTokensOut": sum(row["tokensOut"] for row in rows),
        "totalCostUsd": 0.0,
    }
    (directory / "history.json").write_text(json.dumps(tree, indent=2))


def delete_database(directory: Path) -> None:
    (directory / "proxypal.db").unlink()


def zero_database(directory: Path) -> None:
    path = directory / "proxypal.db"
    path.write_bytes(bytes(path.stat().st_size))


def delete_database_and_month(directory: Path) -> None:
    delete_database(directory)
    (directory / "breakdown" / "2026-01.json").unlink()


def rewrite_month(directory: Path) -> None:
    """As a program does that formats what it finds."""
    path = directory / "breakdown" / "2026-01.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=2))


def rewrite_both_files(directory: Path) -> None:
    """As a program does that keeps only the keys it knows."""
    for name in ("history.json", "aggregate.json"):
        tree = json.loads((directory / name).read_text())
        del tree["published"]
        (directory / name).write_text(json.dumps(tree, indent=2))


def retold(operations: Sequence[Operation]) -> list[Operation]:
    """What sources tell again after a crash: who subscribed with others, or reads a log on."""
    return [operation for operation in operations if operation[0] in {"queue", "lines"}]


FILLED: Sequence[Operation] = (
    ["open"],
    ["record", 0, 30],
    ["source", 30, 10],
    ["close"],
)

SCENARIOS = (
    Scenario(name="creation", operations=[["open"], ["record", 0, 1], ["close"]]),
    Scenario(
        name="record",
        before=FILLED,
        operations=[["open"], *(["record", 40 + n, 1] for n in range(3)), ["close"]],
    ),
    Scenario(
        name="batch",
        before=FILLED,
        operations=[["open"], ["record", 40, 700], ["record", 740, 90], ["close"]],
    ),
    Scenario(
        name="source",
        before=FILLED,
        operations=[["open"], ["source", 40, 5], ["source", 45, 60], ["close"]],
    ),
    Scenario(
        name="publish",
        before=FILLED,
        operations=[["open"], ["record", 40, 2], ["publish"], ["record", 42, 2], ["publish"]],
    ),
    Scenario(
        name="clear",
        before=FILLED,
        operations=[["open"], ["clear"], ["record", 40, 2], ["undo"], ["close"]],
    ),
    Scenario(
        name="reset",
        before=FILLED,
        operations=[["open"], ["reset"], ["record", 40, 2], ["undo"], ["close"]],
    ),
    Scenario(
        name="import",
        before=FILLED,
        operations=[["open"], ["import", 40, 20], ["record", 60, 2], ["undo"], ["close"]],
    ),
    Scenario(
        name="drop",
        before=[*FILLED, ["open"], ["record", 50_000, 5], ["close"]],
        operations=[
            *(["open"], ["later"], ["drop", "2026-01"], ["record", 40, 2], ["undo"]),
            *(["record", 42, 2], ["close"]),
        ],
    ),
    Scenario(
        name="drop between other actions",
        before=[*FILLED, ["open"], ["record", 50_000, 5], ["close"]],
        operations=[
            *(["open"], ["reset"], ["record", 60_000, 2], ["undo"], ["later"]),
            *(["drop", "2026-01"], ["import", 40, 20], ["clear"], ["undo"], ["undo"], ["close"]),
        ],
    ),
    Scenario(
        name="months",
        before=[*FILLED, ["open"], ["record", 50_000, 5], ["close"]],
        operations=[
            *(["open"], ["record", 40, 2], ["record", 50_005, 2], ["mend"]),
            *(["record", 42, 600], ["mend"], ["record", 642, 2], ["mend"]),
        ],
    ),
    Scenario(
        name="forget",
        before=[*FILLED, ["open"], ["clear"], ["record", 40, 20], ["close"]],
        operations=[["open"], ["forget"], ["record", 60, 2], ["close"]],
    ),
    Scenario(
        name="migration",
        harm=write_old_history,
        operations=[["open"], ["record", 0, 2], ["close"]],
        told=["Migrated history.json"],
    ),
    Scenario(
        name="rebuild of a lost database",
        before=FILLED,
        harm=delete_database,
        operations=[["open"], ["record", 40, 2], ["close"]],
        told=["proxypal.db is missing. It was rebuilt"],
    ),
    Scenario(
        name="rebuild of a damaged database",
        before=FILLED,
        harm=zero_database,
        operations=[["open"], ["record", 40, 2], ["close"]],
        told=["proxypal.db is damaged", "proxypal.db is missing. It was rebuilt"],
        aside=["proxypal.db.corrupt-*"],
    ),
    Scenario(
        name="rebuild without a month",
        before=[["open"], ["record", 0, 600], ["record", 50_000, 5], ["close"]],
        harm=delete_database_and_month,
        operations=[["open"], ["record", 600, 2], ["close"]],
        told=["proxypal.db is missing. It was rebuilt", "not known any more"],
    ),
    Scenario(
        name="rebuild after a drop",
        before=[
            *(*FILLED, ["open"], ["record", 50_000, 5], ["later"], ["drop", "2026-01"]),
            *(["record", 60_000, 2], ["close"]),
        ],
        harm=delete_database,
        operations=[["open"], ["record", 60_002, 2], ["undo"], ["close"]],
        told=["proxypal.db is missing. It was rebuilt"],
    ),
    Scenario(
        name="foreign month",
        before=[*FILLED, ["open"], ["record", 50_000, 5], ["close"]],
        harm=rewrite_month,
        operations=[["open"], ["record", 40, 2], ["close"]],
        told=[
            "breakdown/2026-01.json was written by another program",
            "breakdown/2026-01.json was missing. It was published again",
        ],
        aside=["2026-01.json.foreign-*"],
    ),
    Scenario(
        name="foreign files",
        before=FILLED,
        harm=rewrite_both_files,
        operations=[["open"], ["record", 40, 2], ["close"]],
        told=["json was written by another program", "json was missing. It was published again"],
        aside=["*.json.foreign-*"],
    ),
    Scenario(
        name="reopening after a crash",
        before=FILLED[:-1],
        unclean=True,
        operations=[["open"], ["close"], ["open"], ["record", 40, 1], ["close"]],
    ),
    Scenario(
        name="queue",
        before=[*FILLED, ["open"], ["queue", 0, 5], ["close"]],
        operations=[
            *(["open"], ["queue", 5, 1], ["queue", 6, 2], ["queue", 8, 40], ["queue", 4, 30]),
            *(["record", 40, 2], ["close"]),
        ],
    ),
    Scenario(
        name="join",
        before=[*FILLED, ["open"], ["queue", 0, 10], ["close"]],
        operations=[
            *(["open"], ["lines", 0, 6], ["lines", 6, 20], ["queue", 8, 16], ["queue", 24, 30]),
            ["close"],
        ],
    ),
    Scenario(
        name="join after actions",
        before=[*FILLED, ["open"], ["queue", 0, 10], ["lines", 0, 4], ["close"]],
        operations=[
            *(["open"], ["clear"], ["lines", 4, 4], ["reset"], ["queue", 10, 2], ["lines", 8, 4]),
            *(["undo"], ["queue", 12, 9], ["forget"], ["queue", 21, 2], ["close"]),
        ],
        loses_payloads=True,
    ),
    Scenario(
        name="join in a rebuilt store",
        before=[*FILLED, ["open"], ["queue", 0, 10], ["lines", 0, 4], ["close"]],
        harm=delete_database,
        operations=[["open"], ["lines", 4, 8], ["queue", 10, 10], ["close"]],
        loses_payloads=True,
        told=["proxypal.db is missing. It was rebuilt"],
    ),
)
