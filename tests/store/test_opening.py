"""What is done with the files that opening finds: a decision for every combination that matters."""

import pytest

from builders import NOW_MS
from proxypal.store.opening import DatabaseFound, FileFound, FileKind, Plan, decide
from proxypal.store.publication import Published
from proxypal.store.state import State, fresh_state
from proxypal.store.values import StoreSettings

DB, HISTORY, AGGREGATE = "proxypal.db", "history.json", "aggregate.json"


def sound(
    sequence: int = 100, published: int = 100, *, store_id: str = "ours", migrated: bool = False
) -> DatabaseFound:
    """A database that answers."""
    state: State = fresh_state(store_id, NOW_MS, StoreSettings())
    state.sequence, state.published_sequence = sequence, published
    return DatabaseFound(kind="sound", state=state, migrated=migrated)


ABSENT = DatabaseFound(kind="absent")
DAMAGED = DatabaseFound(kind="damaged", reason="a page is torn")


def ours(name: str, sequence: int = 100, store_id: str = "ours") -> FileFound:
    """A file of ours with a checksum that fits."""
    published = Published(sequence=sequence, checksum="", store_id=store_id)
    return FileFound(name=name, kind="ours", published=published)


def other(name: str, kind: FileKind) -> FileFound:
    """Any other file, or none."""
    return FileFound(name=name, kind=kind)


def pair(history: FileFound | FileKind, aggregate: FileFound | FileKind) -> list[FileFound]:
    """Both files, each as found or by its kind alone."""
    found = zip((HISTORY, AGGREGATE), (history, aggregate), strict=True)
    return [
        file if isinstance(file, FileFound) else ours(name) if file == "ours" else other(name, file)
        for name, file in found
    ]


