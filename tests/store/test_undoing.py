"""Undo: what came after is kept, in whatever order things are done and undone, each once."""

import contextlib
import itertools
import sqlite3
from pathlib import Path

import msgspec
import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, a_store, facts_of
from proxypal.errors import AlreadyUndone, BackupNotFound
from proxypal.records.imported import ImportedFacts
from proxypal.records.request import MAX_INTEGER
from proxypal.store import Store
from proxypal.store.values import SourceBatch


def old_file() -> ImportedFacts:
    """Two rows, and a total that holds one more."""
    rows = [a_request(timestamp=NOW_MS - n * DAY_MS, model="gpt-4", id=f"old-{n}") for n in (1, 2)]
    return facts_of(
        rows,
        undated=[a_request(timestamp=NOW_MS - 90 * DAY_MS, model="gpt-4", status=500)],
        created_at_ms=NOW_MS - 100 * DAY_MS,
    )


class Doing:
    """Actions by a letter, and their undoing by the small one; a request comes before each."""

    def __init__(self, store: Store, clock: SetClock) -> None:
        self.store = store
        self.clock = clock
        self.names: dict[str, str] = {}
        self.recorded = 0
        self.acts = {
            "I": lambda: self.note("I", store.import_facts(old_file(), fingerprint="f")),
            "R": lambda: self.note("R", store.reset_aggregate_stats()),
            "C": lambda: self.note("C", store.clear_request_history()),
        }

    def note(self, letter: str, backup: object) -> None:
        """Remember how to undo it."""
        self.names[letter] = getattr(backup, "name", "")
        assert self.names[letter]

    def record(self) -> None:
        """One more request, a second later."""
        self.clock.now_ms += 1000
        self.recorded += 1
        self.store.record([a_request(timestamp=self.clock.now_ms, id=f"new-{self.recorded}")])

    def run(self, order: str) -> None:
        """Everything in this order."""
        for letter in order:
            self.record()
            if letter.isupper():
                self.acts[letter]()
            else:
                self.store.restore(self.names[letter.upper()])
        self.record()


def orders(letters: str) -> list[str]:
    """Every order in which each action comes before its undoing."""
    both = letters + letters.lower()
    return [
        "".join(order)
        for order in itertools.permutations(both)
        if all(order.index(letter) < order.index(letter.lower()) for letter in letters)
    ]


@pytest.mark.parametrize("order", [*orders("IR"), *orders("IRC")])
def test_when_all_is_undone_all_is_as_recorded(tmp_path: Path, order: str) -> None:
    """Import, reset and clear, each undone, in any order: only what was recorded is left."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        doing = Doing(store, clock)
        doing.run(order)
        stats = store.get_usage_stats()
        assert stats.total_requests == stats.success_count == doing.recorded
        assert [(m.model, m.requests) for m in stats.models] == [
            ("claude-sonnet-4-5", doing.recorded)
        ]
        assert [(p.label, p.value) for p in stats.requests_by_day] == [
            ("2026-01-09", doing.recorded)
        ]
        assert stats.total_tokens == 800 * doing.recorded
        assert stats.undated_requests == 0
        assert stats.created_at == NOW_MS, "tracked since is what it was at the beginning"
        assert [r.id for r in store.get_request_history().requests] == [
            f"new-{n}" for n in range(1, doing.recorded + 1)
        ]
        (row,) = store.usage_by("provider", NOW_MS - HOUR_MS, None)
        assert row.sums.requests == doing.recorded
        assert [finding for finding in store.check() if not finding.ok] == []
        assert store.import_facts(old_file(), fingerprint="f") is not None, "it may come again"


@pytest.mark.parametrize("order", orders("IR"))
def test_the_order_survives_restarts_and_a_lost_database(tmp_path: Path, order: str) -> None:
    """What is owed and what was undone is in the published files too."""
    clock = SetClock()
    names: dict[str, str] = {}
    recorded = 0
    for letter in order:
        with a_store(tmp_path, clock=clock) as store:
            doing = Doing(store, clock)
            doing.names, doing.recorded = names, recorded
            doing.record()
            doing.acts[letter]() if letter.isupper() else store.restore(names[letter.upper()])
            recorded = doing.recorded
        (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path, clock=clock) as store:
        stats = store.get_usage_stats()
        assert stats.total_requests == recorded == len(store.get_request_history().requests)
        assert [finding for finding in store.check() if not finding.ok] == []


@pytest.mark.parametrize("letter", ["I", "R", "C"])
def test_each_is_undone_once(tmp_path: Path, letter: str) -> None:
    """A second undo of the same thing says so and changes nothing, after a restart too."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        doing = Doing(store, clock)
        doing.run(letter + letter.lower())
        before = store.get_aggregate(), store.get_request_history()
        name = doing.names[letter]
        (listed,) = (backup for backup in store.list_backups() if backup.name == name)
        assert listed.undone_at is not None
    for lost in (None, "proxypal.db"):
        if lost:
            (tmp_path / lost).unlink()
        with a_store(tmp_path, clock=clock) as store:
            with pytest.raises(AlreadyUndone, match="already restored"):
                store.restore(name)
            assert (store.get_aggregate(), store.get_request_history()) == before


