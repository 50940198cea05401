"""What a connected reader notices now and then."""

from pathlib import Path

import pytest

from builders import NOW_MS, SetClock, a_store
from proxypal.errors import StoreBusy
from proxypal.service.queue_status import QueueStatus, StatusBoard
from proxypal.service.queue_vigil import Vigil
from proxypal.service.watch_events import Note, WatchEvent
from proxypal.store import Store


class Knowing(Store):
    """A store that was told how many requests of the log have a record."""

    answer: tuple[int, int] | Exception = (0, 0)
    asked: tuple[int, int] = (0, 0)

    def unjoined(self, since_ms: int, until_ms: int) -> tuple[int, int]:
        """See `RequestStore`."""
        self.asked = since_ms, until_ms
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Watched:
    """A vigil over a reader that has been connected for two minutes."""

    def __init__(self, store: Store) -> None:
        self.events: list[WatchEvent] = []
        self.clock = SetClock(NOW_MS + 120_000)
        status = QueueStatus(url="http://x", mode="polling RESP", connected_since=NOW_MS)
        self.board = StatusBoard(status)
        self.vigil = Vigil(self.board, store, self.clock, self.events.append)


@pytest.fixture
def store(tmp_path: Path) -> Knowing:
    return Knowing(tmp_path / "data", zone="UTC", clock=SetClock())


def test_another_consumer_is_noticed_once_and_its_end_too(store: Knowing) -> None:
    """2b.8: that the log shows requests whose records go elsewhere is told, and noted."""
    watched = Watched(store)
    store.answer = (0, 6)
    for _ in range(3):
        watched.vigil.look_for_records()
    assert store.asked == (NOW_MS - 1_000, NOW_MS + 90_000)
    assert len(watched.events) == 1
    assert watched.board.status.starved_since == NOW_MS - 1_000
    assert watched.board.status.missing_records == 6
    store.answer = (30, 1)
    watched.vigil.look_for_records()
    assert watched.board.status.starved_since is None


def test_a_young_connection_suspects_nobody(store: Knowing) -> None:
    """A record may still come: nothing is asked before half a minute has passed."""
    watched = Watched(store)
    watched.clock.now_ms = NOW_MS + 30_000
    store.answer = (0, 99)
    watched.vigil.look_for_records()
    assert watched.events == []
    store.answer, watched.clock.now_ms = StoreBusy(store.path, 1), NOW_MS + 120_000
    watched.vigil.look_for_records()
    assert watched.board.status.starved_since is None


def test_a_switch_that_is_off_is_told_and_when_it_is_on(tmp_path: Path) -> None:
    """Off at the start or off later; on is news only after it was off; no answer says nothing."""
    with a_store(tmp_path) as store:
        watched = Watched(store)
        for answer in (True, None, False, False, None, True, True):
            watched.vigil.note_statistics(answer)
        texts = [event.text for event in watched.events if isinstance(event, Note)]
    assert ["off" in text for text in texts] == [True, False]
    assert "usage-statistics-enabled: true" in texts[0]
    assert watched.board.status.statistics_enabled is True


def test_each_thing_has_its_own_time(tmp_path: Path) -> None:
    """What was looked at is not due again at once; what was not, is not due at the start."""
    with a_store(tmp_path) as store:
        vigil = Watched(store).vigil
        assert not vigil.is_due("a", 60)
        assert not vigil.is_due("b", 0.0) or vigil.is_due("b", 0.0)
        vigil.begin()
        assert not vigil.is_due("a", 60)
