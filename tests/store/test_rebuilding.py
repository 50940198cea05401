"""A database out of the published pair: every number, row, name, position and undo as before."""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import (
    DAY_MS,
    HOUR_MS,
    NOW_MS,
    ZONE,
    SetClock,
    a_request,
    a_store,
    facts_of,
    json_file,
)
from proxypal.records.request import RequestLog
from proxypal.store import Store
from proxypal.store.rebuilding import NUMBERS_SKIPPED
from proxypal.store.values import Gap, QueueBatch, SourceBatch


def everything(store: Store) -> dict[str, Any]:
    """All a user can ask that is not of the last hours' cells."""
    return {
        "aggregate": store.get_aggregate(),
        "history": store.get_request_history(),
        "stats": store.get_usage_stats(),
        "positions": [(p.id, p.source, p.version) for p in store.positions().rows],
        "watermark": store.watermark_ms(),
        "backups": store.list_backups(),
        "settings": store.settings(),
        "gaps": store.gaps(),
        "queues": store.queues(),
    }


def lived_in(directory: Path, clock: SetClock) -> None:
    """A store with a past."""
    with a_store(directory, clock=clock, zone=ZONE.key, history_limit=20) as store:
        store.record([a_request(cost_usd=Decimal("0.1"), ttft_ms=7) for _ in range(30)])
        old = facts_of(
            [a_request(timestamp=NOW_MS - DAY_MS, model="gpt-4", extras={"note": [1, "2.50"]})],
            undated=[a_request(model="gpt-4", status=500)],
            created_at_ms=NOW_MS - 90 * DAY_MS,
            watermark_ms=NOW_MS - DAY_MS,
            aggregate_extras={"theme": "dark"},
            history_extras={"tokensByDay": []},
        )
        store.import_facts(old, fingerprint="f")
        reset = store.reset_aggregate_stats()
        store.record([a_request(model="gpt-5", provider="openai", status=429)])
        store.record_batch(
            SourceBatch(
                source="main.log",
                start=None,
                generation=store.positions().generation,
                state=b'{"offset":10}',
                requests=[a_request(timestamp=NOW_MS - 3, request_id="a1b2c3d4")],
                gaps=[Gap(source="main.log", from_ms=None, until_ms=NOW_MS, reason="rotated")],
            )
        )
        store.restore(reset.name)
        gap = Gap(source="queue", from_ms=NOW_MS - 9, until_ms=NOW_MS - 5, reason="restarted")
        store.record_attempts(QueueBatch(source="queue", gaps=[gap, gap], status=b"{}"))
        store.record([a_request(id="last", tokens_cached=3, tokens_reasoning=4)])


def test_nothing_changes_when_the_database_is_lost(tmp_path: Path) -> None:
    """After a clean close every answer is the same as before, and what happened is said once."""
    clock = SetClock()
    lived_in(tmp_path, clock)
    with a_store(tmp_path, clock=clock, zone=None) as store:
        before = everything(store)
    for _ in range(2):
        (tmp_path / "proxypal.db").unlink()
        with a_store(tmp_path, clock=clock, zone=None) as store:
            assert everything(store) == before
            assert len(store.warnings) == 1
            assert "proxypal.db is missing. It was rebuilt" in store.warnings[0]
            assert [finding for finding in store.check() if not finding.ok] == []
    assert json_file(tmp_path / "aggregate.json")["theme"] == "dark"
    assert json_file(tmp_path / "history.json")["tokensByDay"] == []


money_and_counts = st.builds(
    a_request,
    timestamp=st.integers(NOW_MS - 60 * DAY_MS, NOW_MS),
    model=st.sampled_from(
        ["gpt-5", "kimi;k2", "a,b", "модель", '"', "\\", "a\nb", "\U0001d50a", ";"]
    ),
    status=st.sampled_from([200, 499, 429, 404, 500, 0]),
    tokens_in=st.none() | st.integers(0, 2**45),
    tokens_out=st.none() | st.integers(0, 2**45),
    tokens_cached=st.none() | st.integers(0, 2**40),
    cost_usd=st.none() | st.integers(0, 10**20).map(lambda units: Decimal(units).scaleb(-18)),
    ttft_ms=st.none() | st.integers(0, 10**6),
    failed=st.booleans(),
)


@settings(max_examples=25)
@given(st.lists(money_and_counts, max_size=12))
def test_any_numbers_and_names_come_back(
    tmp_path_factory: pytest.TempPathFactory, batch: list[RequestLog]
) -> None:
    """Whatever was recorded, the pair of files is enough to make every sum and row again."""
    directory = tmp_path_factory.mktemp("rebuilt")
    with a_store(directory) as store:
        store.record(batch)
        before = everything(store)
        failures = [(m.model, m.failure_count) for m in store.get_usage_stats().models]
    (directory / "proxypal.db").unlink()
    with a_store(directory) as store:
        assert everything(store) == before
        assert [(m.model, m.failure_count) for m in store.get_usage_stats().models] == failures