def test_an_unknown_backup_is_named(tmp_path: Path) -> None:
    """A misspelt name is an error that says where the names are."""
    with (
        a_store(tmp_path) as store,
        pytest.raises(BackupNotFound, match=r"'yesterday'.*proxypal restore"),
    ):
        store.restore("yesterday")


def test_undo_of_a_reset_adds_to_what_came_after(tmp_path: Path) -> None:
    """The put-aside totals come back on top of the new ones, hours and keys included."""
    with a_store(tmp_path) as store:
        store.record([a_request(api_key="team-a")] * 3)
        backup = store.reset_aggregate_stats()
        store.record([a_request(api_key="team-a", model="gpt-5", provider="openai")] * 2)
        restored = store.restore(backup.name)
        assert restored.undone_at == NOW_MS
        assert restored.requests == 3
        stats = store.get_usage_stats()
        assert stats.total_requests == 5
        rows = store.usage_by("model", NOW_MS - HOUR_MS, NOW_MS + HOUR_MS)
        assert {row.label: row.sums.requests for row in rows} == {
            "claude-sonnet-4-5": 3,
            "gpt-5": 2,
        }


def test_resets_are_undone_in_any_order(tmp_path: Path) -> None:
    """Of three resets in a row each brings back its own numbers and no others."""
    for number, order in enumerate(itertools.permutations(range(3))):
        with a_store(tmp_path / str(number)) as store:
            names = []
            for amount in (1, 10, 100):
                store.record([a_request()] * amount)
                names.append(store.reset_aggregate_stats().name)
            expected = 0
            for place in order:
                store.restore(names[place])
                expected += (1, 10, 100)[place]
                assert store.get_usage_stats().total_requests == expected


