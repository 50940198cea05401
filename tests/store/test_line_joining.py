"""Lines of a log beside what a queue or an imported file told: joined, seen before, or new."""

from pathlib import Path

from builders import (
    DAY_MS,
    NOW_MS,
    SetClock,
    a_line,
    a_request,
    a_store,
    an_attempt,
    facts_of,
)
from proxypal.records.request import MAX_INTEGER
from proxypal.store.values import SourceBatch
from telling import Log, books, is_sound, told


def test_without_queue_and_imports_every_line_is_new(tmp_path: Path) -> None:
    """A log alone is counted line by line, equal ids or not."""
    with a_store(tmp_path) as store:
        outcome = Log(store).says(*[a_line()] * 3, a_line(request_id=None))
        assert (outcome.recorded, outcome.joined, outcome.seen) == (4, 0, 0)


def test_one_request_takes_one_line(tmp_path: Path) -> None:
    """The first line completes it; a second one with its id is another request."""
    with a_store(tmp_path) as store:
        told(store, an_attempt())
        outcome = Log(store).says(a_line(), a_line())
        assert (outcome.recorded, outcome.joined) == (1, 1)
        assert books(store) == (2, 2, 10, 5)
        assert is_sound(store)


def test_a_stale_batch_joins_nothing(tmp_path: Path) -> None:
    """Where another reader was there first, a line changes no request."""
    with a_store(tmp_path) as store:
        told(store, an_attempt())
        before = store.get_request_history()
        batch = SourceBatch(
            source="main.log", start=None, generation=7, state=b"{}", requests=[a_line()]
        )
        outcome = store.record_batch(batch)
        assert (outcome.position, outcome.joined) == (None, 0)
        assert store.get_request_history() == before


def test_a_rejected_line_is_named_by_its_place(tmp_path: Path) -> None:
    """Also where lines before it joined, the reader knows which one was not counted."""
    with a_store(tmp_path) as store:
        told(store, an_attempt())
        absurd = a_line(request_id="00000009", duration_ms=MAX_INTEGER)
        outcome = Log(store).says(a_line(), absurd, a_line(request_id="00000008"))
        assert [rejection.index for rejection in outcome.rejected] == [1]
        assert (outcome.joined, outcome.recorded) == (1, 1)


def test_a_log_of_an_imported_time_counts_what_the_file_could_not_tell(tmp_path: Path) -> None:
    """An imported export has no refused requests, and needs no ids for the others."""
    with a_store(tmp_path) as store:
        row = a_request(timestamp=NOW_MS - 5_000)
        facts = facts_of([row], span_ms=(NOW_MS - 60_000, NOW_MS))
        backup = store.import_facts(facts, fingerprint="export", note="")
        log = Log(store)
        refused = a_line(request_id="00000002", status=401)
        outcome = log.says(a_line(request_id="00000001"), refused)
        assert (outcome.recorded, outcome.seen) == (1, 1)
        assert log.says(a_line(NOW_MS - 3_600_000)).recorded == 1
        assert backup is not None
        store.restore(backup.name)
        assert log.says(a_line(request_id="00000003")).recorded == 1


def test_an_id_counts_for_its_own_days_only(tmp_path: Path) -> None:
    """Ids repeat: the same one a week later is another request."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        told(store, an_attempt())
        clock.now_ms += 8 * DAY_MS
        outcome = Log(store).says(a_line(NOW_MS + 7 * DAY_MS), a_line())
        assert (outcome.recorded, outcome.seen) == (1, 1)


def test_a_long_id_and_its_end_are_the_same_request(tmp_path: Path) -> None:
    """v8 hands out UUIDs and logs the last eight digits."""
    whole = "0197f3a2-0000-7000-8000-00001f00a1b2"
    with a_store(tmp_path) as store:
        told(store, an_attempt(request_id=whole))
        assert Log(store).says(a_line(request_id="1f00a1b2")).joined == 1
        assert [row.request_id for row in store.get_request_history().requests] == [whole]
