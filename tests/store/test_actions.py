"""Clear, Reset and Import: what each changes, what it keeps, and what it puts aside first."""

from pathlib import Path

import pytest

from builders import DAY_MS, NOW_MS, SetClock, a_request, a_store, facts_of, json_file
from proxypal.errors import WrongUsage
from proxypal.records.counters import Counters
from proxypal.records.request import MAX_INTEGER
from proxypal.store import backups


def test_clear_empties_the_history_and_nothing_else(tmp_path: Path) -> None:
    """Clear History: no recent requests, all analytics as before, in the files too."""
    with a_store(tmp_path) as store:
        store.record([a_request(), a_request(status=500)])
        before = store.get_aggregate()
        backup = store.clear_request_history()
        assert backup is not None
        assert (backup.kind, backup.rows, backup.requests) == ("clear", 2, 0)
        assert store.get_request_history().requests == []
        assert store.get_aggregate() == before
        assert json_file(tmp_path / "history.json")["requests"] == []
        assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 2


def test_clearing_nothing_makes_no_backup(tmp_path: Path) -> None:
    """There is nothing to undo where there was nothing to clear."""
    with a_store(tmp_path) as store:
        assert store.clear_request_history() is None
        assert store.list_backups() == []


def test_clear_counts_the_rows_a_user_saw(tmp_path: Path) -> None:
    """The backup holds the history as it was shown, not rows that were let go already."""
    with a_store(tmp_path, history_limit=5) as store:
        store.record([a_request(timestamp=NOW_MS - n) for n in range(20)])
        backup = store.clear_request_history()
        assert backup is not None
        assert backup.rows == 5
        store.restore(backup.name)
        assert len(store.get_request_history().requests) == 5


def test_reset_starts_from_zero_and_keeps_the_history(tmp_path: Path) -> None:
    """Reset Analytics: zero everywhere, tracked since now, the recent requests still there."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        store.record([a_request(), a_request(status=500)])
        clock.now_ms += DAY_MS
        backup = store.reset_aggregate_stats()
        assert (backup.kind, backup.requests, backup.rows) == ("reset", 2, 0)
        aggregate = store.get_aggregate()
        assert aggregate.total_requests == aggregate.total_failure_count == 0
        assert aggregate.requests_by_day == []
        assert aggregate.model_stats == aggregate.provider_stats == {}
        assert aggregate.created_at == clock.now_ms
        assert store.usage_by("model", 0, None) == []
        assert len(store.get_request_history().requests) == 2
        assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 0


def test_a_reset_is_not_undone_by_a_restart(tmp_path: Path) -> None:
    """D39: nothing brings the numbers back, whichever file is lost afterwards."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        store.reset_aggregate_stats()
    for lost in (None, "aggregate.json", "history.json", "proxypal.db"):
        if lost is not None:
            (tmp_path / lost).unlink()
        with a_store(tmp_path) as store:
            assert store.get_usage_stats().total_requests == 0, lost
            assert len(store.get_request_history().requests) == 1, lost


def test_a_reset_survives_the_loss_of_database_and_aggregate(tmp_path: Path) -> None:
    """D39: rebuilt from the history alone, only requests after the reset are counted."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 3)
        store.reset_aggregate_stats()
        store.record([a_request(status=500)])
    (tmp_path / "proxypal.db").unlink()
    (tmp_path / "aggregate.json").unlink()
    with a_store(tmp_path) as store:
        stats = store.get_usage_stats()
        assert (stats.total_requests, stats.failure_count) == (1, 1)
        assert len(store.get_request_history().requests) == 4
        assert "what neither of them holds is lost" in store.warnings[0]


def test_an_import_adds_what_the_old_file_counted(tmp_path: Path) -> None:
    """Totals grow by the file's sums, recent rows enter the history, since is moved back."""
    old = a_request(timestamp=NOW_MS - 90 * DAY_MS, model="gpt-4")
    gone = a_request(timestamp=NOW_MS - 95 * DAY_MS, model="gpt-4", status=500)
    with a_store(tmp_path) as store:
        store.record([a_request()])
        facts = facts_of(
            [old],
            undated=[gone],
            created_at_ms=NOW_MS - 100 * DAY_MS,
            watermark_ms=NOW_MS - 80 * DAY_MS,
            history_extras={"note": "kept"},
            aggregate_extras={"theme": "dark"},
        )
        backup = store.import_facts(facts, fingerprint="f1", note="an old history.json")
        assert backup is not None
        assert (backup.kind, backup.requests, backup.rows) == ("import", 2, 1)
        assert backup.note == "an old history.json"
        stats = store.get_usage_stats()
        assert (stats.total_requests, stats.failure_count) == (3, 1)
        assert stats.undated_requests == 1
        assert stats.created_at == NOW_MS - 100 * DAY_MS
        assert store.watermark_ms() == NOW_MS - 80 * DAY_MS
        assert [r.timestamp for r in store.get_request_history().requests] == [
            old.timestamp,
            NOW_MS,
        ]
        assert json_file(tmp_path / "history.json")["note"] == "kept"
        assert json_file(tmp_path / "aggregate.json")["theme"] == "dark"
        assert [finding for finding in store.check() if not finding.ok] == []