CASES: dict[str, tuple[DatabaseFound, list[FileFound], Plan, list[str]]] = {
    "a fresh directory gets a store, without a word": (
        ABSENT,
        pair("absent", "absent"),
        Plan(action="create", publish=True),
        [],
    ),
    "everything in order is used as it is": (
        sound(),
        pair("ours", "ours"),
        Plan(action="use"),
        [],
    ),
    "files a second behind are published, without a word": (
        sound(100, 90),
        pair(ours(HISTORY, 90), ours(AGGREGATE, 95)),
        Plan(action="use", publish=True),
        [],
    ),
    "files written by a publication that was cut off before its commit are up to date": (
        sound(100, 90),
        pair("ours", "ours"),
        Plan(action="use"),
        [],
    ),
    "only one of them written is no matter": (
        sound(100, 90),
        pair(ours(HISTORY, 90), ours(AGGREGATE, 100)),
        Plan(action="use", publish=True),
        [],
    ),
    "a lost history is published again": (
        sound(),
        pair("absent", "ours"),
        Plan(action="use", publish=True),
        ["history.json was missing. It was published again from the database; no number changed."],
    ),
    "a lost aggregate is published again": (
        sound(),
        pair("ours", "absent"),
        Plan(action="use", publish=True),
        ["aggregate.json was missing"],
    ),
    "files never published before are not missed": (
        sound(5, 0),
        pair("absent", "absent"),
        Plan(action="use", publish=True),
        [],
    ),
    "another program's history is set aside": (
        sound(),
        pair("foreign", "ours"),
        Plan(action="use", set_aside={HISTORY: "foreign"}, publish=True),
        ["history.json was written by another program or put back from an old copy"],
    ),
    "an unreadable aggregate is set aside": (
        sound(),
        pair("ours", "unreadable"),
        Plan(action="use", set_aside={AGGREGATE: "corrupt"}, publish=True),
        ["aggregate.json cannot be read as JSON"],
    ),
    "an old copy of ours is set aside": (
        sound(),
        pair(ours(HISTORY, 60), "ours"),
        Plan(action="use", set_aside={HISTORY: "foreign"}, publish=True),
        ["put back from an old copy"],
    ),
    "the files of another store are set aside": (
        sound(),
        pair(ours(HISTORY, 900, "theirs"), ours(AGGREGATE, 900, "theirs")),
        Plan(action="use", set_aside={HISTORY: "foreign", AGGREGATE: "foreign"}, publish=True),
        ["history.json was written by another", "aggregate.json was written by another"],
    ),
    "migrated originals are replaced at the first publication; a backup holds them": (
        sound(5, 0, migrated=True),
        pair("foreign", "foreign"),
        Plan(action="use", publish=True),
        [],
    ),
    "another program's file beside a store that never migrated is no original": (
        sound(5, 0),
        pair("foreign", "absent"),
        Plan(action="use", set_aside={HISTORY: "foreign"}, publish=True),
        ["history.json was written by another program"],
    ),
    "a database older than its files was put back: the files know more": (
        sound(60, 60),
        pair("ours", "ours"),
        Plan(action="rebuild", set_aside={DB: "corrupt"}, publish=True),
        ["proxypal.db is an older copy (it ends at number 60, the published files at 100)"],
    ),
    "one newer file is enough to know it": (
        sound(60, 60),
        pair(ours(HISTORY, 60), "ours"),
        Plan(action="rebuild", set_aside={DB: "corrupt"}, publish=True),
        ["is an older copy"],
    ),
    "a lost database is rebuilt": (
        ABSENT,
        pair("ours", "ours"),
        Plan(action="rebuild", publish=True),
        ["proxypal.db is missing. It was rebuilt from history.json, aggregate.json and breakdown/"],
    ),
    "a damaged database is set aside and rebuilt": (
        DAMAGED,
        pair("ours", "ours"),
        Plan(action="rebuild", set_aside={DB: "corrupt"}, publish=True),
        ["proxypal.db is damaged (a page is torn). It was rebuilt from"],
    ),
    "without the history the recent requests are lost, and that is said": (
        DAMAGED,
        pair("unreadable", "ours"),
        Plan(action="rebuild", set_aside={DB: "corrupt", HISTORY: "corrupt"}, publish=True),
        ["history.json cannot be read", "the recent requests are lost with history.json"],
    ),
    "without the aggregate the older totals are lost, and that is said": (
        ABSENT,
        pair("ours", "absent"),
        Plan(action="rebuild", publish=True),
        ["the totals were rebuilt from breakdown/ and the requests in history.json"],
    ),
    "a foreign aggregate does not take part in rebuilding": (
        DAMAGED,
        pair("ours", "foreign"),
        Plan(action="rebuild", set_aside={DB: "corrupt", AGGREGATE: "foreign"}, publish=True),
        ["what neither of them holds is lost", "aggregate.json was written by another program"],
    ),
    "old files alone are migrated, without a word here": (
        ABSENT,
        pair("foreign", "absent"),
        Plan(action="migrate", publish=True),
        [],
    ),
    "a damaged database beside foreign files: theirs are the only numbers left": (
        DAMAGED,
        pair("foreign", "foreign"),
        Plan(action="migrate", set_aside={DB: "corrupt"}, publish=True),
        ["Their numbers were taken over; what they had dropped is lost"],
    ),
    "one old file that is readable is migrated, the other set aside": (
        ABSENT,
        pair("foreign", "unreadable"),
        Plan(action="migrate", set_aside={AGGREGATE: "corrupt"}, publish=True),
        ["aggregate.json cannot be read as JSON and was set aside."],
    ),
    "a damaged database alone: a fresh start that says what was lost": (
        DAMAGED,
        pair("absent", "absent"),
        Plan(action="create", set_aside={DB: "corrupt"}, publish=True),
        ["everything recorded before now is lost"],
    ),
    "nothing readable at all: a fresh start that says what was lost": (
        ABSENT,
        pair("unreadable", "unreadable"),
        Plan(action="create", set_aside={HISTORY: "corrupt", AGGREGATE: "corrupt"}, publish=True),
        ["history.json cannot", "aggregate.json cannot", "Started fresh"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_decision(case: str) -> None:
    """Whatever is lost, old, foreign or damaged, numbers come from what knows most, and it says."""
    database, files, expected, warnings = CASES[case]
    plan = decide(database, *files)
    assert plan.action == expected.action
    assert plan.set_aside == expected.set_aside
    assert plan.publish is expected.publish
    assert len(plan.warnings) == len(warnings), plan.warnings
    for warning, words in zip(plan.warnings, warnings, strict=True):
        assert words in warning


KINDS: list[FileKind] = ["absent", "ours", "foreign", "unreadable"]


@pytest.mark.parametrize("database", [sound(), ABSENT, DAMAGED], ids=["sound", "absent", "damaged"])
@pytest.mark.parametrize("history", KINDS)
@pytest.mark.parametrize("aggregate", KINDS)
def test_a_file_is_never_overwritten_unread(
    database: DatabaseFound, history: FileKind, aggregate: FileKind
) -> None:
    """D2: an unreadable or foreign file is set aside or migrated first; a loss is never silent."""
    plan = decide(database, *pair(history, aggregate))
    for name, kind in ((HISTORY, history), (AGGREGATE, aggregate)):
        if kind in {"foreign", "unreadable"}:
            assert name in plan.set_aside or plan.action == "migrate"
            assert plan.publish
        else:
            assert name not in plan.set_aside
    assert (DB in plan.set_aside) is (database.kind == "damaged")
    is_in_order = {history, aggregate} == {"ours"}
    if database.kind == "damaged" or (database.kind == "sound" and not is_in_order):
        assert plan.warnings
