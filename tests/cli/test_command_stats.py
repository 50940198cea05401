"""`proxypal stats`: what was used."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from proxypal import RequestLog, Store, UsageStats
from running import KNOWS_PERMISSIONS, proxypal

DAY_MS = 86_400_000
NOON_MS = 1_766_404_800_000  # 2025-12-22T12:00Z


def _request(**changes: object) -> RequestLog:
    base = RequestLog(
        timestamp=NOON_MS,
        provider="claude",
        model="claude-opus-4-5",
        path="/v1/messages",
        status=200,
    )
    return msgspec.structs.replace(base, **changes)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A store in UTC with 5 requests on two days, one of them failed, one of them unpriced."""
    with Store(tmp_path / "data", zone="UTC") as store:
        store.record(
            [
                _request(tokens_in=1_000_000, tokens_out=234_567, cost_usd=Decimal("1.25")),
                _request(timestamp=NOON_MS + 1, tokens_in=10, tokens_out=5),
                _request(timestamp=NOON_MS - DAY_MS, status=500),
                _request(timestamp=NOON_MS, provider="openai", model="gpt-5", path="/v1/responses"),
                _request(timestamp=NOON_MS + 3_600_000, provider="openai", model="gpt-5"),
            ]
        )
    return tmp_path


def test_json_is_the_exact_usage_statistics(home: Path) -> None:
    """--json prints every field of get_usage_stats(), camelCase, exact."""
    shown = proxypal(home, "stats", "--json")
    assert (shown.code, shown.err) == (0, "")
    stats = msgspec.json.decode(shown.out, type=UsageStats)
    with Store(home / "data") as store:
        assert stats == store.get_usage_stats()
    assert shown.json()["totalTokens"] == 1_234_582
    assert '"totalCostUsd": 1.25,' in shown.out
    assert shown.out.startswith('{\n  "totalRequests": 5,\n  "successCount": 4,\n')


def test_the_table_shows_totals_rates_and_bars(home: Path) -> None:
    """The overview names the totals, what failed, what has no price, and the largest models."""
    shown = proxypal(home, "stats").out
    for expected in (
        "tracked since",
        "Requests       5",
        "1 failed",
        "80.0 %",
        "1.2M",
        "$1.25",
        "1 request without a price",
        "claude-opus-4-5",
        "████",
        "the last one was on 2025-12-22",
    ):
        assert expected in shown


def test_a_fresh_machine_has_no_numbers_and_no_error(tmp_path: Path) -> None:
    """D37: without requests the success rate is a dash, not 100 %, and nothing divides by zero."""
    shown = proxypal(tmp_path, "stats")
    assert shown.code == 0
    assert "100" not in shown.out
    assert proxypal(tmp_path, "stats", "--json").json()["successRate"] is None


def test_by_day_is_a_line_per_day(home: Path) -> None:
    """--by day groups by the local day of each request, oldest first."""
    report = proxypal(home, "stats", "--by", "day", "--json").json()
    assert [(row["label"], row["requests"]) for row in report["groups"]] == [
        ("2025-12-21", 1),
        ("2025-12-22", 4),
    ]
    assert report["total"]["requests"] == 5
    assert report["total"]["costUsd"] == 1.25


def test_by_model_is_sorted_by_use(home: Path) -> None:
    """--by model puts the most used first and counts failures per model."""
    groups = proxypal(home, "stats", "--by", "model", "--json").json()["groups"]
    assert [(row["label"], row["requests"], row["failureCount"]) for row in groups] == [
        ("claude-opus-4-5", 3, 1),
        ("gpt-5", 2, 0),
    ]
    assert (groups[0]["unpriced"], groups[0]["serverErrors"]) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "requests"),
    [
        (["--since", "2025-12-22"], 4),
        (["--until", "2025-12-21"], 1),
        (["--since", "2025-12-22T13:00"], 1),
        (["--since", "2025-12-21", "--until", "2025-12-22"], 5),
        (["--since", "7d"], 0),
    ],
)
def test_a_span_is_cut_out(home: Path, arguments: list[str], requests: int) -> None:
    """--since and --until show that span; a day given to --until belongs to it."""
    report = proxypal(home, "stats", *arguments, "--json").json()
    assert report["total"]["requests"] == requests
    assert sum(row["requests"] for row in report["models"]) == requests
    assert sum(row["requests"] for row in report["providers"]) == requests


def test_a_span_has_a_table_too(home: Path) -> None:
    """The span is named, and unpriced requests are counted beside the cost."""
    shown = proxypal(home, "stats", "--since", "2025-12-22", "--by", "hour").out
    assert "4 requests since 2025-12-22 00:00" in shown
    assert "2025-12-22T12" in shown
    assert "$1.25" in shown


@pytest.mark.parametrize(
    "arguments", [["--since", "soon"], ["--since", "2025-12-22", "--until", "2025-12-20"]]
)
def test_a_span_that_means_nothing_is_wrong_usage(home: Path, arguments: list[str]) -> None:
    """A span that cannot be understood or is empty by itself ends with 2 and says why."""
    shown = proxypal(home, "stats", *arguments)
    assert (shown.code, shown.out) == (2, "")
    assert arguments[1] in shown.err


def test_names_of_models_cannot_draw(tmp_path: Path) -> None:
    """A model named with escape sequences or rich's markup is shown as those characters."""
    with Store(tmp_path / "data") as store:
        store.record([_request(timestamp=0, model="[red]x[/red]\x1b]0;owned\x07")])
    for arguments in (["stats"], ["stats", "--by", "model"], ["history"]):
        shown = proxypal(tmp_path, *arguments).out
        assert "[red]x[/red]" in shown
        assert "\x1b" not in shown
        assert "\x07" not in shown


def test_an_old_terminal_gets_hashes(home: Path) -> None:
    """Where the encoding has no block characters the bars are made of #."""
    shown = proxypal(home, "stats", PYTHONIOENCODING="ascii").out
    assert "####" in shown
    assert shown.isascii()


@pytest.mark.skipif(not KNOWS_PERMISSIONS, reason="root may write anywhere")
def test_stats_need_no_write_permission(home: Path) -> None:
    """A directory that may only be read shows the same numbers."""
    before = proxypal(home, "stats", "--json").json()
    data = home / "data"
    data.chmod(0o500)
    try:
        shown = proxypal(home, "stats", "--json")
    finally:
        data.chmod(0o700)
    assert (shown.code, shown.err, shown.json()) == (0, "", before)
