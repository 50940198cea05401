"""Any query of a store equals the same question asked of the list of all its requests."""

import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import HOUR_MS, NOW_MS, a_request, a_store, facts_of
from proxypal.records.local_range import LocalRange
from proxypal.records.usage_axes import DIMENSIONS
from proxypal.records.usage_metrics import METRICS
from proxypal.records.usage_query import Query
from proxypal.store import Store
from usage_beside import ACTIONS, StoreBesideList
from usage_comparing import compare_groups, compare_percentiles, query_of
from usage_questions import ZONES, Asked, figures_by_label, questions, traffic
from usage_unplaced import expected_of

ANY_GROUPING = st.lists(st.sampled_from(DIMENSIONS), max_size=2, unique=True)
BY_SKETCHES = st.lists(
    st.sampled_from(["day", "week", "month", "provider", "model"]), max_size=2, unique=True
)

in_every_zone = pytest.mark.parametrize("zone", ZONES)


@pytest.fixture(autouse=True, scope="module")
def _soon_sealed() -> Iterator[None]:
    """Few requests are many: rows are sealed, parts merged and rolled up after a handful."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("proxypal.store.cells.OPEN_AT_MOST", 4)
        patch.setattr("proxypal.store.durations.OPEN_AT_MOST", 3)
        patch.setattr("proxypal.store.recording.TRIMMED_EVERY", 3)
        patch.setattr("proxypal.store.rollups._SIZE_FROM", 2)
        patch.setattr("proxypal.store.rollups._WORTH_IT", 1)
        patch.setattr("proxypal.store.cell_tables._FEW", 8)
        yield


@in_every_zone
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_query_equals_the_list_of_all_requests(zone: str, data: st.DataObject) -> None:
    """Recorded, revised, imported, reset, dropped, undone, lost in any order, over DST."""
    actions = data.draw(st.lists(st.sampled_from(ACTIONS), max_size=8))
    with tempfile.TemporaryDirectory() as folder:
        beside = StoreBesideList(Path(folder), zone)
        try:
            beside.record(data.draw(traffic(zone, at_least=12)))
            for action in actions:
                if action == "ask":
                    _ask(beside, data)
                else:
                    beside.act(action, data.draw(traffic(zone)), data.draw(st.integers(0, 99)))
            for _ in range(4):
                _ask(beside, data)
            _ask_percentiles(beside, data)
            assert [finding for finding in beside.store.check() if not finding.ok] == []
        finally:
            beside.store.close()


def _ask(beside: StoreBesideList, data: st.DataObject) -> None:
    asked = data.draw(questions(str(beside.zone), ANY_GROUPING))
    found = beside.store.query(query_of(str(beside.zone), asked))
    expected = expected_of(beside.items, beside.zone, asked)
    compare_groups(found, expected.groups, asked)
    told: Counter[str] = Counter()
    for note in found.notes:
        if note.kind in {"noHour", "noNames", "noDay"}:
            told[note.kind] += note.requests
    assert told == expected.notes
    assert not (found.exact and told)


def _ask_percentiles(beside: StoreBesideList, data: st.DataObject) -> None:
    asked = data.draw(questions(str(beside.zone), BY_SKETCHES))
    since = asked.since.replace(hour=0)
    where = [text for text in asked.where if text.startswith(("model", "provider"))]
    asked = Asked(since, since + timedelta(days=data.draw(st.integers(1, 5))), where, asked.by)
    found = beside.store.query(query_of(str(beside.zone), asked))
    timed = [item for item in beside.items if item.level == "hour"]
    expected = expected_of(timed, beside.zone, asked).groups
    everything = [request for group in expected.values() for request in group]
    compare_percentiles(found.total, everything)
    for label, row in figures_by_label(found.rows).items():
        compare_percentiles(row, expected.get(label, []))
    counted = sum(len(g) for g in expected_of(beside.items, beside.zone, asked).groups.values())
    assert any(note.kind == "uncovered" for note in found.notes) == (len(everything) < counted)


@in_every_zone
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_remembered_stays_true_whatever_others_do(zone: str, data: st.DataObject) -> None:
    """A page left open all day, while another program records, resets, undoes and imports."""
    asked = [
        query_of(str(zone), data.draw(questions(zone, grouping)))
        for grouping in (ANY_GROUPING, ANY_GROUPING, BY_SKETCHES)
    ]
    asked += [Query(by=("day",), metrics=tuple(METRICS)), Query(by=("model", "key"))]
    actions = data.draw(st.lists(st.sampled_from(ACTIONS), min_size=2, max_size=6))
    with tempfile.TemporaryDirectory() as folder:
        beside = StoreBesideList(Path(folder), zone)
        beside.record(data.draw(traffic(zone, at_least=12)))
        try:
            with a_store(Path(folder), zone=zone, clock=beside.clock, history_limit=5) as open_page:
                for action in actions:
                    if action not in {"ask", "reopen"}:
                        beside.act(action, data.draw(traffic(zone)), data.draw(st.integers(0, 99)))
                    with Store(Path(folder), read_only=True, clock=beside.clock) as fresh:
                        expected = [fresh.query(query) for query in asked]
                        assert open_page.query_all(asked) == expected
                        assert open_page.get_usage_stats() == fresh.get_usage_stats()
                        assert open_page.get_aggregate() == fresh.get_aggregate()
        finally:
            beside.store.close()


def test_answers_given_together_are_of_one_moment(tmp_path: Path) -> None:
    """The charts of a page agree with its totals, however fast another program records."""
    stop = threading.Event()
    asked = [Query(by=by) for by in ((), ("day",), ("model",), ("hour",), ("key", "account"))]
    with a_store(tmp_path) as recording, a_store(tmp_path) as reading:

        def record() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                recording.record([a_request(model=f"m{number % 9}", duration_ms=number)])

        thread = threading.Thread(target=record)
        thread.start()
        try:
            totals = [0]
            while totals[-1] < 40:
                found = reading.query_all(asked)
                assert len({answer.total.requests for answer in found}) == 1
                totals.append(found[0].total.requests or 0)
        finally:
            stop.set()
            thread.join(20)
    assert totals == sorted(totals)


def test_a_correction_of_many_small_costs_is_sealed_too(tmp_path: Path) -> None:
    """What is taken off a sealed hour is below zero there until days are merged: of any size."""
    cost = Decimal("0.123456789012345678901234567891")
    with a_store(tmp_path, zone="UTC") as store:
        for number in range(8):
            moment = NOW_MS - 3_600_000 + number
            store.record([a_request(id=f"n-{number}", timestamp=moment, cost_usd=cost)])
        for number in range(8):
            assert store.revise(f"n-{number}", {"cost_usd": cost / 2})
            store.record([a_request(timestamp=NOW_MS, model=f"m-{number}") for _ in range(3)])
        assert store.query(Query()).total.cost_usd == 8 * (cost / 2)
        assert [finding for finding in store.check() if not finding.ok] == []


def test_totals_without_a_day_are_missing_in_old_ranges(tmp_path: Path) -> None:
    """Before an old file ends, its requests without a day may be meant; after it, none is."""
    with a_store(tmp_path) as store:
        facts = facts_of([], undated=[a_request()], watermark_ms=NOW_MS - 24 * HOUR_MS)
        store.import_facts(facts, fingerprint="f")
        store.record([a_request()])
        for hours, kinds in ((36, ["noDay"]), (12, [])):
            since = LocalRange(since_hour=NOW_MS // HOUR_MS - hours)
            answer = store.query(Query(range=since, metrics=("requests",)))
            told = [note.kind for note in answer.notes if note.kind != "beforeTracking"]
            assert (answer.total.requests, told) == (1, kinds)
