"""Months: which days they have, and what changed of them since when."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY_MS, NOW_MS, a_request, a_store
from proxypal.store.months import changes_of, days_of, forget_changes, month_of, note_days
from proxypal.store.state import fresh_state
from proxypal.store.values import StoreSettings


@given(st.integers(-1000, 2_900_000))
def test_a_day_is_in_its_month_and_in_no_other(day: int) -> None:
    """Every day belongs to the month of its date, and months follow each other without a gap."""
    month = month_of(day)
    assert day in days_of(month)
    assert month_of(days_of(month).start - 1) < month < month_of(days_of(month).stop)


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "2026", "2026-01-01", "../../etc", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    """Only year and month make a month."""
    with pytest.raises(ValueError, match=r"month|format|range"):
        days_of(text)


def test_a_file_is_whole_from_the_last_change_on() -> None:
    """A month is changed until its file is written at the number of its change, or later."""
    state = fresh_state("s", 0, StoreSettings())
    state.sequence = 41
    note_days(state, [0, 31, 32])
    assert changes_of(state) == {"1970-01": 42, "1970-02": 42}
    state.sequence = 50
    note_days(state, [0])
    forget_changes(state, "1970-01", 50)
    forget_changes(state, "1970-02", 42)
    forget_changes(state, "1999-01", 42)
    assert changes_of(state) == {"1970-01": 51}


def test_every_way_of_counting_marks_its_months(tmp_path: Path) -> None:
    """Whatever moves a number of a month has it written again."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a"), a_request(timestamp=NOW_MS - 40 * DAY_MS)])
        marked = store._engine.read(lambda change: changes_of(change.state))
        assert set(marked) == {"2025-11", "2026-01"}
        store._engine.breakdown.now()
        assert store._engine.read(lambda change: changes_of(change.state)) == {}
        store.revise("a", {"timestamp": NOW_MS - 70 * DAY_MS})
        marked = store._engine.read(lambda change: changes_of(change.state))
        assert set(marked) == {"2025-10", "2026-01"}