def test_a_number_is_never_given_twice(tmp_path: Path) -> None:
    """Requests of a lost last second had numbers; those are skipped, so ids stay unique."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 3)
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path) as store:
        store.record([a_request()])
        ids = [r.id for r in store.get_request_history().requests]
        assert len(set(ids)) == 4
        assert int(ids[-1].rsplit("_", 1)[1]) > NUMBERS_SKIPPED


def test_a_retry_across_the_loss_is_a_duplicate(tmp_path: Path) -> None:
    """A client that repeats a recent request after the rebuilding is still recognised."""
    request = a_request(id="a")
    with a_store(tmp_path) as store:
        store.record([request, a_request(id="b", extras={"x": Decimal("1.50")})])
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path) as store:
        again = store.record([request, a_request(id="b", extras={"x": Decimal("1.50")})])
        assert list(again.duplicates) == [0, 1]


def test_rows_newer_than_the_aggregate_are_counted(tmp_path: Path) -> None:
    """If the aggregate is older than the history, the newer rows are added to it."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 3)
        store.publish()
        older = (tmp_path / "aggregate.json").read_bytes()
        store.record([a_request(status=500)] * 2)
    (tmp_path / "aggregate.json").write_bytes(older)
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path) as store:
        stats = store.get_usage_stats()
        assert (stats.total_requests, stats.failure_count) == (5, 2)
        assert [finding for finding in store.check() if not finding.ok] == []


def test_from_the_history_alone_its_rows_are_counted(tmp_path: Path) -> None:
    """With all else lost the totals are those of the rows, since the oldest of them."""
    with a_store(tmp_path, history_limit=5) as store:
        store.record([a_request(timestamp=NOW_MS - n * DAY_MS) for n in range(9)])
    (tmp_path / "proxypal.db").unlink()
    (tmp_path / "aggregate.json").unlink()
    shutil.rmtree(tmp_path / "breakdown")
    with a_store(tmp_path) as store:
        stats = store.get_usage_stats()
        assert stats.total_requests == stats.history_count == 5
        assert stats.created_at == NOW_MS - 4 * DAY_MS
        assert "what neither of them holds is lost" in store.warnings[0]
        assert [finding for finding in store.check() if not finding.ok] == []


def test_from_the_aggregate_alone_the_totals_are_there(tmp_path: Path) -> None:
    """Without database and history no total is lost, and the loss of the rows is said."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 4)
        before = store.get_aggregate()
    (tmp_path / "proxypal.db").unlink()
    (tmp_path / "history.json").unlink()
    with a_store(tmp_path) as store:
        assert store.get_aggregate() == before
        assert store.get_request_history().requests == []
        assert "the recent requests are lost with history.json" in store.warnings[0]


def test_after_a_reset_only_later_rows_are_counted_from_the_history(tmp_path: Path) -> None:
    """D39: rows from before the reset do not bring its numbers back, restored resets do."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        store.record([a_request()] * 3)
        store.reset_aggregate_stats()
        store.record([a_request()] * 2)
        restored = store.reset_aggregate_stats()
        store.record([a_request()])
        store.restore(restored.name)
        assert store.get_usage_stats().total_requests == 3
    (tmp_path / "proxypal.db").unlink()
    (tmp_path / "aggregate.json").unlink()
    with a_store(tmp_path, clock=clock) as store:
        assert store.get_usage_stats().total_requests == 3
        assert len(store.get_request_history().requests) == 6


def test_labels_of_rebuilt_rows_are_those_of_the_datas_zone(tmp_path: Path) -> None:
    """D19: rows counted while rebuilding fall on their day in the zone of the store."""
    with a_store(tmp_path, zone="Pacific/Kiritimati") as store:
        store.record([a_request()])
    (tmp_path / "proxypal.db").unlink()
    (tmp_path / "aggregate.json").unlink()
    with a_store(tmp_path, zone=None) as store:
        assert [p.label for p in store.get_usage_stats().requests_by_day] == ["2026-01-10"]


def test_files_of_a_rebuilt_store_name_each_key_once(tmp_path: Path) -> None:
    """What another program would read first and what it would read last are the same."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path) as store:
        store.record([a_request()])
    for name in ("history.json", "aggregate.json"):
        pairs = json.loads((tmp_path / name).read_bytes(), object_pairs_hook=list)
        keys = [key for key, _ in pairs]
        assert len(keys) == len({*keys}), name


def test_hours_are_known_again_from_the_next_one_on(tmp_path: Path) -> None:
    """Where database and a month are lost, hours count again once no old one can be in them."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock, history_limit=1) as store:
        store.record([a_request(timestamp=NOW_MS - n * DAY_MS) for n in (40, 39, 0)])
    (tmp_path / "proxypal.db").unlink()
    for path in (tmp_path / "breakdown").iterdir():
        path.unlink()
    clock.now_ms += 5 * HOUR_MS
    with a_store(tmp_path, clock=clock) as store:
        assert store.get_usage_stats().total_requests == 3
    shown = json.loads((tmp_path / "aggregate.json").read_bytes())["published"]
    assert shown["cellsSince"] == clock.now_ms // HOUR_MS + 1
    assert shown["sketchesSince"] == clock.now_ms // DAY_MS + 1


def test_the_newest_gaps_come_back(tmp_path: Path) -> None:
    """Of many spans that are known to be lost a rebuilt store knows the last hundred, in order."""
    gaps = [Gap(source="queue", from_ms=n, until_ms=n + 1, reason=f"{n}") for n in range(130)]
    with a_store(tmp_path) as store:
        store.record_attempts(QueueBatch(source="queue", gaps=gaps))
        assert store.gaps() == gaps
    for _ in range(2):
        (tmp_path / "proxypal.db").unlink()
        with a_store(tmp_path) as store:
            assert store.gaps() == gaps[30:]
