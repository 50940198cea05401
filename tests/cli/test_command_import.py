"""`proxypal import`: what other files hold."""

import shlex
from pathlib import Path

import pytest

from builders import access_line, log_of
from collector_files import Call, day_report, queue_lines, usage_export
from running import proxypal

LINE = '{"id": "r-%d", "timestamp": 1766404800000, "path": "/v1/messages", "status": 200}\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A file of three requests, and a log of two."""
    (tmp_path / "requests.ndjson").write_text("".join(LINE % number for number in range(3)))
    (tmp_path / "proxy.log").write_bytes(log_of(access_line(), access_line()))
    return tmp_path


def _total(home: Path) -> int:
    return int(proxypal(home, "stats", "--json").json()["totalRequests"])


def test_each_file_has_its_line_and_its_undo(home: Path) -> None:
    """What was added is said per file, with the command that takes it off again."""
    shown = proxypal(home, "import", "requests.ndjson", "proxy.log")
    assert shown.code == 0
    assert shown.out.splitlines() == [
        "requests.ndjson: ndjson, 3 requests added",
        "proxy.log: log, 2 requests added",
    ]
    assert _total(home) == 5
    undo = next(line for line in shown.err.splitlines() if "undo: " in line)
    proxypal(home, *shlex.split(undo.partition("undo: ")[2])[1:])
    assert _total(home) == 2


def test_twice_adds_nothing(home: Path) -> None:
    """The same file again says so and is no failure."""
    proxypal(home, "import", "requests.ndjson")
    again = proxypal(home, "import", "requests.ndjson")
    assert (again.code, _total(home)) == (0, 3)
    assert "imported before; nothing added" in again.out


def test_a_dry_run_adds_nothing(home: Path) -> None:
    """--dry-run says what would be added."""
    shown = proxypal(home, "import", "--dry-run", "requests.ndjson", "proxy.log")
    assert "3 requests would be added" in shown.out
    assert "2 requests would be added" in shown.out
    assert _total(home) == 0


def test_json_reports_every_file(home: Path) -> None:
    """--json is a list of reports, one per file."""
    reports = proxypal(home, "import", "--json", "requests.ndjson", "nowhere.json")
    assert reports.code == 1
    good, bad = reports.json()
    assert (good["kind"], good["outcome"], good["requests"]) == ("ndjson", "imported", 3)
    assert (bad["outcome"], bad["reason"]) == ("refused", "No such file or directory")


def test_bad_lines_are_told_and_end_with_1(home: Path) -> None:
    """A line that is no request is named with its number; the rest is in."""
    with (home / "requests.ndjson").open("a") as file:
        file.write("nonsense\n")
    shown = proxypal(home, "import", "requests.ndjson")
    assert shown.code == 1
    assert "line 4 left out: " in shown.err
    assert "3 requests added; 1 line left out" in shown.out


def test_the_zone_of_a_log_can_be_said(home: Path) -> None:
    """A log from a container in another zone is read on that zone's clock."""
    proxypal(home, "import", "--log-zone", "Asia/Tokyo", "proxy.log")
    (first, _) = proxypal(home, "history", "--json").json()
    assert first["timestamp"] == 1_787_405_943_000  # 2026-08-22T22:39:03+09:00
    assert proxypal(home, "import", "--log-zone", "Nowhere", "proxy.log").code == 2


def test_names_of_files_cannot_draw(home: Path) -> None:
    """A file called like an escape sequence is shown as those characters."""
    odd = home / "\x1b[2J.ndjson"
    odd.write_text(LINE % 9)
    shown = proxypal(home, "import", str(odd))
    assert "\x1b" not in shown.out + shown.err


def test_what_became_of_every_row_is_said(home: Path) -> None:
    """New, known, repeated, without a price and left out: a sentence and the same as JSON."""
    calls = [Call(at_ms=number * 1000, request_id=f"{number:08x}") for number in range(6)]
    own = [Call(at_ms=9_000, model="a-model-of-ours", request_id="aa")]
    proxypal(home, "import", str(usage_export(home / "usage.json", calls[:2])))
    path = queue_lines(home / "queue.ndjson", [*calls, calls[0], *own])
    with path.open("a") as file:
        file.write("nonsense\n")
    dry = proxypal(home, "import", "--dry-run", str(path))
    assert dry.out == (
        f"{path}: queue, 5 requests would be added; 2 known already; 1 told twice in the file; "
        "1 without a price; 1 line left out\n"
    )
    assert "line 9 left out: " in dry.err
    (report,) = proxypal(home, "import", "--json", str(path)).json()
    told = {name: report[name] for name in ("requests", "known", "repeated", "unpriced")}
    assert told == {"requests": 5, "known": 2, "repeated": 1, "unpriced": 1}
    assert [row["line"] for row in report["badRows"]] == [9]
    again = proxypal(home, "import", str(path))
    assert again.out == f"{path}: queue, imported before; nothing added\n"


def test_totals_of_days_are_called_that(home: Path) -> None:
    """A report of ccusage adds no requests, and the line says what it added instead."""
    path = day_report(home / "ccusage.json", [("2025-12-20", "gpt-5", 10, 1, 0.5)])
    shown = proxypal(home, "import", str(path))
    assert shown.out == f"{path}: ccusage, 1 total of a day and model added\n"
    assert proxypal(home, "stats", "--json").json()["totalCostUsd"] == 0.5


def test_prices_are_those_of_the_request(home: Path) -> None:
    """What comes without a cost is priced by the price list; a preview keeps no price."""
    path = usage_export(home / "usage.json", [Call(at_ms=0, tokens_in=10**6, tokens_out=0)])
    proxypal(home, "import", "--dry-run", str(path))
    assert proxypal(home, "stats", "--json").json()["totalCostUsd"] == 0
    proxypal(home, "import", str(path))
    assert proxypal(home, "stats", "--json").json()["totalCostUsd"] == 1.25
