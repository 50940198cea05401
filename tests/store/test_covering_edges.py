"""Where a covered span begins and ends, to the millisecond, and which spans outlive a rebuild."""

import pytest

from cell_databases import a_database
from proxypal.store.covering import (
    TOUCHING_MS,
    add_span,
    extend_span,
    is_covered,
    newest_spans,
)
from proxypal.store.values import Span

DAY_MS = 86_400_000


@pytest.mark.parametrize("first", [Span(10_000, 20_000), Span(30_000, 40_000)])
def test_a_second_between_two_spans_is_the_most(first: Span) -> None:
    """Whichever comes first: a second apart they are one, a millisecond more and they are two."""
    for apart_ms, spans in ((TOUCHING_MS, 1), (TOUCHING_MS + 1, 2)):
        begins_ms = 20_000 + apart_ms
        both = [Span(10_000, 20_000), Span(begins_ms, 40_000)]
        with a_database() as connection:
            for span in both if first.from_ms == 10_000 else both[::-1]:
                add_span(connection, "log a", span)
            assert len(newest_spans(connection)) == spans


def test_one_span_can_close_several_gaps() -> None:
    """What was two spans and lies around a third is one from the first to the last moment."""
    with a_database() as connection:
        add_span(connection, "log a", Span(0, 10_000))
        add_span(connection, "log a", Span(50_000, 90_000))
        add_span(connection, "log b", Span(0, 5))
        add_span(connection, "log a", Span(10_500, 49_500))
        assert newest_spans(connection) == [("log a", 0, 90_000), ("log b", 0, 5)]
        add_span(connection, "log a", Span(20_000, 30_000))
        assert newest_spans(connection) == [("log a", 0, 90_000), ("log b", 0, 5)]


def test_a_pause_of_a_day_is_covered_and_not_a_millisecond_more() -> None:
    """A log read from its beginning vouches for a day before it; one read on, for all of it."""
    for pause_ms, is_continued, is_whole in (
        (DAY_MS, False, True),
        (DAY_MS + 1, False, False),
        (DAY_MS + 1, True, True),
    ):
        with a_database() as connection:
            extend_span(connection, "log a", Span(0, 10_000), is_continued=False)
            extend_span(connection, "log b", Span(0, 10_000 + DAY_MS), is_continued=False)
            begins_ms = 10_000 + pause_ms
            extend_span(connection, "log a", Span(begins_ms, begins_ms), is_continued=is_continued)
            assert is_covered(connection, "log a", 0, begins_ms) is is_whole


def test_what_is_read_again_covers_nothing_new() -> None:
    """A batch that begins before the last one ended is not stretched back to what lies later."""
    with a_database() as connection:
        extend_span(connection, "log a", Span(500_000, 600_000), is_continued=False)
        extend_span(connection, "log a", Span(100_000, 200_000), is_continued=True)
        assert newest_spans(connection) == [
            ("log a", 100_000, 200_000),
            ("log a", 500_000, 600_000),
        ]
        extend_span(connection, "log a", Span(200_000, 300_000), is_continued=True)
        assert newest_spans(connection)[0] == ("log a", 100_000, 300_000)


def test_the_ends_of_a_span_belong_to_it() -> None:
    """Its first and its last millisecond are covered; those beside them are not."""
    with a_database() as connection:
        add_span(connection, "import x", Span(1_000, 2_000))
        assert is_covered(connection, "import ", 1_000, 2_000)
        assert not is_covered(connection, "import ", 999, 2_000)
        assert not is_covered(connection, "import ", 1_000, 2_001)
        assert not is_covered(connection, "import y", 1_500, 1_500)
        assert not is_covered(connection, "impor!", 1_500, 1_500)


def test_a_rebuilt_store_is_told_of_the_newest_spans() -> None:
    """A hundred at most: those that ended last, whatever their source, in an order that stays."""
    with a_database() as connection:
        for number in range(120):
            add_span(connection, f"log {number % 2}", Span(number * 10_000, number * 10_000 + 7))
        spans = newest_spans(connection)
        assert len(spans) == 100
        assert spans == sorted(spans)
        assert {from_ms // 10_000 for _, from_ms, _ in spans} == set(range(20, 120))
        assert all(until_ms - from_ms == 7 for _, from_ms, until_ms in spans)
