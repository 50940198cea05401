"""Real stores of every format, kept: they open with their numbers, writable or not."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders import DAY_MS, NOW_MS, a_line, a_store, an_attempt
from proxypal.store import Store
from proxypal.store.schema import VERSION
from proxypal.store.values import Gap
from telling import QUEUE, Log, books, is_sound, told

STORES = Path(__file__).parents[1] / "data" / "stores"
VERSIONS = range(1, VERSION + 1)

Kept = Callable[[int], Path]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """A copy of the store of a version."""

    def copy(version: int) -> Path:
        directory = tmp_path / f"v{version}"
        shutil.copytree(STORES / directory.name, directory)
        directory.chmod(0o700)  # git does not keep it
        return directory

    return copy


def answers_of(store: Store) -> list[Any]:
    """Everything that can be asked and does not depend on what is asked."""
    asked = [store.get_usage_stats(), store.get_aggregate(), store.get_request_history()]
    return [
        *asked,
        store.positions(),
        store.gaps(),
        store.queues(),
        store.settings(),
        store.list_backups(),
        store.cached("prices"),
        store.usage_by("model", 0, None),
        store.unjoined(0, NOW_MS),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_store_is_read_without_a_change_to_it(version: int, kept: Kept) -> None:
    """2b.7: opened for reading only, each version answers what it answers after its upgrade."""
    directory = kept(version)
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    with a_store(directory, zone=None, read_only=True) as store:
        assert store.warnings == []
        shown = answers_of(store)
        assert [found for found in store.check() if not found.ok] == []
    after = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    assert {path: data for path, data in after.items() if path in before} == before
    assert {path.name for path in after.keys() - before.keys()} <= {
        "proxypal.db-wal",
        "proxypal.db-shm",
    }
    with a_store(directory, zone=None) as store:
        assert answers_of(store) == shown
        assert is_sound(store)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_store_takes_what_the_queue_tells(version: int, kept: Kept) -> None:
    """After its upgrade it records, joins and publishes like a new one."""
    directory = kept(version)
    with a_store(directory, zone=None) as store:
        before = books(store)
        told(store, an_attempt(90, request_id="ffff0001"))
        Log(store, "other.log").says(a_line(request_id="ffff0001"))
        assert books(store) == (before[0] + 1, before[1] + 1, before[2] + 10, before[3] + 5)
        assert is_sound(store)
    (directory / "proxypal.db").unlink()
    with a_store(directory, zone=None) as store:
        assert books(store)[0] == before[0] + 1


def test_a_store_of_version_2_opens_with_its_numbers(kept: Kept) -> None:
    """What version 2 recorded is read to the last digit by every later version.

    The fixture was made so, with the clock standing at 2026-01-09T12:00 UTC, and closed:

        clock = SetClock()
        with Store("v2", zone="America/St_Johns", history_limit=4, clock=clock) as store:
            store.record([RequestLog(id="pushed", timestamp=NOW_MS - 40 * DAY_MS,
                provider="claude", model="claude-sonnet-4-5", path="/v1/messages", status=200,
                duration_ms=1234, tokens_in=3_000_000_000, tokens_out=2_000_000_000,
                cost_usd=Decimal("0.1"))])
            aside = store.reset_aggregate_stats()
            clock.now_ms += 1000
            store.restore(aside.name)
            store.record_attempts(QueueBatch(source=QUEUE, attempts=[
                an_attempt(1, NOW_MS - 60_000, request_id="00000001",
                    cost_usd=Decimal("0.01"), api_key="sk-…0XYZ#3f9a1c",
                    account="d***@example.com#0a1b2c"),
                an_attempt(2, NOW_MS - 50_000, request_id="00000002", failed=True, status=429),
                an_attempt(3, NOW_MS - 48_000, request_id="00000002",
                    model="claude-opus-4-5", cost_usd=Decimal("0.02")),
                an_attempt(4, NOW_MS - 47_500, request_id="00000002", model="image",
                    cost_usd=Decimal("0.04"), payload=b'{"model":"image"}'),
                an_attempt(5, NOW_MS - 30_000, request_id="00000003", failed=True, status=502),
            ], unread=[b'{"shape":"of later"}'],
                covered=Span(NOW_MS - 90_000, NOW_MS - 20_000),
                gaps=[Gap(source=QUEUE, from_ms=NOW_MS - 20_000, until_ms=NOW_MS - 10_000,
                    reason="restarted")],
                status=b'{"mode":"subscribed"}'))
            store.record_batch(SourceBatch(source="main.log", start=None, generation=0,
                state=b'{"offset":4096}', requests=[
                    a_line(NOW_MS - 46_000, request_id="00000002", duration_ms=4_100),
                    a_line(NOW_MS - 5_000, request_id="00000004", status=401),
                    a_line(NOW_MS - 4_000, request_id="00000005")]))
            store.record_attempts(QueueBatch(source=QUEUE, attempts=[
                an_attempt(1, NOW_MS - 60_000, request_id="00000001")],
                covered=Span(NOW_MS - 10_000, NOW_MS)))
            store.keep_cached("prices", b'{"kept":true}')
    """
    with a_store(kept(2), zone=None) as store:
        assert store.warnings == []
        assert books(store) == (6, 4, 3_000_000_050, 2_000_000_025)
        aggregate = store.get_aggregate()
        assert aggregate.total_cost_usd == Decimal("0.15")
        image = aggregate.model_stats["image"]
        assert (image.requests, image.tokens, image.cost_usd) == (0, 15, Decimal("0.04"))
        rows = store.get_request_history().requests
        assert [(r.request_id, r.source, r.attempts, r.status) for r in rows] == [
            ("00000002", "log+queue", 2, 200),
            ("00000003", "queue", 1, 502),
            ("00000004", "log", None, 401),
            ("00000005", "log", None, 200),
        ]
        assert rows[0].cost_usd is None, "its first attempt has no price"
        (queue,) = store.queues()
        assert (queue.records, queue.repeated, queue.extra) == (7, 1, 1)
        assert (queue.joined, queue.unread) == (1, 1)
        assert queue.status == b'{"mode":"subscribed"}'
        assert list(store.gaps()) == [
            Gap(
                source=QUEUE,
                from_ms=NOW_MS - 20_000,
                until_ms=NOW_MS - 10_000,
                reason="restarted",
            )
        ]
        assert store.cached("prices") == b'{"kept":true}'
        assert store.unjoined(0, NOW_MS) == (1, 1)
        assert aggregate.created_at == NOW_MS - 40 * DAY_MS


def test_a_store_of_version_2_joins_on(kept: Kept) -> None:
    """Its window, its marks and its ids are understood: nothing told again counts again."""
    with a_store(kept(2), zone=None) as store:
        outcome = told(
            store,
            an_attempt(1, NOW_MS - 60_000, request_id="00000001"),
            an_attempt(6, NOW_MS - 28_000, request_id="00000003"),
            an_attempt(7, NOW_MS - 5_500, request_id="00000005"),
        )
        assert (outcome.repeated, outcome.joined, outcome.recorded) == (1, 2, 0)
        before = books(store)
        log = Log(store, "other.log")
        outcome_of_log = log.says(a_line(NOW_MS - 58_000, request_id="00000001"))
        assert (outcome_of_log.joined, outcome_of_log.recorded) == (1, 0)
        assert books(store) == before
        assert before[:2] == (6, 5)
    with a_store(kept_again := store.path, zone=None, clock=lambda: NOW_MS + 3 * DAY_MS) as store:
        assert kept_again.name == "v2"
        later = Log(store, "later.log").says(a_line(NOW_MS - 27_000, request_id="00000003"))
        assert (later.seen, later.recorded) == (1, 0)
