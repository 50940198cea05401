"""Exports of ours into the store: rows that are in it already are known."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from collector_files import START_MS, capture, counted, import_all, some_calls
from proxypal import RequestLog, Store
from proxypal.records.exports import history_csv
from proxypal.records.request import encode_request


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "data", zone="UTC") as opened:
        yield opened


def rows(count: int, first: int = 0) -> list[RequestLog]:
    """Requests with ids, a second apart."""
    return [
        RequestLog(
            id=f"r-{number}",
            timestamp=START_MS + number * 1000,
            provider="claude",
            model="claude-sonnet-4-5",
            path="/v1/messages",
            status=200,
            tokens_in=10,
            tokens_out=number,
        )
        for number in range(first, first + count)
    ]


def lines(path: Path, requests: list[RequestLog]) -> Path:
    """As `proxypal history --json` has them, a line each."""
    path.write_bytes(b"".join(encode_request(request) + b"\n" for request in requests))
    return path


def csv(path: Path, requests: list[RequestLog]) -> Path:
    """As `proxypal export csv --columns all` writes them."""
    path.write_text(history_csv(requests, "all"))
    return path


def test_overlapping_exports_merge(store: Store, tmp_path: Path) -> None:
    """Rows of one id and time are one request, in whichever kind of file they come."""
    reports = import_all(
        store,
        lines(tmp_path / "one.ndjson", rows(10)),
        csv(tmp_path / "two.csv", rows(10, 5)),
        lines(tmp_path / "three.ndjson", rows(20)),
    )
    assert [(one.requests, one.known) for one in reports] == [(10, 0), (5, 5), (5, 15)]
    assert counted(store)["requests"] == 20


def test_what_is_in_the_history_is_known(store: Store, tmp_path: Path) -> None:
    """An export of this very store adds nothing to it, also where it gave the ids itself."""
    store.record(rows(3))
    store.record([RequestLog(path="/v1/messages", status=200)] * 2)
    exported = list(store.get_request_history().requests)
    (report,) = import_all(store, csv(tmp_path / "own.csv", exported))
    assert (report.outcome, report.known) == ("known", 5)
    store.clear_request_history()
    (report,) = import_all(store, lines(tmp_path / "own.ndjson", exported))
    assert (report.outcome, report.known) == ("known", 5), "the join window still has them"
    assert counted(store)["requests"] == 5


def test_a_request_completed_meanwhile_is_still_known(store: Store, tmp_path: Path) -> None:
    """Its id and time recognise a row whose tokens came after the export."""
    store.record(rows(1))
    exported = list(store.get_request_history().requests)
    store.revise("r-0", {"tokens_out": 500})
    import_all(store, lines(tmp_path / "own.ndjson", exported))
    assert counted(store)["requests"] == 1


def test_ids_that_start_again_are_other_requests(store: Store, tmp_path: Path) -> None:
    """`r-1` of another day is another request; `r-1` told twice in a file is not."""
    later = [msgspec.structs.replace(row, timestamp=row.timestamp + 86_400_000) for row in rows(3)]
    (report,) = import_all(store, lines(tmp_path / "a.ndjson", [*rows(3), *later, *rows(2)]))
    assert (report.requests, report.repeated) == (6, 2)
    assert counted(store)["requests"] == 6


def test_rows_without_an_id_count_as_they_stand(store: Store, tmp_path: Path) -> None:
    """Nothing tells such rows apart, so only the same file is recognised."""
    nameless = [msgspec.structs.replace(row, id="") for row in rows(1)] * 3
    path = lines(tmp_path / "a.ndjson", nameless)
    assert import_all(store, path)[0].requests == 3
    assert import_all(store, path)[0].outcome == "known"
    assert counted(store)["requests"] == 3


def test_rows_of_an_old_history_are_known_later(store: Store, tmp_path: Path) -> None:
    """What an old history.json brought is not brought again by an export with the same ids."""
    old = tmp_path / "history.json"
    bodies = [msgspec.json.decode(encode_request(row)) for row in rows(4)]
    old.write_bytes(msgspec.json.encode({"requests": bodies, "totalTokensIn": 0}))
    import_all(store, old)
    store.clear_request_history(forget=True)
    (report,) = import_all(store, lines(tmp_path / "more.ndjson", rows(6)))
    assert (report.requests, report.known) == (2, 4)


def test_undoing_makes_rows_new_again(store: Store, tmp_path: Path) -> None:
    """The keys of an import go with it."""
    one, two = lines(tmp_path / "a.ndjson", rows(4)), lines(tmp_path / "b.ndjson", rows(6))
    (first,) = import_all(store, one)
    (second,) = import_all(store, two)
    store.restore(str(first.backup))
    assert counted(store)["requests"] == 2
    assert import_all(store, one)[0].requests == 4
    store.restore(str(second.backup))
    assert import_all(store, two)[0].requests == 2
    assert counted(store)["requests"] == 6


def test_rows_that_the_queue_told_of_are_known_by_the_proxys_id(tmp_path: Path) -> None:
    """Long after they have left history, an export of ours brings nothing of them again."""
    calls = some_calls(5)
    with Store(tmp_path / "data", zone="UTC", history_limit=1) as small:
        with Store(tmp_path / "other", zone="UTC") as other:
            capture(other, calls)
            exported = list(other.get_request_history().requests)
        capture(small, calls)
        other_ids = [msgspec.structs.replace(row, id=f"x{row.id}") for row in exported]
        (report,) = import_all(small, lines(tmp_path / "own.ndjson", other_ids))
        assert (report.outcome, report.known) == ("known", 5)
