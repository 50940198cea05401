"""What the overview asks, and by which step of time."""

from decimal import Decimal
from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, a_request, a_store
from proxypal.records.usage_query import QueryWords
from proxypal.service.overview import (
    Asker,
    OverviewWords,
    breakdown,
    choices,
    headline,
    steps_for,
    usual_step,
)
from proxypal.service.settings_file import Settings
from proxypal.store import Store

TODAY = "2026-01-09"


def _asker(store: Store) -> Asker:
    return Asker(store, Settings(), NOW_MS, lambda _: 0)


def _steps(store: Store, first_day: str | None = "2020-01-01", **words: str) -> tuple[str, str]:
    query = _asker(store).meant(OverviewWords(**words).query())
    return usual_step(query, first_day), " ".join(steps_for(query, first_day))


def test_without_words_it_is_the_last_seven_days(tmp_path: Path) -> None:
    """The page opens with what somebody who opens it daily wants."""
    with a_store(tmp_path) as store:
        store.record([a_request(timestamp=NOW_MS - age * DAY_MS) for age in (0, 1, 6, 8)])
        found = headline(_asker(store), OverviewWords(), "2026-01-01")
        assert found.found.total.requests == 3


def test_filters_are_conditions_of_the_question() -> None:
    """A filter means in the page what it means in `stats --where`; `(none)` means nobody told."""
    words = OverviewWords(model="gpt-*", key="(none)", account="a|b")
    assert words.where == ["model=gpt-*", "key=", "account=a|b"]


def test_a_range_of_ones_own_goes_before_a_named_one() -> None:
    """`since` and `until` exclude the presets."""
    words = OverviewWords(range="7d", since="2026-01-01")
    assert words.query() == QueryWords(since="2026-01-01", where=[])


@pytest.mark.parametrize(
    ("words", "first_day", "usual", "offered"),
    [
        ({"range": "24h"}, "2020-01-01", "hour", "hour day"),
        ({"range": "7d"}, "2020-01-01", "day", "hour day"),
        ({"range": "30d"}, "2020-01-01", "day", "day week"),
        ({"range": "all"}, "2025-10-01", "week", "day week month"),
        ({"range": "all"}, "2016-01-01", "month", "week month"),
        ({"range": "all"}, TODAY, "hour", "hour"),
        ({"range": "all"}, None, "hour", "hour day"),
        ({"since": "2016-01-01"}, TODAY, "hour", "hour day"),
        ({"since": "2025-12-01", "until": "2025-12-02"}, "2020-01-01", "hour", "hour day"),
    ],
)
def test_the_step_fits_the_range(
    tmp_path: Path, words: dict[str, str], first_day: str | None, usual: str, offered: str
) -> None:
    """A day is shown by hours, years by months; no chart has thousands of bars."""
    with a_store(tmp_path) as store:
        assert _steps(store, first_day, **words) == (usual, offered)


def test_a_step_that_does_not_fit_is_not_taken(tmp_path: Path) -> None:
    """An old link with `step=hour` shows ten years by the month all the same."""
    with a_store(tmp_path) as store:
        found = headline(_asker(store), OverviewWords(range="all", step="hour"), "2016-01-01")
        assert found.step == "month"
        found = headline(_asker(store), OverviewWords(range="7d", step="hour"), "2016-01-01")
        assert found.step == "hour"


def test_every_breakdown_adds_up_to_the_headline(tmp_path: Path) -> None:
    """The figures of all charts are those of the same requests."""
    requests = [
        a_request(
            timestamp=NOW_MS - place * 5 * HOUR_MS,
            model=f"model-{place % 20}",
            provider=("claude", "openai")[place % 2],
            api_key=(None, "sk-…0XYZ")[place % 2],
            status=(200, 200, 429)[place % 3],
            cost_usd=Decimal(place),
        )
        for place in range(60)
    ]
    with a_store(tmp_path) as store:
        store.record(requests)
        words = OverviewWords()
        top = headline(_asker(store), words, "2025-12-01")
        found = breakdown(_asker(store), words, top)
        for answer in found[:5]:
            assert sum(row.requests or 0 for row in answer.rows) == top.found.total.requests
        for answer in (found.over_time, found.by_model, found.by_provider, found.by_key):
            assert sum(row.cost_usd or 0 for row in answer.rows) == top.found.total.cost_usd


def test_filters_offer_every_name_there_was(tmp_path: Path) -> None:
    """Names do not vanish from the filters because the range is short, or a filter is set."""
    with a_store(tmp_path) as store:
        store.record(
            [
                a_request(model="new", api_key="sk-…0XYZ"),
                a_request(model="new", api_key="sk-…7abc"),
                a_request(model="new", api_key="sk-…7abc"),
                a_request(model="old", timestamp=NOW_MS - 80 * DAY_MS, account="a…@b.example"),
            ]
        )
        found = choices(_asker(store), store.get_usage_stats())
    assert found["model"] == ["new", "old"]
    assert found["key"] == ["sk-…7abc", "", "sk-…0XYZ"]
    assert found["account"] == ["", "a…@b.example"]
