"""`proxypal stats` asked with ranges, groups, conditions and figures."""

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders import a_request, at
from proxypal import RequestLog, Store
from running import Ended, proxypal

KEY, OTHER_KEY = "sk-…0XYZ#3f9a1c", "sk-…7abc#aa00bb"


def _request(moment: str, **changes: Any) -> RequestLog:
    return a_request(timestamp=at(moment), cost_usd=Decimal("0.25"), source="queue", **changes)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Six requests of three days in a zone half an hour beside the others; a key has a name."""
    with Store(tmp_path / "data", zone="Asia/Kolkata") as store:
        store.record(
            [
                _request("2025-12-20T04:00", api_key=KEY),
                _request("2025-12-20T19:00", api_key=KEY, model="gpt-5", provider="openai"),
                _request("2025-12-21T04:00", api_key=OTHER_KEY, status=429),
                _request("2025-12-21T05:00", api_key=OTHER_KEY, duration_ms=8_000),
                _request("2025-12-21T06:00", api_key=OTHER_KEY, duration_ms=2_000),
                _request("2025-12-22T06:00", model="=SUM(A1)"),
            ]
        )
    (tmp_path / "data" / "settings.toml").write_text(
        f'[names]\n"{KEY}" = "Anna\'s laptop"\n', encoding="utf-8"
    )
    return tmp_path


def _stats(home: Path, *arguments: str) -> Ended:
    shown = proxypal(home, "stats", *arguments)
    assert shown.code == 0, shown.err
    return shown


def _rows(home: Path, *arguments: str) -> list[tuple[Any, ...]]:
    found = _stats(home, *arguments, "--json").json()
    return [(*row["labels"], row["requests"]) for row in found["rows"]]


def test_json_is_the_answer_and_says_how_it_was_understood(home: Path) -> None:
    """--json prints the question as it was read, the total, the rows, and what is not exact."""
    found = _stats(home, "2025-12-21", "--by", "model", "--json").json()
    assert found["query"]["since"] == "2025-12-21T00"
    assert found["query"]["until"] == "2025-12-22T00"
    assert found["query"]["by"] == ["model"]
    assert found["total"]["requests"] == 4  # 00:30 in Kolkata is 19:00 of the day before in UTC
    assert found["total"]["costUsd"] == 1
    assert [row["labels"] for row in found["rows"]] == [["claude-sonnet-4-5"], ["gpt-5"]]
    assert found["exact"] in {True, False}
    assert {"axes", "notes"} <= set(found)


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (
            ["--by", "day", "--last", "90000d"],
            [("2025-12-20", 1), ("2025-12-21", 4), ("2025-12-22", 1)],
        ),
        (["2025-12", "--by", "provider"], [("claude", 5), ("openai", 1)]),
        (
            ["--where", "key=anna*", "--by", "model", "--top", "9"],
            [("claude-sonnet-4-5", 1), ("gpt-5", 1)],
        ),
        (["--where", "outcome=failed", "--by", "key"], [(OTHER_KEY, 1)]),
        (
            [
                "--where",
                "provider=claude",
                "--where",
                "model!=*SUM*",
                "--by",
                "key",
                "--order",
                "label",
            ],
            [(OTHER_KEY, 3), (KEY, 1)],
        ),
        (
            ["--by", "key,day", "--top", "1"],
            [(OTHER_KEY, "2025-12-21", 3)],
        ),
        (["--by", "model", "--by", "outcome", "--where", "outcome=429"], []),
    ],
)
def test_it_answers_what_is_asked(
    home: Path, arguments: list[str], rows: list[tuple[Any, ...]]
) -> None:
    """Ranges, conditions, groups, order and top mean what they say."""
    if "outcome=429" in arguments:
        refused = proxypal(home, "stats", *arguments)
        assert (refused.code, refused.out) == (2, "")
        return
    found = _rows(home, *arguments)
    if "label" in arguments:
        found.sort(key=lambda row: -row[-1])
    kept = [row for row in found if row[-1] and row[0] != "other"]
    assert kept == rows


def test_rows_add_up_to_the_total_with_the_rest(home: Path) -> None:
    """The rest beyond the top N is a row of its own, and nothing is missing."""
    found = _stats(
        home, "--by", "model", "--top", "1", "--metrics", "requests,cost", "--json"
    ).json()
    assert [row["labels"] for row in found["rows"]] == [["claude-sonnet-4-5"], ["other"]]
    assert found["rows"][1]["folded"] == 2
    for figure in ("requests", "costUsd"):
        assert sum(row[figure] for row in found["rows"]) == found["total"][figure]


def test_the_table_names_keys_and_says_what_was_asked(home: Path) -> None:
    """Keys are shown by the user's names, also where a label was asked for."""
    shown = _stats(home, "--by", "key", "--where", f"key={KEY}|{OTHER_KEY}").out
    assert f"5 requests where key=Anna's laptop|{OTHER_KEY}: 80.0 % succeeded" in shown
    assert "Anna's laptop" in shown
    assert KEY not in shown


