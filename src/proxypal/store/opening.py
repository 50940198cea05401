"""What opening a data directory finds, and the decision what to do about it. Pure.

Must not enter: reading or writing anything; `recovery.py` looks and acts.
"""

from typing import Literal

import msgspec

from proxypal.store.publication import Published
from proxypal.store.state import State

FileKind = Literal["absent", "ours", "foreign", "unreadable"]
DatabaseKind = Literal["absent", "sound", "damaged"]
Action = Literal["use", "create", "rebuild", "migrate"]


class FileFound(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two JSON files: ours has a checksum that fits, foreign is other JSON."""

    name: str
    kind: FileKind
    data: bytes = b""
    published: Published | None = None
    mtime_ms: int = 0


class DatabaseFound(msgspec.Struct, frozen=True, kw_only=True):
    """`proxypal.db` as it answers; `state` is None unless sound."""

    kind: DatabaseKind
    state: State | None = None
    reason: str = ""
    migrated: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, in this order: set files aside, then the action, then publish."""

    action: Action
    set_aside: dict[str, str] = {}
    publish: bool = False
    warnings: list[str] = []


DATABASE = "proxypal.db"


def decide(database: DatabaseFound, history: FileFound, aggregate: FileFound) -> Plan:
    """The plan for what was found.

    A database older than a file we published was put back from an old copy: the file knows more.
    """
    state = database.state
    if state is not None:
        newest = max(_sequence_of(file, state.store_id) for file in (history, aggregate))
        if newest <= state.sequence:
            return _use(state, database, (history, aggregate))
        return _without_database(
            f"is an older copy (it ends at number {state.sequence}, the published files at "
            f"{newest})",
            history,
            aggregate,
        )
    if database.kind == "damaged":
        return _without_database(f"is damaged ({database.reason})", history, aggregate)
    return _without_database("", history, aggregate)


def _sequence_of(file: FileFound, store_id: str) -> int:
    if file.published is None or file.published.store_id != store_id:
        return 0
    return file.published.sequence


def _use(state: State, database: DatabaseFound, files: tuple[FileFound, FileFound]) -> Plan:
    set_aside: dict[str, str] = {}
    warnings: list[str] = []
    publish = False
    for file in files:
        verdict = _verdict(file, state, first=state.published_sequence == 0 and database.migrated)
        publish = publish or verdict != "current"
        if verdict in {"foreign", "corrupt"}:
            set_aside[file.name] = verdict
            what = (
                "cannot be read as JSON"
                if verdict == "corrupt"
                else "was written by another program or put back from an old copy"
            )
            warnings.append(
                f"{file.name} {what}. It was set aside and published again from the database; "
                "no number changed."
            )
        elif verdict == "lost":
            warnings.append(
                f"{file.name} was missing. It was published again from the database; "
                "no number changed."
            )
    return Plan(action="use", set_aside=set_aside, publish=publish, warnings=warnings)


def _verdict(
    file: FileFound, state: State, *, first: bool
) -> Literal["current", "stale", "lost", "foreign", "corrupt"]:
    if file.kind == "absent":
        return "lost" if state.published_sequence else "stale"
    if file.kind == "unreadable":
        return "corrupt"
    if file.published is None or file.published.store_id != state.store_id:
        # Before the first publication these are the migrated originals; a backup holds them.
        return "stale" if first else "foreign"
    if file.published.sequence < state.published_sequence:
        return "foreign"
    return "current" if file.published.sequence == state.sequence else "stale"


def _without_database(trouble: str, history: FileFound, aggregate: FileFound) -> Plan:
    set_aside = {DATABASE: "corrupt"} if trouble else {}
    warnings: list[str] = []
    ours = [file for file in (history, aggregate) if file.kind == "ours"]
    lost = trouble or "is missing"
    for file in (history, aggregate):
        if file.kind == "unreadable":
            set_aside[file.name] = "corrupt"
            warnings.append(f"{file.name} cannot be read as JSON and was set aside.")
    if ours:
        warnings.append(f"{DATABASE} {lost}. {_rebuilt_from(history, aggregate)}")
        for file in (history, aggregate):
            if file.kind == "foreign":
                set_aside[file.name] = "foreign"
                warnings.append(f"{file.name} was written by another program; it was set aside.")
        return Plan(action="rebuild", set_aside=set_aside, publish=True, warnings=warnings)
    if "foreign" in {history.kind, aggregate.kind}:
        if trouble:
            warnings.append(
                f"{DATABASE} {lost} and the JSON files were written by another program. "
                "Their numbers were taken over; what they had dropped is lost."
            )
        return Plan(action="migrate", set_aside=set_aside, publish=True, warnings=warnings)
    if trouble or warnings:
        warnings.append(
            (f"{DATABASE} {trouble}. " if trouble else "")
            + "Neither the database nor the JSON files can be read: everything recorded before now "
            "is lost. Started fresh."
        )
    return Plan(action="create", set_aside=set_aside, publish=True, warnings=warnings)


def _rebuilt_from(history: FileFound, aggregate: FileFound) -> str:
    if aggregate.kind != "ours":
        return (
            "aggregate.json is gone too: the totals were rebuilt from breakdown/ and the requests "
            "in history.json; what neither of them holds is lost."
        )
    if history.kind != "ours":
        return (
            "It was rebuilt from aggregate.json and breakdown/: all totals are there, the recent "
            "requests are lost with history.json."
        )
    return (
        "It was rebuilt from history.json, aggregate.json and breakdown/: at most the last second "
        "before it was lost is missing, and logs are read on from where they stood."
    )
