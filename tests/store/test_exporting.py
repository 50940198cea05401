"""The seed's two exports as files: complete, where one expects them, nothing half written."""

import csv
import io
import os
from decimal import Decimal
from pathlib import Path

import pytest

from builders import NOW_MS, a_request, a_store, json_file
from proxypal.errors import CannotWrite

SEED_HEADER = "timestamp,provider,model,status,durationMs,tokensIn,tokensOut"


def test_the_csv_has_the_seeds_header_and_a_line_per_request(tmp_path: Path) -> None:
    """Export CSV: the design's columns in its order, one line per recent request."""
    with a_store(tmp_path / "data") as store:
        store.record([a_request(), a_request(status=500, tokens_in=None, tokens_out=None)])
        where = store.export_history_as_csv(tmp_path / "out.csv")
    assert where == tmp_path / "out.csv"
    assert where.read_text() == (
        f"{SEED_HEADER}\n"
        f"{NOW_MS},claude,claude-sonnet-4-5,200,1234,500,300\n"
        f"{NOW_MS},claude,claude-sonnet-4-5,500,1234,,\n"
    )


def test_all_columns_can_be_had(tmp_path: Path) -> None:
    """`--columns all` adds everything that is known of a request."""
    with a_store(tmp_path / "data") as store:
        store.record([a_request(id="a", cost_usd=Decimal("0.10"), extras={"tier": "flex"})])
        where = store.export_history_as_csv(tmp_path / "out.csv", columns="all")
    (row,) = csv.DictReader(io.StringIO(where.read_text()))
    assert where.read_text().startswith(SEED_HEADER)
    assert (row["id"], row["costUsd"], row["path"]) == ("a", "0.10", "/v1/messages")
    assert "flex" in row["extras"]


def test_the_json_is_the_aggregate(tmp_path: Path) -> None:
    """Export JSON: the design's schema, money as numbers, nothing of ours but the numbers."""
    with a_store(tmp_path / "data") as store:
        store.record([a_request(cost_usd=Decimal("0.25"))])
        where = store.export_aggregate_as_json(tmp_path / "out.json")
        assert where.read_text().startswith('{\n  "createdAt": ')
        exported = json_file(where)
        store.publish()
        published = json_file(tmp_path / "data" / "aggregate.json")
    del published["published"]
    assert exported == published
    assert exported["totalCostUsd"] == Decimal("0.25")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory of its own, and a current directory beside it."""
    home = tmp_path / "home"
    (tmp_path / "here").mkdir()
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for name in list(os.environ):
        if name.startswith("XDG_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path / "here")
    return home


def test_exports_go_to_downloads(home: Path, tmp_path: Path) -> None:
    """Without a path the file lands in Downloads under the design's name, twice under two."""
    (home / "Downloads").mkdir()
    with a_store(tmp_path / "data") as store:
        first, second = store.export_history_as_csv(), store.export_history_as_csv()
        third = store.export_aggregate_as_json()
    assert {first.parent, second.parent, third.parent} == {home / "Downloads"}
    assert first != second
    assert first.name.startswith("proxypal-requests-20")
    assert first.suffix == second.suffix == ".csv"
    assert third.name.startswith("proxypal-aggregate-20")
    assert third.suffix == ".json"
    assert len(list((home / "Downloads").iterdir())) == 3


def test_without_downloads_exports_go_here(home: Path, tmp_path: Path) -> None:
    """On a server there is no Downloads: the file lands in the current directory."""
    assert not (home / "Downloads").exists()
    with a_store(tmp_path / "data") as store:
        assert store.export_history_as_csv().parent == tmp_path / "here"


def test_an_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """An impossible place is an error that names it, without a half written file."""
    (tmp_path / "file").write_text("in the way")
    with a_store(tmp_path / "data") as store:
        with pytest.raises(CannotWrite, match=r"out\.csv"):
            store.export_history_as_csv(tmp_path / "file" / "out.csv")
        with pytest.raises(CannotWrite, match="nowhere"):
            store.export_aggregate_as_json(tmp_path / "nowhere" / "out.json")
    assert (tmp_path / "file").read_text() == "in the way"
    assert {path.name for path in tmp_path.iterdir()} == {"file", "data"}


def test_an_export_changes_nothing(tmp_path: Path) -> None:
    """Exporting preserves both files, history and analytics."""
    with a_store(tmp_path / "data") as store:
        store.record([a_request()])
        store.publish()
        before = [(tmp_path / "data" / n).read_bytes() for n in ("history.json", "aggregate.json")]
        store.export_history_as_csv(tmp_path / "out.csv")
        store.export_aggregate_as_json(tmp_path / "out.json")
    after = [(tmp_path / "data" / n).read_bytes() for n in ("history.json", "aggregate.json")]
    assert after == before
