"""Files into the store, each once."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from builders import access_line, log_of
from proxypal import RequestLog, Store
from proxypal.clock import offset_of
from proxypal.records.exports import history_csv
from proxypal.records.key_labels import KeyLabels
from proxypal.records.request import encode_request
from proxypal.service.import_report import ImportReport
from proxypal.service.importing import Importer

NOON_MS = 1_766_404_800_000  # 2025-12-22T12:00Z
UTC = offset_of("UTC")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "data", zone="UTC") as opened:
        yield opened


def _requests(count: int = 4) -> list[RequestLog]:
    return [
        RequestLog(
            id=f"r-{number}",
            timestamp=NOON_MS + number * 60_000,
            provider="claude",
            model=f"model-{number % 2}",
            path="/v1/messages",
            status=200 if number % 3 else 500,
            tokens_in=10,
            tokens_out=number,
        )
        for number in range(count)
    ]


def _old_pair(folder: Path, suffix: str = "") -> tuple[Path, Path]:
    """Ten requests all-time, two of them still in the history."""
    rows = [msgspec.json.decode(encode_request(request)) for request in _requests(2)]
    history, aggregate = folder / f"history{suffix}.json", folder / f"aggregate{suffix}.json"
    history.write_bytes(
        msgspec.json.encode(
            {"requests": rows, "totalTokensIn": 0, "totalTokensOut": 0, "totalCostUsd": 0.0}
        )
    )
    aggregate.write_bytes(
        msgspec.json.encode(
            {
                "createdAt": NOON_MS,
                "totalRequests": 10,
                "totalSuccessCount": 9,
                "totalFailureCount": 1,
                "totalTokensIn": 600,
                "totalTokensOut": 400,
                "totalCostUsd": 0.0,
                "requestsByDay": [{"label": "2025-12-22", "value": 10}],
                "tokensByDay": [{"label": "2025-12-22", "value": 1000}],
                "modelStats": {
                    "model-0": {"requests": 9, "successCount": 8, "tokens": 989},
                    "model-1": {"requests": 1, "successCount": 1, "tokens": 11},
                },
                "providerStats": {
                    "claude": {"requests": 10, "successCount": 9, "tokens": 1000},
                },
            }
        )
    )
    return history, aggregate


def _ndjson(path: Path, requests: list[RequestLog]) -> Path:
    path.write_bytes(b"".join(encode_request(request) + b"\n" for request in requests))
    return path


def _import(store: Store, *paths: Path, is_preview: bool = False) -> list[ImportReport]:
    importer = Importer(
        store,
        UTC,
        lambda _done, _total: None,
        is_preview=is_preview,
        labels=KeyLabels(b"of the tests"),
    )
    return list(importer.run(paths))


def _total(store: Store) -> int:
    return store.get_usage_stats().total_requests


def _kinds(tmp_path: Path) -> dict[str, tuple[Path, int]]:
    """A file of every kind that can be imported, with the requests it holds."""
    history, _ = _old_pair(tmp_path)
    csv = tmp_path / "requests.csv"
    csv.write_text(history_csv(_requests(), "all"))
    log = tmp_path / "proxy.log"
    log.write_bytes(log_of(*(access_line(stamp=f"2026-08-22 22:39:0{n}") for n in range(5))))
    return {
        "history": (history, 2),
        "ndjson": (_ndjson(tmp_path / "requests.ndjson", _requests()), 4),
        "csv": (csv, 4),
        "log": (log, 5),
    }


@pytest.mark.parametrize("kind", ["history", "ndjson", "csv", "log"])
def test_the_same_file_twice_adds_nothing(store: Store, tmp_path: Path, kind: str) -> None:
    """Every kind of file is counted once, also under another name."""
    path, count = _kinds(tmp_path)[kind]
    (first,) = _import(store, path)
    assert (first.kind, first.outcome, first.requests) == (kind, "imported", count)
    copy = path.with_name(f"copy-of-{path.name}")
    shutil.copy(path, copy)
    for again in _import(store, path, copy):
        assert (again.outcome, again.requests) == ("known", 0)
    assert _total(store) == count


@pytest.mark.parametrize("kind", ["history", "ndjson", "csv", "log"])
def test_a_preview_says_it_and_changes_nothing(store: Store, tmp_path: Path, kind: str) -> None:
    """--dry-run tells the number an import then adds, and leaves the store as it was."""
    path, count = _kinds(tmp_path)[kind]
    before = store.get_aggregate(), store.positions(), store.list_backups()
    (preview,) = _import(store, path, is_preview=True)
    assert (preview.outcome, preview.requests) == ("preview", count)
    assert (store.get_aggregate(), store.positions(), store.list_backups()) == before
    _import(store, path)
    assert _total(store) == count
    (known,) = _import(store, path, is_preview=True)
    assert known.outcome == "known"


@pytest.mark.parametrize("kind", ["history", "ndjson", "csv"])
def test_an_import_can_be_undone_and_done_again(store: Store, tmp_path: Path, kind: str) -> None:
    """The backup named in the report takes off exactly what was added; then it may come again."""
    path, count = _kinds(tmp_path)[kind]
    store.record([RequestLog(path="/v1/messages", status=200)])
    (report,) = _import(store, path)
    assert _total(store) == count + 1
    assert report.backup is not None
    store.restore(report.backup)
    assert _total(store) == 1
    assert _import(store, path)[0].outcome == "imported"


def test_an_old_history_and_its_aggregate_are_one(store: Store, tmp_path: Path) -> None:
    """Given together they are counted as what they are: ten requests, two of them listed."""
    history, aggregate = _old_pair(tmp_path)
    (report,) = _import(store, aggregate, history)
    assert (report.outcome, report.requests) == ("imported", 10)
    assert (_total(store), store.get_usage_stats().history_count) == (10, 2)


def test_neither_half_of_a_pair_counts_again(store: Store, tmp_path: Path) -> None:
    """After the pair each file alone is known, and after one file the pair is."""
    history, aggregate = _old_pair(tmp_path)
    _import(store, history, aggregate)
    assert [report.outcome for report in _import(store, history)] == ["known"]
    assert [report.outcome for report in _import(store, aggregate)] == ["known"]
    assert _total(store) == 10


def test_one_half_first_keeps_the_pair_out(store: Store, tmp_path: Path) -> None:
    """The history's requests are not counted a second time with the aggregate."""
    history, aggregate = _old_pair(tmp_path)
    (first,) = _import(store, history)
    (second,) = _import(store, history, aggregate)
    assert (second.outcome, second.backup) == ("known", first.backup)
    assert _total(store) == 2