def test_the_same_file_twice_adds_nothing(tmp_path: Path) -> None:
    """An import is known by its content, also after a restart and a rebuilding."""
    facts = facts_of([a_request(timestamp=NOW_MS - DAY_MS)])
    with a_store(tmp_path) as store:
        first = store.import_facts(facts, fingerprint="f1", parts=["part-a", "part-b"])
        assert first is not None
        assert store.import_facts(facts, fingerprint="f1") is None
        assert store.import_facts(facts, fingerprint="part-b") is None
        assert store.imported_by(["new", "part-a"]) == first.name
        assert store.imported_by(["new"]) is None
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path) as store:
        assert store.import_facts(facts, fingerprint="f1") is None
        assert store.import_facts(facts, fingerprint="other", parts=["part-a"]) is None
        assert store.get_usage_stats().total_requests == 1


def test_imported_rows_enter_history_only_where_they_belong(tmp_path: Path) -> None:
    """Rows older than everything a full history holds are counted and not shown."""
    with a_store(tmp_path, history_limit=3) as store:
        store.record([a_request(timestamp=NOW_MS - n) for n in range(3)])
        older = [a_request(timestamp=NOW_MS - DAY_MS - n) for n in range(5)]
        newer = a_request(timestamp=NOW_MS + 1)
        store.import_facts(facts_of([*older, newer]), fingerprint="f1")
        assert store.get_usage_stats().total_requests == 9
        shown = [r.timestamp for r in store.get_request_history().requests]
        assert shown == [NOW_MS - 1, NOW_MS, NOW_MS + 1]


def test_imported_rows_get_ids_of_their_own(tmp_path: Path) -> None:
    """Rows without an id can still be told apart."""
    with a_store(tmp_path) as store:
        store.import_facts(facts_of([a_request(), a_request()]), fingerprint="f1")
        ids = [r.id for r in store.get_request_history().requests]
        assert len(set(ids)) == 2
        assert all(name.startswith(f"req_{NOW_MS}_") for name in ids)


def test_a_later_claim_does_not_move_since_forward(tmp_path: Path) -> None:
    """An import never makes "tracked since" or the watermark worse than they were."""
    with a_store(tmp_path) as store:
        for number, age in enumerate((100, 50)):
            facts = facts_of(
                [],
                created_at_ms=NOW_MS - age * DAY_MS,
                watermark_ms=NOW_MS - age * DAY_MS,
                aggregate_extras={"age": age},
            )
            store.import_facts(facts, fingerprint=f"f{number}")
        assert store.get_aggregate().created_at == NOW_MS - 100 * DAY_MS
        assert store.watermark_ms() == NOW_MS - 50 * DAY_MS
    assert json_file(tmp_path / "aggregate.json")["age"] == 100, "the first to say it is kept"


def test_hours_to_come_do_not_push_out_real_ones(tmp_path: Path) -> None:
    """D29: an old file with sums under an hour of the future hides no hour of today."""
    facts = facts_of([a_request(timestamp=NOW_MS + 900 * DAY_MS)])
    with a_store(tmp_path) as store:
        store.import_facts(facts, fingerprint="f1")
        store.record([a_request()])
        hours = [point.label for point in store.get_usage_stats().requests_by_hour]
        assert hours == ["2026-01-09T12"]
        assert [finding for finding in store.check() if not finding.ok] == []


def test_an_import_beyond_exact_numbers_is_refused(tmp_path: Path) -> None:
    """Totals stay integers that every JSON reader keeps; nothing is imported by half."""
    sums = {("total", ""): Counters(requests=1, tokens_in=MAX_INTEGER)}
    with a_store(tmp_path) as store:
        store.record([a_request()])
        before = store.get_aggregate()
        facts = facts_of([])
        facts.sums = sums
        with pytest.raises(WrongUsage, match=r"beyond 2\^53"):
            store.import_facts(facts, fingerprint="f1")
        assert store.get_aggregate() == before
        assert store.list_backups() == []
        assert store.imported_by(["f1"]) is None


def test_what_is_put_aside_is_on_disk_before_anything_changes(tmp_path: Path) -> None:
    """If the backup cannot be written, nothing is cleared and nothing is reset."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        (tmp_path / backups.DIRECTORY).write_text("a file where the folder should be")
        before = store.get_aggregate(), store.get_request_history()
        for act in (store.clear_request_history, store.reset_aggregate_stats):
            with pytest.raises(Exception, match="Cannot write"):
                act()
        assert (store.get_aggregate(), store.get_request_history()) == before
