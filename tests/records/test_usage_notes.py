"""What an answer cannot know, in numbers and words."""

import pytest

from proxypal.records.local_range import LocalRange
from proxypal.records.usage_axes import UNDATED
from proxypal.records.usage_notes import (
    Coverage,
    Note,
    Unplaced,
    is_exact,
    percentile_notes,
    tracking_note,
)

DAY = 20_454  # 2026-01-01
COVERAGE = Coverage(
    tracked_since_hour=DAY * 24 + 9,
    cells_since_hour=(DAY + 40) * 24,
    dropped_months=frozenset({"2026-01"}),
)


def test_a_note_counts_requests_and_names_their_days() -> None:
    """One note for each reason: how many, of which days, and what becomes of them."""
    unplaced = Unplaced(COVERAGE)
    for day, requests in ((DAY + 3, 5), (DAY + 1, 1000), (DAY + 33, 7), (DAY + 50, 2)):
        unplaced.add("noNames", day, requests, left_out=False)
    found = {(note.since, note.until, note.requests): note.text for note in unplaced.notes()}
    assert found.keys() == {
        ("2026-01-02", "2026-01-04", 1005),
        ("2026-02-03", "2026-02-03", 7),
        ("2026-02-20", "2026-02-20", 2),
    }
    dropped = found["2026-01-02", "2026-01-04", 1005]
    assert "1,005 requests of 2026-01-02 to 2026-01-04" in dropped
    assert "count as unknown" in dropped
    assert "dropped" in dropped
    assert "begins later" in found["2026-02-03", "2026-02-03", 7]
    assert "totals of a day" in found["2026-02-20", "2026-02-20", 2]


def test_what_is_left_out_and_what_is_not_are_two_notes() -> None:
    """A note never mixes what is counted with what is not."""
    unplaced = Unplaced(Coverage())
    unplaced.add("noHour", DAY, 1, left_out=True)
    unplaced.add("noHour", DAY, 2, left_out=False)
    unplaced.add("noDay", UNDATED, 3, left_out=True)
    assert sorted(note.requests for note in unplaced.notes()) == [1, 2, 3]
    assert [note.since for note in unplaced.notes() if note.kind == "noDay"] == [None]


def test_before_tracking_began_nothing_is_known() -> None:
    """A range that begins earlier says up to when; an open one begins with tracking."""
    (note,) = tracking_note(LocalRange(since_hour=DAY * 24), COVERAGE)
    assert (note.kind, note.since, note.until) == (
        "beforeTracking",
        "2026-01-01T00",
        "2026-01-01T09",
    )
    assert tracking_note(LocalRange(since_hour=DAY * 24 + 9), COVERAGE) == []
    assert tracking_note(LocalRange(), COVERAGE) == []
    assert tracking_note(LocalRange(since_hour=0), Coverage()) == []


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (DAY * 24 + 5, None, ("2026-01-01", None)),
        (None, DAY * 24 + 5, (None, "2026-01-01")),
        (DAY * 24, DAY * 24 + 30, ("2026-01-01", "2026-01-02")),
    ],
)
def test_percentiles_of_a_part_of_a_day_are_of_the_whole(
    since: int | None, until: int | None, days: tuple[str | None, str | None]
) -> None:
    """Durations are kept by day, so a range within one says which days they are of."""
    asked = LocalRange(since_hour=since, until_hour=until)
    (note,) = percentile_notes(asked, any_known=True, rows_known=True, counted=9, requests=5)
    assert (note.kind, note.since, note.until) == ("widened", *days)
    assert not is_exact([note])


def test_percentiles_that_cover_less_say_so() -> None:
    """Requests that came as totals have no durations of their own."""
    asked = LocalRange(since_hour=DAY * 24)
    (note,) = percentile_notes(asked, any_known=True, rows_known=True, counted=5, requests=9)
    assert (note.kind, note.requests) == ("uncovered", 4)
    assert percentile_notes(asked, any_known=True, rows_known=True, counted=9, requests=9) == []


def test_percentiles_nobody_can_tell_leave_the_rest_exact() -> None:
    """Figures that are null are explained; all others are what they say."""
    nothing = percentile_notes(
        LocalRange(since_hour=5), any_known=False, rows_known=False, counted=0, requests=9
    )
    total = percentile_notes(LocalRange(), any_known=True, rows_known=False, counted=9, requests=9)
    for notes in (nothing, total):
        assert [note.kind for note in notes] == ["unanswered"]
        assert is_exact(notes)
    assert is_exact([])
    assert not is_exact([Note(kind="noHour", text="")])