def test_pairs_are_found_by_name_and_folder(store: Store, tmp_path: Path) -> None:
    """history-x.json belongs to aggregate-x.json beside it; a folder stands for its own pair."""
    _old_pair(tmp_path, "-x")
    (tmp_path / "folder").mkdir()
    history, aggregate = _old_pair(tmp_path / "folder")
    aggregate.write_bytes(aggregate.read_bytes().replace(b"1000", b"1001"))
    history.write_bytes(history.read_bytes().replace(b"r-1", b"r-9"))
    paths = [tmp_path / "history-x.json", tmp_path / "folder", tmp_path / "aggregate-x.json"]
    assert [report.requests for report in _import(store, *paths)] == [10, 10]


def test_what_was_migrated_is_known(tmp_path: Path) -> None:
    """Files that were migrated at the first start cannot be imported on top."""
    (tmp_path / "data").mkdir()
    (tmp_path / "old").mkdir()
    _old_pair(tmp_path / "data")
    for path in (tmp_path / "data").iterdir():
        shutil.copy(path, tmp_path / "old")
    with Store(tmp_path / "data", zone="UTC") as store:
        reports = _import(store, tmp_path / "old", tmp_path / "old" / "history.json")
        assert [report.outcome for report in reports] == ["known", "known"]
        assert _total(store) == 10


def test_our_own_files_are_refused(store: Store, tmp_path: Path) -> None:
    """What this store has published is in it already, wherever the copy lies."""
    store.record([RequestLog(path="/v1/messages", status=200)])
    store.publish()
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("history.json", "aggregate.json"):
        shutil.copy(store.path / name, copy)
    (report,) = _import(store, copy)
    assert report.outcome == "refused"
    assert _total(store) == 1


