"""An import is refused where what it was decided by has changed meanwhile."""

from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, a_request, a_store, an_attempt, facts_of
from proxypal import Store
from proxypal.errors import ImportOutdated
from proxypal.records.imported import Basis, ImportedFacts, cut_to, merged
from proxypal.records.natural_key import attempt_key, key_day, row_key
from proxypal.store.values import QueueBatch, SourceBatch

DAY = key_day(NOW_MS)
STARTED_MS = NOW_MS - 2_000
KEY = attempt_key(STARTED_MS, "claude-sonnet-4-5")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        yield opened


def facts(store: Store, **basis: Any) -> ImportedFacts:
    """One new attempt, decided by what `store` holds now."""
    made = facts_of([a_request(id="r-1")])
    made.keys = {("attempt", DAY): array("I", [KEY])}
    made.basis = Basis(sequence=store.recognition().sequence(), **basis)
    return made


def capture(store: Store) -> None:
    """The usage queue tells of that attempt."""
    store.record_attempts(QueueBatch(source="q", attempts=[an_attempt(1, STARTED_MS)]))


def watch(store: Store) -> None:
    """A log tells of a request at this moment."""
    generation = store.positions().generation
    line = a_request(timestamp=NOW_MS - HOUR_MS)
    batch = SourceBatch(source="log", start=None, generation=generation, state=b"", requests=[line])
    store.record_batch(batch)


def bring_total(store: Store) -> None:
    """Somebody imports a total of the day."""
    made = facts_of([])
    made.keys = {("day", DAY): array("I", [1])}
    store.import_facts(made, fingerprint="total")


CHANGES: list[tuple[dict[str, Any], Callable[[Store], object]]] = [
    ({}, capture),
    ({"within": (NOW_MS - DAY_MS, NOW_MS)}, watch),
    ({"days_without_totals": frozenset({DAY})}, bring_total),
    ({"days_without_requests": frozenset({"2026-01-09"})}, lambda s: s.record([a_request()])),
    (
        {"watermark_ms": 0},
        lambda s: s.import_facts(facts_of([], watermark_ms=5), fingerprint="old"),
    ),
]


@pytest.mark.parametrize(("basis", "change"), CHANGES)
def test_facts_are_refused_once_their_basis_is_gone(
    store: Store, basis: dict[str, Any], change: Callable[[Store], object]
) -> None:
    """Nothing of such a file is added, and no backup is left behind; made anew, it is taken."""
    early = facts(store, **basis)
    change(store)
    before, backups = store.get_aggregate(), len(store.list_backups())
    with pytest.raises(ImportOutdated):
        store.import_facts(early, fingerprint="f")
    assert store.get_aggregate() == before
    assert len(store.list_backups()) == backups
    if change is not capture:
        assert store.import_facts(facts(store), fingerprint="f") is not None


@pytest.mark.parametrize(("basis", "change"), CHANGES[1:])
def test_what_does_not_bear_on_the_file_does_not_matter(
    store: Store, basis: dict[str, Any], change: Callable[[Store], object]
) -> None:
    """Recording goes on while a file is read; only what it overlaps with makes it outdated."""
    early = facts(store)
    change(store)
    assert basis
    assert store.import_facts(early, fingerprint="f") is not None


def test_a_known_key_must_still_be_known(store: Store) -> None:
    """A row that was left out because of an import that is undone since comes in after all."""
    first = store.import_facts(facts(store), fingerprint="first")
    assert first is not None
    later = facts(store, known={("attempt", DAY): array("I", [KEY])})
    later.keys = {}
    store.restore(first.name)
    with pytest.raises(ImportOutdated):
        store.import_facts(later, fingerprint="later")


def test_a_row_pushed_meanwhile_is_not_taken_too(store: Store) -> None:
    """`proxypal record` and an import of the same line at once count it once."""
    made = facts(store)
    made.keys = {("row", DAY): array("I", [row_key("r-1", NOW_MS)])}
    store.record([a_request(id="r-2")])
    store.record([a_request(id="r-1")])
    with pytest.raises(ImportOutdated):
        store.import_facts(made, fingerprint="f")


def test_an_old_file_is_recognised_as_a_whole(store: Store) -> None:
    """Without a basis only the fingerprint decides."""
    made = msgspec.structs.replace(facts(store), basis=None)
    capture(store)
    assert store.import_facts(made, fingerprint="f") is not None


def test_spans_that_meet_are_one_and_can_be_cut() -> None:
    """In order, apart, and no more than what was asked about."""
    spans = merged([(7, 9), (1, 3), (3, 5), (20, 30)])
    assert spans == ((1, 5), (7, 9), (20, 30))
    assert cut_to(spans, (4, 21)) == ((4, 5), (7, 9), (20, 21))
    assert cut_to(spans, (10, 19)) == ()
    assert cut_to(spans, None) == ()