def test_a_reset_of_a_restored_reset_puts_everything_aside(tmp_path: Path) -> None:
    """Reset, undo, reset, undo: the numbers are there once, not twice."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 4)
        for _ in range(3):
            name = store.reset_aggregate_stats().name
            assert store.get_usage_stats().total_requests == 0
            store.restore(name)
            assert store.get_usage_stats().total_requests == 4


def test_undo_of_a_clear_merges_by_time(tmp_path: Path) -> None:
    """Rows come back to their place in time, and the most recent are kept."""
    with a_store(tmp_path, history_limit=4) as store:
        store.record([a_request(timestamp=NOW_MS - n, id=f"a{n}") for n in (1, 3, 5)])
        backup = store.clear_request_history()
        assert backup is not None
        store.record([a_request(timestamp=NOW_MS - n, id=f"b{n}") for n in (0, 2, 4)])
        store.restore(backup.name)
        shown = [r.id for r in store.get_request_history().requests]
        assert shown == ["a3", "b2", "a1", "b0"]


def test_what_an_import_brought_comes_back_with_a_clear(tmp_path: Path) -> None:
    """Rows of an import that stands are rows as any other; those of an undone one stay away."""
    with a_store(tmp_path) as store:
        stands = facts_of([a_request(timestamp=NOW_MS - DAY_MS, id="stands")])
        goes = facts_of([a_request(timestamp=NOW_MS - 2 * DAY_MS, id="goes")])
        assert store.import_facts(stands, fingerprint="1") is not None
        undone = store.import_facts(goes, fingerprint="2")
        cleared = store.clear_request_history()
        assert undone is not None
        assert cleared is not None
        store.restore(undone.name)
        store.restore(cleared.name)
        assert [r.id for r in store.get_request_history().requests] == ["stands"]


@pytest.mark.parametrize("count", [0, 2])
def test_a_backup_of_an_early_version_has_no_durations(tmp_path: Path, count: int) -> None:
    """They are known from the day after its last request on, and `doctor` asks for no others."""
    today = NOW_MS // DAY_MS
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        store.record(
            [a_request(timestamp=NOW_MS - n * HOUR_MS, duration_ms=5) for n in range(count)]
        )
        name = store.reset_aggregate_stats().name
    with contextlib.closing(sqlite3.connect(tmp_path / "backups" / name / "delta.db")) as delta:
        delta.executescript("ALTER TABLE about DROP COLUMN sketches_since; DROP TABLE sketches")
    with a_store(tmp_path, clock=clock) as store:
        store.restore(name)
        assert [found for found in store.check() if not found.ok] == []
    shown = msgspec.json.decode((tmp_path / "aggregate.json").read_bytes())["published"]
    assert shown.get("sketchesSince", 0) == (today + 1 if count else 0)


def test_an_old_backup_that_is_owed_is_kept(tmp_path: Path) -> None:
    """An import that must still be taken off when a reset is undone does not expire before."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        imported = store.import_facts(old_file(), fingerprint="f")
        assert imported is not None
        reset = store.reset_aggregate_stats()
        store.restore(imported.name)
        clock.now_ms += 31 * DAY_MS
        for _ in range(8):
            store.record([a_request()])
            store.clear_request_history()
        assert store.restore(reset.name).kind == "reset"
        assert store.get_usage_stats().total_requests == 8


def test_a_log_is_not_read_again_after_any_undo(tmp_path: Path) -> None:
    """Neither clear nor reset nor their undoing moves a source position back."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        store.record_batch(
            SourceBatch(source="log", start=None, generation=0, state=b"{}", requests=[])
        )
        before = store.positions()
        Doing(store, clock).run("RCrc")
        assert store.positions() == before


def test_a_restored_total_beyond_exact_numbers_is_refused(tmp_path: Path) -> None:
    """Two totals that are exact alone and not together stay apart, and that is said."""
    huge = a_request(tokens_in=MAX_INTEGER - 300, tokens_out=300)
    with a_store(tmp_path) as store:
        store.record([huge])
        backup = store.reset_aggregate_stats()
        store.record([huge])
        with pytest.raises(Exception, match=r"beyond 2\^53"):
            store.restore(backup.name)
        assert store.get_usage_stats().total_requests == 1
        second = store.reset_aggregate_stats()
        store.restore(backup.name)
        assert store.get_usage_stats().total_requests == 1
        assert second.requests == 1


def test_an_hour_that_was_let_go_and_began_anew(tmp_path: Path) -> None:
    """An import is not taken off an hour that forgot it: hours are kept for 35 days only."""
    old = NOW_MS - 60 * DAY_MS
    with a_store(tmp_path) as store:
        store.record([a_request(id="now")])
        facts = facts_of([a_request(id="old", timestamp=old, status=500)])
        backup = store.import_facts(facts, fingerprint="an old file")
        assert backup is not None
    with a_store(tmp_path) as store:
        for number in range(2):
            store.record([a_request(id=f"late-{number}", timestamp=old + number)])
        store.restore(backup.name)
        assert [found for found in store.check() if not found.ok] == []
        assert store.get_usage_stats().total_requests == 3
