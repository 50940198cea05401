import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import LAYOUTS, Layout, a_request, access_line, log_of
from proxypal.records.exports import history_csv
from proxypal.records.recognition import REFUSED, recognise
from proxypal.records.request import encode_request
from proxypal.store.schema import APPLICATION_ID

DATA = Path(__file__).parent.parent / "data"
SAMPLES = DATA / "proxypal"


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.name)
def test_old_files_are_known_by_their_contents(path: Path) -> None:
    """Whatever an old file is called, whole or cut in the middle, it is known for what it is."""
    data = path.read_bytes()
    expected = {"export": "bundle"}.get(path.name.split("-")[0], path.name.split("-")[0])
    assert recognise(data, "renamed.txt") == expected
    assert recognise(data[: len(data) // 2], "renamed.txt") == expected


@pytest.mark.parametrize("layout", LAYOUTS)
def test_logs_are_known_by_their_lines(layout: Layout) -> None:
    """A log of every layout is a log, also after a run of NULs or inside other output."""
    log = log_of(access_line(layout=layout))
    assert recognise(log, "x") == "log"
    assert recognise(b"\0" * 4096 + log, "x") == "log"
    assert recognise(b"proxy_1 | starting\nproxy_1 | " + log, "x") == "log"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"version":1,"exported_at":"","usage":{"apis":{}}}', "usage-export"),
        (b'{"version":1,"aggregate":{},"request_history":{}}', "bundle"),
        (b'{"published":{"sequence":1},"requests":[],"totalTokensIn":0}', "history"),
        (b'{"createdAt":1,"totalRequests":0,"published":{}}', "aggregate"),
        (b'{"status":200}\n{"status":500}\n', "ndjson"),
        (b'\xef\xbb\xbf{"status":200,"model":"m"}\r\n', "ndjson"),
        (b'{"requests":[]', "history"),
        (b'{"total_requests":0,"apis":{}}', "usage-export"),
        (b'{"usage":{"total_requests":0},"failed_requests":0}', "usage-export"),
        (b'{"usage":{"apis":{"k":{"models":{"m":{"details":[{"timestamp":"2026-', "usage-export"),
        (b'{"daily":[],"totals":{}}', "ccusage"),
        (b'{\n  "projects": {"p": [{"date": "2026-05-01"', "ccusage"),
        (b'{"blocks":[]}', "ccusage"),
        (b'[{"date":"2026-05-01","modelsUsed":[]}]', "ccusage"),
        (b'{"event_hash":"x","timestamp_ms":1,"model":"m"}\n{}\n', "plus"),
        (b'{"event_hash":"x","timestamp_ms":1,"model":"m"}', "plus"),
        (b'{"timestamp":"","model":"m","tokens":{},"failed":false}\n{}', "queue"),
        (b'{"timestamp":"","model":"m","tokens":{},"failed":false}', "queue"),
        (b'{"support_refresh":true}\n{"timestamp":"","tokens":{},"failed":false}\n', "queue"),
        (b'[{"timestamp":"","tokens":{},"latency_ms":1}]\n[]\n', "queue"),
        (b'{"timestamp":1,"status":200,"tokens":{},"failed":false}\n{}', "ndjson"),
        (b"a,b\n1,2\n", "unknown"),
        (b"[1, 2]", "unknown"),
        (b"\x89PNG\r\n", "unknown"),
    ],
)
def test_contents_decide(data: bytes, kind: str) -> None:
    """What a file holds decides, and nothing is taken for what it is not."""
    assert recognise(data, "file") == kind


def test_databases_are_told_apart(tmp_path: Path) -> None:
    """A database of SQLite is another collector's, unless it says that it is ours."""
    for name, application_id, kind in (("a", 0, "keeper"), ("b", APPLICATION_ID, "own-database")):
        path = tmp_path / name
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE usage_events (id)")
            connection.execute(f"PRAGMA application_id = {application_id}")
        assert recognise(path.read_bytes(), "history.json") == kind
    assert "proxypal" in REFUSED["own-database"].lower()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cliproxyapi/usage-export-v1.json", "usage-export"),
        ("cliproxyapi/usage-export-two-keys.json", "usage-export"),
        ("ccusage/daily-v15.json", "ccusage"),
        ("ccusage/daily-v20.json", "ccusage"),
        ("ccusage/codex-v18.json", "ccusage"),
        ("ccusage/codex-v20.json", "ccusage"),
        ("ccusage/instances-v20.json", "ccusage"),
        ("plus/usage-events.jsonl", "plus"),
    ],
)
def test_other_programs_files_are_recognised(name: str, kind: str) -> None:
    """Files of other collectors are known by their contents, also cut in the middle."""
    data = (DATA / name).read_bytes()
    assert recognise(data, "x") == kind
    assert recognise(data[: len(data) // 2], "x") == kind


def test_our_own_records_are_recognised() -> None:
    """What we write ourselves, one record per line or CSV, can be imported."""
    request = a_request()
    assert recognise(encode_request(request), "x") == "ndjson"
    assert recognise(history_csv([request], "seed").encode(), "x") == "csv"
    assert recognise(history_csv([request], "all").encode("utf-8-sig"), "x") == "csv"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("history.json", "history"),
        ("aggregate.json.corrupt-1", "aggregate"),
        ("main.log", "log"),
        ("main-2026-01-01.log.1", "log"),
        ("requests.jsonl", "ndjson"),
        ("requests.CSV", "csv"),
        ("notes.txt", "unknown"),
    ],
)
def test_the_name_breaks_ties(name: str, kind: str) -> None:
    """Of an empty, zeroed or unreadable file the name says what it was meant to be."""
    for data in (b"", b"\0" * 100, b"{", b"{}"):
        assert recognise(data, name) == kind


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_file_gets_an_answer(data: bytes, name: str) -> None:
    """No file can make recognising it fail."""
    assert isinstance(recognise(data, name), str)
