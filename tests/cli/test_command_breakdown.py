"""`proxypal breakdown`: what is kept of each month, and dropping months, asked first, undone."""

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from builders import DAY_MS, HOUR_MS, SetClock, a_request, a_store
from proxypal.clock import now_ms
from running import answering, proxypal


def month_of(moment_ms: int) -> str:
    """`2026-01`, in UTC."""
    return f"{datetime.fromtimestamp(moment_ms // 1000, UTC):%Y-%m}"


MOMENTS = [now_ms() - days * DAY_MS for days in (100, 60, 0)]
OLDEST, OLD, THIS = map(month_of, MOMENTS)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two requests of each of three months, told of hours ago."""
    with a_store(tmp_path / "data", clock=SetClock(now_ms() - 3 * HOUR_MS)) as store:
        store.record(
            a_request(timestamp=min(moment, now_ms() - 3 * HOUR_MS), model="opus")
            for moment in MOMENTS
            for _ in range(2)
        )
    return tmp_path


def months(home: Path) -> dict[str, Any]:
    """What `breakdown --json` lists."""
    return {month["month"]: month for month in proxypal(home, "breakdown", "--json").json()}


def placed(home: Path) -> list[int]:
    """How many requests of each month are in the breakdown."""
    return [month["placed"] for month in months(home).values()]


def test_every_month_is_listed(home: Path) -> None:
    """Month, requests, how many of them are in the breakdown, and the size of its file."""
    found = months(home)
    assert list(found) == sorted({OLDEST, OLD, THIS, month_of(now_ms() - 3 * HOUR_MS)})[:3]
    assert [month["requests"] for month in found.values()] == placed(home) == [2, 2, 2]
    assert all(month["sizeBytes"] > 100 for month in found.values())
    table = proxypal(home, "breakdown").out
    assert OLDEST in table
    assert "1 KiB" in table
    assert table.count("all") >= 3


def test_nothing_recorded_nothing_listed(tmp_path: Path) -> None:
    """An empty store says so, in a sentence and in JSON."""
    assert proxypal(tmp_path, "breakdown", "--json").json() == []
    assert "Nothing was recorded yet." in proxypal(tmp_path, "breakdown").err


def test_dropping_asks_and_can_be_undone(home: Path) -> None:
    """What goes and what stays is said; no total changes; the printed command brings it back."""
    before = proxypal(home, "stats", "--json").out
    dropped = proxypal(home, "breakdown", "drop", OLD, OLDEST, OLD, "--yes")
    assert dropped.code == 0
    assert f"of 4 requests in {OLDEST}, {OLD}." in dropped.err
    assert "What stays: every total" in dropped.err
    assert placed(home) == [0, 0, 2]
    assert proxypal(home, "stats", "--json").out == before
    assert proxypal(home, "breakdown").out.count("dropped 20") == 2
    (listed,) = proxypal(home, "restore", "--json").json()
    assert (listed["kind"], listed["requests"]) == ("breakdown", 4)
    undone = proxypal(home, *shlex.split(dropped.out)[1:])
    assert undone.code == 0
    assert placed(home) == [2, 2, 2]
    assert proxypal(home, "doctor").code == 0


def test_json_says_what_was_dropped(home: Path) -> None:
    """For a script: how many requests, the backup, and the command that undoes it."""
    told = proxypal(home, "breakdown", "drop", OLD, "--yes", "--json").json()
    assert told["dropped"] == told["backup"]["requests"] == 2
    assert told["undo"].endswith(f"restore {told['backup']['name']}")


def test_nothing_is_dropped_unasked(home: Path) -> None:
    """Without a terminal to ask at and without --yes it refuses with 2 and changes nothing."""
    refused = proxypal(home, "breakdown", "drop", OLD)
    assert (refused.code, refused.out) == (2, "")
    assert "--yes" in refused.err
    assert placed(home) == [2, 2, 2]


@pytest.mark.parametrize(
    ("answer", "code", "kept"),
    [(b"n\n", 1, [2, 2, 2]), (b"\n", 1, [2, 2, 2]), (b"y\n", 0, [2, 0, 2])],
)
def test_the_answer_is_heeded(home: Path, answer: bytes, code: int, kept: list[int]) -> None:
    """Only a yes drops anything."""
    found, told = answering(home, answer, "breakdown", "drop", OLD)
    assert (found, "[y/N]" in told) == (code, True)
    assert ("Nothing was changed." in told) == (code == 1)
    assert placed(home) == kept


@pytest.mark.parametrize("month", ["2019-05", "last", "2026-13", "../x", "2026-1"])
def test_a_month_without_a_breakdown_is_named(home: Path, month: str) -> None:
    """A month that is not there or is none: exit 2, which one, and nothing of the others goes."""
    refused = proxypal(home, "breakdown", "drop", OLD, month, "--yes")
    assert refused.code == 2
    assert f"There is no breakdown of {month}." in refused.err
    assert placed(home) == [2, 2, 2]


def test_this_month_can_still_change(home: Path) -> None:
    """The month that is now is refused, with the reason."""
    proxypal(home, "record", stdin='{"path": "/v1/messages", "status": 200}\n')
    refused = proxypal(home, "breakdown", "drop", month_of(now_ms()), "--yes")
    assert refused.code == 2
    assert "can still change" in refused.err


def test_a_month_cannot_be_dropped_twice(home: Path) -> None:
    """The second time nothing is left to drop, and no second backup is made."""
    proxypal(home, "breakdown", "drop", OLD, "--yes")
    again = proxypal(home, "breakdown", "drop", OLD, "--yes")
    assert (again.code, "There is no breakdown" in again.err) == (2, True)
    assert len(proxypal(home, "restore", "--json").json()) == 1
