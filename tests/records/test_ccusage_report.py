import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from proxypal.records.attempt import NO_TOKENS, Tokens
from proxypal.records.ccusage_report import read_ccusage_report
from proxypal.records.foreign_rows import DayTotal, ForeignRow, RowRejected
from proxypal.records.key_labels import KeyLabels

DATA = Path(__file__).parents[1] / "data" / "ccusage"
LABELS = KeyLabels(b"a secret of the tests")


def read(report: object) -> list[ForeignRow]:
    """The rows of a report, given as a Python value."""
    return list(read_ccusage_report(json.dumps(report).encode(), LABELS))


def read_file(name: str) -> list[ForeignRow]:
    """The rows of a report in the test data."""
    return list(read_ccusage_report((DATA / name).read_bytes(), LABELS))


def a_day(**changes: Any) -> dict[str, Any]:
    """An entry of a daily report."""
    return {
        "date": "2026-05-01",
        "inputTokens": 10,
        "outputTokens": 20,
        "totalTokens": 30,
        "totalCost": 0.5,
        "modelsUsed": ["claude-opus-4-5"],
        **changes,
    }


def test_a_day_is_told_by_model() -> None:
    """Version 15's report: one total per day and model, the costs exactly as they are written."""
    assert read_file("daily-v15.json") == [
        DayTotal(
            "2025-06-30",
            "claude",
            "claude-opus-4-20250514",
            Tokens(uncached_input=200, cache_read=10_000, cache_write=500, visible_output=400),
            Decimal("1.2"),
            1,
        ),
        DayTotal(
            "2025-06-30",
            "claude",
            "claude-sonnet-4-20250514",
            Tokens(uncached_input=1000, cache_read=80_000, visible_output=3000),
            Decimal("0.0345678901234567"),
            1,
        ),
        DayTotal(
            "2025-07-01",
            "claude",
            "claude-new-9",
            Tokens(uncached_input=7, visible_output=8),
            None,
            2,
        ),
    ]


def test_the_report_of_all_agents_is_read() -> None:
    """Version 20's report names the day `period` and holds several agents' models."""
    assert read_file("daily-v20.json") == [
        DayTotal(
            "2026-04-02",
            "openai",
            "gpt-5.1-codex",
            Tokens(uncached_input=300, cache_read=900, visible_output=70),
            Decimal("0.25"),
            1,
        ),
        DayTotal(
            "2026-04-02",
            "claude",
            "claude-opus-4-5-20251101",
            Tokens(uncached_input=10, cache_read=1000, cache_write=4, visible_output=30),
            Decimal("0.5"),
            1,
        ),
    ]


def test_codex_reports_of_both_kinds_say_the_same() -> None:
    """2b.3: cached input is counted once, whether `inputTokens` includes it (v18) or not (v20)."""
    expected = [
        DayTotal(
            "2025-09-16",
            "openai",
            "gpt-5",
            Tokens(uncached_input=360, cache_read=640, visible_output=160, reasoning=90),
            Decimal("0.0042"),
            1,
        )
    ]
    assert read_file("codex-v18.json") == expected
    assert read_file("codex-v20.json") == expected


def test_projects_are_added_up_and_not_named() -> None:
    """A day that several projects share is one total, and no folder's name is kept."""
    rows = read_file("instances-v20.json")
    assert rows == [
        DayTotal(
            "2026-05-01",
            "claude",
            "claude-opus-4-5",
            Tokens(uncached_input=11, visible_output=22),
            Decimal("0.3"),
            1,
        )
    ]
    assert "secret-project" not in repr(rows)


def test_spaces_do_not_matter() -> None:
    """A report with spaces around colons and commas is read like one without."""
    report = {"daily": [a_day()]}
    loose = json.dumps(report, indent=3, separators=(" , ", " : ")).encode()
    tight = json.dumps(report, separators=(",", ":")).encode()
    rows = list(read_ccusage_report(loose, LABELS))
    assert rows == list(read_ccusage_report(tight, LABELS))
    assert rows == [
        DayTotal(
            "2026-05-01",
            "claude",
            "claude-opus-4-5",
            Tokens(uncached_input=10, visible_output=20),
            Decimal("0.5"),
            1,
        )
    ]


@pytest.mark.parametrize("report", [[a_day()], {"type": "daily", "data": [a_day()], "summary": {}}])
def test_older_wrappings_are_read(report: object) -> None:
    """A bare list of days, and the one under `data`, are read too."""
    assert [type(row) for row in read(report)] == [DayTotal]


def test_several_models_without_a_breakdown_are_one_unknown_model() -> None:
    """Where a day's totals are not told by model, no model is guessed."""
    (row,) = read({"daily": [a_day(modelsUsed=["a", "b"])]})
    assert isinstance(row, DayTotal)
    assert (row.model, row.cost_usd) == ("unknown", Decimal("0.5"))