def test_percentiles_are_told_in_words_where_they_cannot_be_known(home: Path) -> None:
    """By model they are there; by key the table has dashes and a sentence below says why."""
    by_model = _stats(home, "2025-12-21", "--by", "model", "--metrics", "requests,p50,max")
    assert "8.00 s" in by_model.out
    by_key = _stats(home, "--by", "key", "--metrics", "requests,p95").out
    assert by_key.rstrip().endswith("there are percentiles of the total, not of each group.")


def test_csv_is_safe_and_adds_up(home: Path) -> None:
    """--csv prints a line per group; a name that a spreadsheet would run has an apostrophe."""
    shown = _stats(home, "--by", "model", "--metrics", "requests,cost", "--csv")
    header, *rows = csv.reader(io.StringIO(shown.out, newline=""))
    assert header == ["model", "requests", "costUsd"]
    assert rows == [
        ["claude-sonnet-4-5", "4", "1"],
        ["'=SUM(A1)", "1", "0.25"],
        ["gpt-5", "1", "0.25"],
    ]


def test_csv_says_what_it_cannot_know_beside_the_data(home: Path) -> None:
    """Notes go to stderr, so that stdout is the table alone."""
    shown = _stats(home, "--by", "key", "--metrics", "p95", "--csv", "--last", "24h")
    assert shown.out.startswith("key,p95DurationMs\n")
    assert "falls inside an hour" in shown.err


def test_a_question_without_groups_shows_models_and_providers(home: Path) -> None:
    """A span alone is told by model and by provider, as ever."""
    shown = _stats(home, "2025-12").out
    assert shown.index("Models") < shown.index("claude-sonnet-4-5") < shown.index("Providers")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["soon"], "'soon' is none of: today"),
        (["--last", "soon"], "no span such as 90m"),
        (["7d", "--since", "2025"], "exclude each other"),
        (["--by", "colour"], "nothing to group by; there are hour"),
        (["--by", "day,model,key"], "at most two"),
        (["--where", "model"], "is no condition: NAME=VALUE"),
        (["--where", "outcome=sad"], "is no outcome: success, failed"),
        (["--since", ""], "'' is none of"),
        (["--top", "0"], "from 1 to"),
        (["--top", "many"], "no whole number"),
        (["--metrics", "joy"], "no metric; there are requests"),
        (["--order", "requests:up"], "neither asc nor desc"),
        (["--json", "--csv"], "--json and --csv exclude each other"),
    ],
)
def test_what_means_nothing_is_wrong_usage(home: Path, arguments: list[str], told: str) -> None:
    """A word that is not understood ends with 2, says which and what there is."""
    shown = proxypal(home, "stats", *arguments)
    assert (shown.code, shown.out) == (2, "")
    assert told in shown.err


def test_trouble_with_names_is_told_where_names_matter(home: Path) -> None:
    """A broken settings file is told by a question about keys, and by no other."""
    (home / "data" / "settings.toml").write_text("[names", encoding="utf-8")
    assert "settings.toml: it is not TOML" in _stats(home, "--by", "key").err
    assert _stats(home, "--by", "model").err == ""


def test_names_cannot_draw_here_either(tmp_path: Path) -> None:
    """Escape sequences of a model, a key's name or a condition are shown as characters."""
    with Store(tmp_path / "data") as store:
        store.record([a_request(model="[red]x[/red]\x1b]0;owned\x07", api_key=KEY)])
    (tmp_path / "data" / "settings.toml").write_text(
        f'[names]\n"{KEY}" = "[b]n[/b]\\u001b]0;owned\\u202e"\n', encoding="utf-8"
    )
    for by in ("model", "key", "model,key", "day,key", "key,day", "weekday-hour,key"):
        shown = _stats(tmp_path, "--by", by, "--where", f"key={KEY}").out
        assert "\x1b" not in shown
        assert "\x07" not in shown
        assert "\u202e" not in shown
        assert "[b]n[/b]" in shown
