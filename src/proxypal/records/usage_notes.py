"""What an answer about usage cannot know, in numbers and in words for a person. Pure.

An answer without a note that touches its figures is exact. Must not enter: how it is shown.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from proxypal.records.labels import day_label, hour_label
from proxypal.records.local_range import LocalRange, days_label
from proxypal.records.usage_axes import UNDATED

NoteKind = Literal[
    "beforeTracking", "noHour", "noNames", "noDay", "widened", "uncovered", "unanswered"
]


class Coverage(msgspec.Struct, kw_only=True, frozen=True):
    """How far back the facts go, in local hours; `dropped_months` are labels (`2026-01`).

    From `cells_since_hour` on, hour and names of every request are known, but for what was dropped
    or imported as totals: that is given as facts of a day. What has no day is from before
    `undated_until_hour`.
    """

    tracked_since_hour: int | None = None
    cells_since_hour: int = 0
    undated_until_hour: int = 0
    dropped_months: frozenset[str] = frozenset()


class Note(msgspec.Struct, kw_only=True, frozen=True, rename="camel", omit_defaults=True):
    """One thing that an answer cannot know.

    `beforeTracking`: the range begins before anything was recorded. `noHour`, `noNames`, `noDay`:
    so many `requests` are known by day only, without model and key, or without a day; the text
    says whether they are left out. `widened`: percentiles are of whole days. `uncovered`: they
    do not cover all requests. `unanswered`: figures that are null, nothing else is touched.
    """

    kind: NoteKind
    text: str
    requests: int = 0
    since: str | None = None
    until: str | None = None


def is_exact(notes: Iterable[Note]) -> bool:
    """Whether every figure that is told is the one of all requests of the range."""
    return all(note.kind == "unanswered" for note in notes)


_NAMELESS = "have no provider, model, key and account"
_EFFECTS: dict[NoteKind, tuple[str, str]] = {
    "noHour": (
        "are known by the day only: they stand beside its hours",
        "are known by the day only: they are left out, for the range does not hold the whole day",
    ),
    "noNames": (
        f"{_NAMELESS}: they count as unknown",
        f"{_NAMELESS}: they are left out, for nobody can tell whether they are meant",
    ),
    "noDay": ("are listed as undated", "have no day: they are left out of every range"),
}
"""What becomes of them when they are counted, and when they are left out."""


class Unplaced:
    """Gathers the facts that bear on an answer and lack an hour, names or a day."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._found: dict[tuple[NoteKind, bool, str], tuple[int, int, int]] = {}

    def add(self, kind: NoteKind, day: int, requests: int, *, left_out: bool) -> None:
        """So many requests of a day (`UNDATED` for none); 0 for tokens and cost alone."""
        place = (kind, left_out, self._reason(day))
        first, last, before = self._found.get(place, (day, day, 0))
        self._found[place] = (min(first, day), max(last, day), before + requests)

    def _reason(self, day: int) -> str:
        if day == UNDATED:
            return "came from totals without a day"
        if day_label(day * 24)[:7] in self._coverage.dropped_months:
            return "the breakdown of the month was dropped"
        if day * 24 < self._coverage.cells_since_hour:
            return "the breakdown begins later"
        return "they came as totals of a day"

    def notes(self) -> list[Note]:
        """A note for each kind and reason."""
        notes = []
        for (kind, left_out, reason), (first, last, requests) in sorted(self._found.items()):
            dated = first != UNDATED
            when = f" of {days_label(first, last)}" if dated else ""
            what = f"{requests:,} requests" if requests else "Tokens and cost"
            notes.append(
                Note(
                    kind=kind,
                    text=f"{what}{when} {_EFFECTS[kind][left_out]} ({reason}).",
                    requests=requests,
                    since=day_label(first * 24) if dated else None,
                    until=day_label(last * 24) if dated else None,
                )
            )
        return notes


def tracking_note(asked: LocalRange, coverage: Coverage) -> list[Note]:
    """Whether the range begins before anything was recorded."""
    since, tracked = asked.since_hour, coverage.tracked_since_hour
    if since is None or tracked is None or since >= tracked:
        return []
    return [
        Note(
            kind="beforeTracking",
            text=f"Nothing is known from before {hour_label(tracked)}:00, when tracking began.",
            since=hour_label(since),
            until=hour_label(tracked),
        )
    ]


def percentile_notes(
    asked: LocalRange, *, any_known: bool, rows_known: bool, counted: int, requests: int
) -> list[Note]:
    """What has to be said of percentiles: `counted` durations beside so many `requests`."""
    kept = "Durations are kept by day, provider and model"
    if not any_known:
        text = f"{kept}: of these requests there are no percentiles."
        return [Note(kind="unanswered", text=text)]
    notes = []
    if not rows_known:
        text = f"{kept}: there are percentiles of the total, not of each group."
        notes.append(Note(kind="unanswered", text=text))
    if asked.touched_days != asked.whole_days:
        first, end = asked.touched_days
        since = None if first is None else day_label(first * 24)
        until = None if end is None else day_label((end - 1) * 24)
        span = " ".join([*(["from", since] if since else []), *(["to", until] if until else [])])
        text = f"Percentiles are those of the whole days {span}."
        notes.append(Note(kind="widened", text=text, since=since, until=until))
    elif counted < requests:
        text = f"Percentiles cover {counted:,} of {requests:,} requests; the others came as totals."
        notes.append(Note(kind="uncovered", text=text, requests=requests - counted))
    return notes