def test_a_watched_log_is_not_counted_again(store: Store, tmp_path: Path) -> None:
    """Importing by hand and watching share positions: only new lines count."""
    log = tmp_path / "main.log"
    lines = [access_line(stamp=f"2026-08-22 22:39:0{n}") for n in range(4)]
    log.write_bytes(log_of(*lines[:2]))
    assert _import(store, log)[0].requests == 2
    log.write_bytes(log_of(*lines))
    assert _import(store, log)[0].requests == 2
    assert _total(store) == 4


def test_a_last_line_without_its_end_counts_in_a_log_at_rest(store: Store, tmp_path: Path) -> None:
    """A log nobody writes any more is complete; one that was just written may not be."""
    log = tmp_path / "proxy.log"
    log.write_bytes(log_of(access_line(), access_line()).rstrip(b"\n"))
    assert _import(store, log)[0].requests == 1
    os.utime(log, (1, 1))
    assert _import(store, log)[0].requests == 1


def test_bad_rows_are_named_and_skipped(store: Store, tmp_path: Path) -> None:
    """A bad line stops nothing and is reported with its number."""
    path = _ndjson(tmp_path / "requests.ndjson", _requests(3))
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"nonsense\n\n" + b"".join(rest))
    (report,) = _import(store, path)
    assert report.requests == 3
    assert [row.line for row in report.bad_rows] == [2]


def test_many_rows_are_summed_and_the_newest_kept(store: Store, tmp_path: Path) -> None:
    """Totals count every row, the history takes the most recent ones in their order."""
    path = _ndjson(tmp_path / "requests.ndjson", list(reversed(_requests(700))))
    _import(store, path)
    stats = store.get_usage_stats()
    assert (stats.total_requests, stats.history_count) == (700, 500)
    assert stats.total_tokens == 700 * 10 + sum(range(700))
    kept = store.get_request_history().requests
    assert [kept[0].id, kept[-1].id] == ["r-200", "r-699"]
    assert all(finding.ok for finding in store.check())


def test_a_flood_of_names_is_bounded(store: Store, tmp_path: Path) -> None:
    """Beyond the cap, further model names count as `other`."""
    names = [
        msgspec.structs.replace(request, model=f"m-{number}")
        for number, request in enumerate(_requests(1500))
    ]
    _import(store, _ndjson(tmp_path / "requests.ndjson", names))
    models = {usage.model: usage.requests for usage in store.get_usage_stats().models}
    assert len(models) <= 1001
    assert sum(models.values()) == 1500


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("gone.json", None, "No such file"),
        ("empty.json", b"", "empty"),
        ("photo.jpg", b"\xff\xd8\xff\xe0" * 100, "none of what can be imported"),
        ("usage.json", b'{"version": 1, "usage": {"apis": {}}}', "nothing that counts"),
        ("history.json", b'{"requests": [', "history.json"),
        ("requests.ndjson", b"nonsense\n", "no request"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(
    store: Store, tmp_path: Path, name: str, data: bytes | None, reason: str
) -> None:
    """Nothing fails silently, and one bad file does not stop the next."""
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    good = _ndjson(tmp_path / "good.ndjson", _requests())
    refused, imported = _import(store, path, good)
    assert refused.outcome == "refused"
    assert reason in str(refused.reason)
    assert imported.outcome == "imported"


def test_an_empty_folder_is_refused(store: Store, tmp_path: Path) -> None:
    """A folder without any file we know is named as such."""
    (tmp_path / "folder").mkdir()
    (report,) = _import(store, tmp_path / "folder")
    assert report.outcome == "refused"


def test_progress_reaches_the_end(store: Store, tmp_path: Path) -> None:
    """A large file tells how far it is."""
    path = _ndjson(tmp_path / "requests.ndjson", _requests(20_000))
    told: list[tuple[int, int]] = []
    importer = Importer(
        store,
        UTC,
        lambda *step: told.append(step),
        is_preview=False,
        labels=KeyLabels(b"of the tests"),
    )
    list(importer.run([path]))
    assert len(told) > 2
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
