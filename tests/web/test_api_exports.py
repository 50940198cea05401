"""The seed's two exports over HTTP."""

import csv
import io
import re
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from builders import NOW_MS, SetClock, a_request
from proxypal.records.exports import ALL_COLUMNS, SEED_COLUMNS
from web_running import Running, running_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running_server(
        tmp_path / "data",
        requests=[
            a_request(id="a", timestamp=NOW_MS - 1, model='a,"b"\r\n', cost_usd=Decimal("0.10")),
            a_request(id="b", timestamp=NOW_MS, model="=cmd|x", tokens_in=None, api_key="sk-a" * 9),
        ],
        clock=SetClock(),
    ) as running:
        yield running


def test_the_csv_is_that_of_the_program(server: Running, tmp_path: Path) -> None:
    """D43: without any proxy, the history as `proxypal export csv` writes it, to the byte."""
    got = server.get("/api/export/history.csv")
    assert got.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert got.body == server.store.export_history_as_csv(tmp_path / "x.csv").read_bytes()
    header, first, second = csv.reader(io.StringIO(got.text, newline=""))
    assert tuple(header) == SEED_COLUMNS
    assert first[2] == 'a,"b"'
    assert (second[2], second[5]) == ("'=cmd|x", "")


def test_every_column_can_be_had(server: Running, tmp_path: Path) -> None:
    """D48: `columns=all` is everything known, client keys only as their masked labels."""
    got = server.get("/api/export/history.csv?columns=all")
    path = server.store.export_history_as_csv(tmp_path / "x.csv", columns="all")
    assert got.body == path.read_bytes()
    assert tuple(next(csv.reader(io.StringIO(got.text)))) == ALL_COLUMNS
    assert "sk-a" * 9 not in got.text


def test_the_json_is_that_of_the_program(server: Running, tmp_path: Path) -> None:
    """The all-time analytics as `proxypal export json` writes them, to the byte."""
    got = server.get("/api/export/aggregate.json")
    assert got.headers["content-type"] == "application/json"
    assert got.body == server.store.export_aggregate_as_json(tmp_path / "x.json").read_bytes()
    assert got.json()["totalCostUsd"] == 0.1


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_files_are_called_by_the_local_date(
    server: Running, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D42: a download has the seed's name with the date on this machine's wall, not UTC's."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        names = [
            server.get(f"/api/export/{one}").headers["content-disposition"]
            for one in ("history.csv", "aggregate.json")
        ]
    finally:
        monkeypatch.undo()
        time.tzset()
    stamp = {
        "Pacific/Kiritimati": "2026-01-10_02-00-00",
        "Pacific/Pago_Pago": "2026-01-09_01-00-00",
    }
    assert names == [
        f'attachment; filename="proxypal-requests-{stamp[zone]}.csv"',
        f'attachment; filename="proxypal-aggregate-{stamp[zone]}.json"',
    ]


def test_names_are_safe_everywhere(server: Running) -> None:
    """A file's name has no character that a file system or a header would mind."""
    name = server.get("/api/export/history.csv").headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="[a-z0-9_.-]+"', name)


def test_nothing_recorded_is_an_empty_file(tmp_path: Path) -> None:
    """D43: exports of an empty store are files all the same: a header, and zeros."""
    with running_server(tmp_path / "data") as server:
        assert server.get("/api/export/history.csv").text == ",".join(SEED_COLUMNS) + "\n"
        assert server.get("/api/export/aggregate.json").json()["totalRequests"] == 0


def test_other_columns_are_refused(server: Running) -> None:
    """A set of columns that there is not is 400, not the usual file."""
    assert server.get("/api/export/history.csv?columns=some").status == 400