def test_what_the_models_leave_of_a_day_is_not_lost() -> None:
    """A day's totals beyond its models are a total of the model `unknown`, cost included."""
    breakdown = [{"modelName": "gpt-5", "inputTokens": 4, "outputTokens": 20, "cost": 0.125}]
    rows = read({"daily": [a_day(modelBreakdowns=breakdown)]})
    totals = [row for row in rows if isinstance(row, DayTotal)]
    assert [(row.model, row.tokens.input, row.cost_usd) for row in totals] == [
        ("gpt-5", 4, Decimal("0.125")),
        ("unknown", 6, Decimal("0.375")),
    ]


def test_a_days_cost_is_not_more_than_its_models_say() -> None:
    """Models that cost more than their day leave nothing for what they do not account for."""
    breakdown = [{"modelName": "gpt-5", "inputTokens": 4, "outputTokens": 20, "cost": 0.75}]
    _, rest = read({"daily": [a_day(modelBreakdowns=breakdown)]})
    assert isinstance(rest, DayTotal)
    assert rest.cost_usd == 0


def test_the_sum_of_a_day_is_the_days_own() -> None:
    """Tokens and costs of the totals add up to what each entry says of itself."""
    for name in ("daily-v15.json", "daily-v20.json", "codex-v18.json", "instances-v20.json"):
        rows = [row for row in read_file(name) if isinstance(row, DayTotal)]
        told = json.loads((DATA / name).read_text(), parse_float=Decimal)["totals"]
        assert sum(row.tokens.input + row.tokens.output for row in rows) == told["totalTokens"]
        assert sum(row.cost_usd or 0 for row in rows) == told.get("totalCost", told.get("costUSD"))


def test_reasoning_that_stands_beside_the_output_is_added() -> None:
    """Where only the total tells that reasoning is not part of the output, it is believed."""
    (row,) = read({"daily": [a_day(totalTokens=37, metadata={"reasoningOutputTokens": 7})]})
    assert isinstance(row, DayTotal)
    assert row.tokens == Tokens(uncached_input=10, visible_output=20, reasoning=7)


def test_tokens_of_no_kind_are_reported() -> None:
    """Tokens that only the total knows of are neither guessed nor dropped in silence."""
    notice, row = read({"daily": [a_day(totalTokens=130)]})
    assert isinstance(row, DayTotal)
    assert isinstance(notice, RowRejected)
    assert "100 of its totalTokens" in notice.reason


def test_a_cost_that_no_model_can_be_given_is_reported() -> None:
    """Codex names one cost for all models of a day: it is not spread by guessing."""
    models = {
        "gpt-5": {"inputTokens": 4, "outputTokens": 8},
        "o3": {"inputTokens": 6, "outputTokens": 12},
    }
    rows = read({"daily": [a_day(models=models, modelsUsed=None)]})
    assert [row.cost_usd for row in rows if isinstance(row, DayTotal)] == [None, None]
    assert [row.reason for row in rows if isinstance(row, RowRejected)] == [
        "its cost of $0.5 is told for no single model: left out, its tokens are unpriced"
    ]


def test_zero_dollars_for_tokens_means_no_price() -> None:
    """2b: ccusage writes $0 for a model it has no price for; that is unpriced, never free."""
    (row,) = read({"daily": [a_day(totalCost=0)]})
    (nothing,) = read({"daily": [a_day(totalCost=0, inputTokens=0, outputTokens=0, totalTokens=0)]})
    assert isinstance(row, DayTotal)
    assert isinstance(nothing, DayTotal)
    assert row.cost_usd is None
    assert (nothing.cost_usd, nothing.tokens) == (Decimal(0), NO_TOKENS)


@pytest.mark.parametrize("name", ["weekly", "monthly", "session", "sessions", "blocks"])
def test_other_reports_are_refused_with_the_command_to_run(name: str) -> None:
    """A report that does not tell the day is refused, with what to do instead."""
    (row,) = read({name: [], "totals": {}})
    assert isinstance(row, RowRejected)
    assert row.line == 0
    assert "`ccusage daily --json`" in row.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"date": "2026-13-01"}, "date: expected a day like 2026-01-31"),
        ({"date": None}, "date: expected a day like 2026-01-31"),
        ({"date": 5}, "date: expected text, got a whole number"),
        ({"inputTokens": -1}, "inputTokens: expected a whole number from 0"),
        ({"inputTokens": 2**53 - 1, "cacheReadTokens": 1}, "add up to more than"),
        ({"totalCost": "much"}, "cost: expected an amount of dollars"),
        ({"models": {"a": 1}}, "models: expected an object for each model"),
    ],
)
def test_a_bad_day_is_one_rejection(changes: dict[str, Any], reason: str) -> None:
    """A day that cannot be read is rejected with its number and the reason; the others stay."""
    bad, good = read({"daily": [a_day(**changes), a_day()]})[::-1]
    assert isinstance(bad, DayTotal) != isinstance(good, DayTotal)
    (rejected,) = [row for row in (bad, good) if isinstance(row, RowRejected)]
    assert rejected.line == 1
    assert reason in rejected.reason
