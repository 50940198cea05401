"""Files of other collectors: whatever told of a request, it is counted once."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from builders import facts_of, wall_clock
from collector_files import (
    COLLECTORS,
    START_MS,
    Call,
    capture,
    counted,
    import_all,
    keeper_database,
    plus_lines,
    queue_lines,
    some_calls,
    truth_of,
    usage_export,
    watch,
)
from proxypal import Store

HOUR_MS = 3_600_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "data", zone="UTC") as opened:
        yield opened


@pytest.mark.parametrize("kind", COLLECTORS)
def test_each_collectors_file_comes_to_the_truth(store: Store, tmp_path: Path, kind: str) -> None:
    """D28: requests, failures and tokens of every kind of file; a second time adds nothing."""
    calls = some_calls(30)
    path = COLLECTORS[kind](tmp_path / "file", calls)
    (report,) = import_all(store, path)
    assert (report.kind, report.outcome, report.requests) == (kind, "imported", 30)
    assert report.bad_rows == []
    assert counted(store) == truth_of(calls)
    (again,) = import_all(store, path)
    assert (again.outcome, again.known, again.backup) == ("known", 30, report.backup)
    assert counted(store) == truth_of(calls)


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(COLLECTORS, 2)))
def test_collectors_of_the_same_traffic_are_recognised(
    store: Store, tmp_path: Path, first: str, second: str
) -> None:
    """What one collector told is known when another one tells it, in either order."""
    calls = some_calls(20)
    import_all(store, COLLECTORS[first](tmp_path / "one", calls[:15]))
    (report,) = import_all(store, COLLECTORS[second](tmp_path / "two", calls[5:]))
    assert (report.requests, report.known) == (5, 10)
    assert counted(store) == truth_of(calls)


@pytest.mark.parametrize("kind", COLLECTORS)
def test_what_was_captured_live_is_known(store: Store, tmp_path: Path, kind: str) -> None:
    """A file of a time in which the usage queue was read brings only what was missed."""
    calls = some_calls(20)
    capture(store, calls[4:12])
    (report,) = import_all(store, COLLECTORS[kind](tmp_path / "file", calls))
    assert (report.requests, report.known) == (12, 8)
    assert counted(store) == truth_of(calls)


def test_exports_of_several_sessions_sum(store: Store, tmp_path: Path) -> None:
    """D7, D8, D9, D11: a proxy that starts again adds to what was there, by day and model too."""
    sessions = [some_calls(count, first) for count, first in ((100, 0), (5, 2000), (40, 4000))]
    for number, calls in enumerate(sessions):
        import_all(store, usage_export(tmp_path / f"{number}.json", calls))
    everything = [call for calls in sessions for call in calls]
    assert counted(store) == truth_of(everything)
    models = store.get_aggregate().model_stats
    for model in {call.model for call in everything}:
        assert models[model].requests == sum(call.model == model for call in everything)
    days = {point.label: point.value for point in store.get_aggregate().requests_by_day}
    assert days == {"2025-12-22": 100, "2025-12-23": 5, "2025-12-25": 40}


def test_two_keys_with_one_model_sum(store: Store, tmp_path: Path) -> None:
    """D10: the same model under two client keys counts for both, also in one millisecond."""
    calls = [Call(at_ms=5, key=f"sk-team-{name}-0123456789") for name in ("aaaa", "bbbb")]
    path = usage_export(tmp_path / "usage.json", calls)
    import_all(store, path)
    assert counted(store) == truth_of(calls)
    assert import_all(store, path)[0].outcome == "known"


def test_days_are_never_cut(store: Store, tmp_path: Path) -> None:
    """D29, D50: days and hours are those of each request, and all of them are kept."""
    calls = [Call(at_ms=day * 24 * HOUR_MS) for day in range(60)]
    import_all(store, usage_export(tmp_path / "usage.json", calls, requests_by_hour={"12": 60}))
    found = store.get_aggregate()
    assert len(found.requests_by_day) == 60
    assert {point.value for point in found.requests_by_hour} == {1}
    assert store.usage_by("hour", None, START_MS + HOUR_MS)[0].label == "2025-12-22T12"


def test_no_import_lowers_a_total(store: Store, tmp_path: Path) -> None:
    """D33, D34: today and all-time are sums of requests, whatever session a file is of."""
    capture(store, some_calls(10))
    seen = []
    for calls in (some_calls(3), some_calls(12), some_calls(1, 500)):
        import_all(store, usage_export(tmp_path / "usage.json", calls))
        seen.append(store.get_usage_stats().total_requests)
    assert seen == [10, 12, 13]


@pytest.mark.parametrize("kind", COLLECTORS)
def test_no_key_or_address_is_kept(tmp_path: Path, kind: str) -> None:
    """D48: client keys and e-mail addresses are masked before anything is written."""
    key = "sk-local-secret-0123456789"
    calls = [Call(at_ms=number, key=key, request_id=f"{number:08x}") for number in range(9)]
    with Store(tmp_path / "data", zone="UTC") as store:
        import_all(store, COLLECTORS[kind](tmp_path / "file", calls))
        rows = store.get_request_history().requests
        assert {row.source for row in rows} == {"import"}
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert key.encode() not in data, path.name
            assert b"dev@example.com" not in data, path.name


def test_the_same_reply_told_twice_counts_once(store: Store, tmp_path: Path) -> None:
    """2b.1, 2b.2, 2b.6: lines that repeat one, right away or replayed, add nothing."""
    calls = some_calls(12)
    replayed = [*calls[:6], *calls[:6], *calls[4:], calls[3]]
    (report,) = import_all(store, queue_lines(tmp_path / "queue.ndjson", replayed))
    assert (report.requests, report.repeated) == (12, 9)
    assert counted(store) == truth_of(calls)


def test_calls_of_one_millisecond_stay_apart(store: Store, tmp_path: Path) -> None:
    """2b.6: equal times and models are as many requests as there were, and known as many."""
    calls = [Call(at_ms=7, tokens_in=number) for number in range(4)]
    import_all(store, usage_export(tmp_path / "one.json", calls[:2]))
    (report,) = import_all(store, usage_export(tmp_path / "two.json", calls))
    assert (report.known, report.requests) == (2, 2)
    assert counted(store) == truth_of(calls)


@pytest.mark.parametrize("write", [queue_lines, plus_lines, keeper_database])
def test_retries_of_a_request_are_one_request(
    store: Store, tmp_path: Path, write: Callable[[Path, Sequence[Call]], Path]
) -> None:
    """A failed attempt and its retry are one request that succeeded, with the tokens of both."""
    tries = [
        Call(at_ms=0, failed=True, tokens_in=3, tokens_out=0, request_id="aaaa0001"),
        Call(at_ms=900, request_id="aaaa0001"),
        Call(at_ms=5_000, request_id="aaaa0002"),
    ]
    (report,) = import_all(store, write(tmp_path / "file", tries))
    assert (report.requests, report.joined) == (2, 1)
    assert counted(store) == {"requests": 2, "failures": 0, "in": 203, "out": 20}
    first = store.get_request_history().requests[0]
    assert (first.attempts, first.duration_ms, first.failed) == (2, 1400, False)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_request_cut_between_two_files_is_one(
    store: Store, tmp_path: Path, order: tuple[int, int]
) -> None:
    """An export made between an attempt and its retry does not make two requests of one."""
    tries = [
        Call(at_ms=0, failed=True, tokens_in=3, tokens_out=0, request_id="aaaa0001"),
        Call(at_ms=900, request_id="aaaa0001"),
    ]
    files = [
        queue_lines(tmp_path / "part.ndjson", tries[order[0] : order[0] + 1]),
        queue_lines(tmp_path / "whole.ndjson", tries),
    ]
    reports = import_all(store, *files)
    assert [(report.requests, report.tokens_only) for report in reports] == [(1, 0), (0, 1)]
    assert {**counted(store), "failures": 0} == {
        "requests": 1, "failures": 0, "in": 103, "out": 10,
    }  # fmt: skip


def test_where_a_log_was_read_only_tokens_are_new(store: Store, tmp_path: Path) -> None:
    """D40: the log counted the requests, the file brings their tokens; outside it brings both."""
    calls = some_calls(30)
    watch(store, calls[5:20])
    (report,) = import_all(store, usage_export(tmp_path / "usage.json", calls))
    assert (report.requests, report.tokens_only) == (15, 15)
    found = counted(store)
    assert found["requests"] == 30
    assert (found["in"], found["out"]) == (truth_of(calls)["in"], truth_of(calls)["out"])
    assert report.backup is not None
    store.restore(report.backup)
    assert counted(store)["requests"] == 15
    assert counted(store)["in"] == 0


def test_a_log_read_later_counts_no_imported_request_again(store: Store, tmp_path: Path) -> None:
    """Lines of a span that an import covers are known, until the import is undone."""
    calls = some_calls(20)
    (report,) = import_all(store, usage_export(tmp_path / "usage.json", calls))
    watch(store, calls[3:9])
    assert counted(store) == truth_of(calls)
    assert report.backup is not None
    store.restore(report.backup)
    watch(store, calls)
    assert counted(store)["requests"] == 20


def test_undone_means_as_it_was(store: Store, tmp_path: Path) -> None:
    """D55: an import has a backup; undone, every number is as before, also of a span and a key."""
    capture(store, some_calls(7, 3))
    before = store.get_aggregate()
    cells = store.usage_by("model", START_MS, START_MS + HOUR_MS)
    path = usage_export(tmp_path / "usage.json", some_calls(40))
    (report,) = import_all(store, path)
    assert store.usage_by("model", START_MS, START_MS + HOUR_MS) != cells
    assert report.backup is not None
    store.restore(report.backup)
    assert store.get_aggregate() == before
    assert store.usage_by("model", START_MS, START_MS + HOUR_MS) == cells
    (again,) = import_all(store, path)
    assert (again.requests, again.known) == (33, 7)
    assert counted(store) == truth_of(some_calls(40))


def test_a_span_knows_models_and_keys_of_imports(store: Store, tmp_path: Path) -> None:
    """Questions about a part of the time see imported requests under their own names."""
    calls = some_calls(30)
    import_all(store, usage_export(tmp_path / "usage.json", calls))
    rows = store.usage_by("model", START_MS, START_MS + HOUR_MS)
    assert {row.label: row.sums.requests for row in rows} == {
        f"gpt-5.{number}": 10 for number in range(3)
    }


def test_what_files_of_proxypal_counted_is_left_out(store: Store, tmp_path: Path) -> None:
    """Up to the end of an old history the same traffic is in its totals, and said to be."""
    store.import_facts(facts_of([], watermark_ms=START_MS + 10 * 60_000), fingerprint="old")
    calls = some_calls(20)
    (report,) = import_all(store, usage_export(tmp_path / "usage.json", calls))
    assert (report.older, report.requests) == (10, 10)
    assert counted(store) == truth_of(calls[10:])


def test_an_imported_file_is_known_without_its_keys(tmp_path: Path) -> None:
    """A database that was lost and rebuilt from the published files knows what was imported."""
    path = usage_export(tmp_path / "usage.json", some_calls(20))
    with Store(tmp_path / "data", zone="UTC") as store:
        capture(store, some_calls(5))
        import_all(store, path)
    (tmp_path / "data" / "proxypal.db").unlink()
    with Store(tmp_path / "data", zone="UTC") as store:
        (report,) = import_all(store, path)
        assert report.outcome == "known"
        assert counted(store) == truth_of(some_calls(20))


@pytest.mark.parametrize("zone", ["America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati"])
def test_days_are_those_of_the_stores_zone(tmp_path: Path, zone: str) -> None:
    """2b.9: a day is the one on the wall where the store is, at the end of each request."""
    calls = some_calls(30)
    calls = [msgspec.structs.replace(call, at_ms=call.at_ms * 60) for call in calls]
    with Store(tmp_path / "data", zone=zone) as store:
        import_all(store, usage_export(tmp_path / "usage.json", calls))
        days = Counter(f"{wall_clock(call.ended_ms, ZoneInfo(zone)):%Y-%m-%d}" for call in calls)
        found = {point.label: point.value for point in store.get_aggregate().requests_by_day}
        assert found == days
