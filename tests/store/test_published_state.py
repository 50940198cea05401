"""What a rebuilt store is told by the pair of files about itself: every mark, as it stood."""

import msgspec

from builders import NOW_MS
from proxypal.store.publication import Moment, read_published, render_aggregate, render_history
from proxypal.store.state import fresh_state
from proxypal.store.values import QueueState, StoreSettings


def a_moment() -> Moment:
    """A snapshot in which no mark has the value it has in a new store."""
    state = fresh_state("ab" * 16, NOW_MS, StoreSettings(history_limit=77, zone="UTC"))
    state.sequence, state.epoch, state.live_epochs = 9_000, 5, [2, 5]
    state.reset_sequence, state.generation, state.watermark_ms = 7_000, 6, NOW_MS - 8
    state.cells_since, state.sketches_since = 480_000, 20_001
    return Moment(
        state=state,
        sums={},
        rows=[(8_998, b'{"id":"a"}'), (9_000, b'{"id":"b"}')],
        positions=[],
        fingerprints=[("f1", "20260101T000000.000Z-import")],
        undo_log=[],
        queues=[
            QueueState(
                source="http://127.0.0.1:8317",
                status=b'{"mode":"polling"}',
                records=4,
                updated_at=NOW_MS,
            )
        ],
        covered=[("queue q", 1, 2)],
        gaps=[("log a", None, 5, "rotated away", 6)],
        breakdown={"2026-01": 8_000},
        dropped_months=[("2025-01", 3, ["this"])],
    )


def test_the_aggregate_carries_every_mark_of_the_store() -> None:
    """Epochs, generation, what is complete since when, spans, gaps and months: none is left out."""
    moment = a_moment()
    told = read_published(render_aggregate(moment))
    assert told is not None
    for name in ("sequence", "store_id", "epoch", "live_epochs", "reset_sequence", "generation"):
        assert getattr(told, name) == getattr(moment.state, name), name
    for name in ("watermark_ms", "settings", "cells_since", "sketches_since"):
        assert getattr(told, name) == getattr(moment.state, name), name
    for name in ("fingerprints", "covered", "gaps", "breakdown", "dropped_months"):
        assert getattr(told, name) == getattr(moment, name), name
    assert [queue.source for queue in told.queues] == ["http://127.0.0.1:8317"]


def test_the_history_carries_its_rows_numbers_and_whose_they_are() -> None:
    """From the history alone it is known which store's rows these are, and from which epoch."""
    moment = a_moment()
    told = read_published(render_history(moment))
    assert told is not None
    assert told.arrivals == "8998,9000"
    assert (told.store_id, told.epoch, told.live_epochs) == ("ab" * 16, 5, [2, 5])
    assert (told.sequence, told.reset_sequence) == (9_000, 7_000)


def test_a_store_without_a_breakdown_says_so() -> None:
    """None is not the same as no month: a store of an old version has nothing to say of months."""
    moment = a_moment()
    either: tuple[dict[str, int] | None, ...] = (None, {})
    for breakdown in either:
        told = read_published(
            render_aggregate(msgspec.structs.replace(moment, breakdown=breakdown))
        )
        assert told is not None
        assert told.breakdown == breakdown
