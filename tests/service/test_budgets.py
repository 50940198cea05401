"""How the budgets of the settings stand, asked of a real store."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from builders import DAY_MS, NOW_MS, SetClock, a_request
from proxypal import Store
from proxypal.clock import offset_of
from proxypal.service.budgets import Standing, budgets_of, standings
from proxypal.service.settings_file import FILE_NAME, read_settings

KEY = "sk-…0XYZ#3f9a1c"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """$8 and 1,600 tokens today, half of it by one key, and as much the day before."""
    with Store(tmp_path, zone="UTC", clock=SetClock()) as opened:
        opened.record(
            a_request(timestamp=moment_ms, api_key=key, cost_usd=Decimal(4), model=f"m{number}")
            for number, (moment_ms, key) in enumerate(
                (moment_ms, key) for moment_ms in (NOW_MS, NOW_MS - DAY_MS) for key in (KEY, None)
            )
        )
        yield opened


def _standings(store: Store, text: str) -> tuple[list[Standing], list[str]]:
    (store.path / FILE_NAME).write_text(text, encoding="utf-8")
    budgets, problems = budgets_of(read_settings(store.path), store.path)
    return standings(store, budgets, NOW_MS, offset_of("UTC")), problems


def test_a_budget_counts_its_own_period_and_requests(store: Store) -> None:
    """A day's budget counts today, a week's the week so far, one of a key only that key's."""
    found, problems = _standings(
        store,
        f"""
        [names]
        "{KEY}" = "Anna"
        [[budget]]
        per = "day"
        usd = 10
        [[budget]]
        per = "week"
        tokens = 3_000
        [[budget]]
        per = "day"
        usd = 3
        where = "key=anna"
        """,
    )
    assert problems == []
    assert [one.state.spent for one in found] == [8, 3200, 4]
    assert [one.state.is_passed for one in found] == [False, True, True]
    assert found[0].state.remaining == 2
    assert found[0].state.forecast == 16  # half of the day is over
    assert found[0].state.will_pass


def test_a_budget_is_near_from_four_fifths_on(store: Store) -> None:
    """80 % of a limit is worth a word, 79 % is not; what is passed is, even without a limit."""
    limits = ["10", "10.13", "7", "0", "100"]
    text = "".join(f'[[budget]]\nper = "day"\nusd = {limit}\n' for limit in limits)
    found, _ = _standings(store, text)
    assert [one.is_near for one in found] == [True, False, True, True, False]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[budget]]\nper = "year"\nusd = 1\n', "number 1 is left out: per must be"),
        ("budget = 0\n", "budget must be a list of tables"),
        ('[prices."x"]\ninput = 1\n', 'prices."x" is left out'),
    ],
)
def test_a_broken_table_is_told_and_hides_no_other(store: Store, text: str, told: str) -> None:
    """What is wrong is said with the name of the file, and the sound budgets are there."""
    good = "" if text.startswith("budget") else '[[budget]]\nper = "day"\nusd = 9\n'
    found, problems = _standings(store, text + good)
    assert len(found) == bool(good)
    assert [told in problem for problem in problems] == [True]
    assert problems[0].startswith(str(store.path / FILE_NAME))


def test_without_budgets_there_is_nothing_to_say(tmp_path: Path) -> None:
    """No file, or one without a budget, is no problem."""
    assert budgets_of(read_settings(tmp_path), tmp_path) == ([], [])
    (tmp_path / FILE_NAME).write_text('[names]\nx = "y"\n', encoding="utf-8")
    assert budgets_of(read_settings(tmp_path), tmp_path) == ([], [])
