"""`proxypal budget`: limits, what is spent of them, and where it is heading."""

import time
from decimal import Decimal
from pathlib import Path

import pytest

from builders import a_request
from proxypal import Store
from running import Ended, proxypal

NOW_MS = time.time_ns() // 1_000_000
KEY = "sk-…0XYZ#3f9a1c"

SETTINGS = f"""
[names]
"{KEY}" = "Anna"

[[budget]]
name = "everything"
per = "month"
usd = 100

[[budget]]
name = "Anna [b]x[/b]"
per = "day"
requests = 1
where = ["key={KEY}", "outcome!=rate_limited"]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """$12 of $100 this month, and two requests of a budget of one."""
    with Store(tmp_path / "data") as store:
        store.record(
            [
                a_request(timestamp=NOW_MS, api_key=KEY, cost_usd=Decimal("12.5")),
                a_request(timestamp=NOW_MS, api_key=KEY, status=500),
            ]
        )
    _settings(tmp_path, SETTINGS)
    return tmp_path


def _settings(home: Path, text: str) -> None:
    (home / "data" / "settings.toml").write_text(text, encoding="utf-8")


def _budget(home: Path, *arguments: str) -> Ended:
    return proxypal(home, "budget", *arguments)


def test_the_table_shows_what_is_spent_and_left(home: Path) -> None:
    """A line per budget in the order of the file, with names for keys, and what is not priced."""
    shown = _budget(home)
    lines = [line.split() for line in shown.out.splitlines()]
    assert shown.code == 0
    assert lines[1][:8] == [
        "everything",
        "month",
        "$12.50",
        "███",
        "12.5",
        "%",
        "$100.00",
        "$87.50",
    ]
    assert lines[2][:4] == ["Anna", "[b]x[/b]", "day", "2"]
    assert "1 over" in shown.out
    assert "passed" in shown.out
    assert "key=Anna and outcome!=rate_limited" in shown.out
    assert KEY not in shown.out
    assert "everything: 1 request without a price, which no sum covers." in shown.err


def test_json_has_the_figures_of_each(home: Path) -> None:
    """--json prints each budget exactly, money as numbers, conditions as they were written."""
    first, second = _budget(home, "--json").json()
    assert (first["name"], first["spent"], first["limit"]) == ("everything", 12.5, 100)
    assert (first["remaining"], first["share"], first["isPassed"]) == (87.5, 0.125, False)
    assert first["since"].endswith("-01T00")
    assert first["unpriced"] == 1
    assert (second["isPassed"], second["where"][0]) == (True, f"key={KEY}")


def test_a_check_tells_what_is_passed_and_fails(home: Path) -> None:
    """--check prints only what is passed, and exits with 1 then; else with nothing and 0."""
    shown = _budget(home, "--check")
    assert (shown.code, shown.err) == (1, "")
    assert shown.out == "Anna [b]x[/b]: 2 requests spent of 1 requests today\n"
    assert [one["name"] for one in _budget(home, "--check", "--json").json()] == ["Anna [b]x[/b]"]
    _settings(home, SETTINGS.replace("requests = 1", "requests = 2"))
    shown = _budget(home, "--check")
    assert (shown.code, shown.out, shown.err) == (0, "", "")


def test_a_broken_table_hides_no_other_and_no_check_passes_it(home: Path) -> None:
    """What cannot be checked is told with its place, and a check does not end well."""
    broken = '\n[[budget]]\nper = "year"\nusd = 1\n'
    _settings(home, SETTINGS.replace("requests = 1", "requests = 9") + broken)
    for arguments in ([], ["--check"]):
        shown = _budget(home, *arguments)
        assert shown.code == 1
        assert "settings.toml: [[budget]] number 3 is left out: per must be one of" in shown.err
    assert "everything" in _budget(home).out


def test_without_budgets_it_says_how_to_write_one(tmp_path: Path) -> None:
    """No budgets are no error; what is told to write down works as it stands."""
    with Store(tmp_path / "data"):
        pass
    shown = _budget(tmp_path)
    assert (shown.code, shown.out) == (0, "")
    assert "settings.toml" in shown.err
    _settings(tmp_path, shown.err.partition("\n\n")[2])
    (budget,) = _budget(tmp_path, "--json").json()
    assert (budget["per"], budget["limit"], budget["unit"]) == ("month", 200, "usd")
    assert _budget(tmp_path, "--check").code == 0


def test_names_cannot_draw_in_a_check(home: Path) -> None:
    """A budget's name is shown as characters."""
    _settings(home, '[[budget]]\nname = "x\\u001b]0;owned\\u0007"\nper = "day"\nusd = 1\n')
    for arguments in ([], ["--check"]):
        assert "\x1b" not in _budget(home, *arguments).out
