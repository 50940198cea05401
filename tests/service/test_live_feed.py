import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import a_request, a_store
from proxypal.errors import CannotWrite, StoreClosed
from proxypal.records.aggregate import RequestHistory
from proxypal.service.live_feed import (
    BYTES_KEPT,
    EVENTS_KEPT,
    TOTALS_EVERY_LOOKS,
    LiveEvent,
    LiveFeed,
)
from proxypal.service.source_states import Notice
from proxypal.store import Store
from watch_runs import until


class Watched:
    """A feed over a store, with notices to set."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.notices: list[Notice] = []
        self.feed = LiveFeed(store, lambda: self.notices)
        self.start = self.feed.number

    def look(self, times: int = 1) -> None:
        """Look so many times."""
        for _ in range(times):
            self.feed.look()

    def told(self, kind: str | None = None) -> list[Any]:
        """The data of the events since the beginning, of one kind or all."""
        events = self.feed.since(self.start)
        assert events is not None
        return [data_of(event) for event in events if kind in (None, event.kind)]


def data_of(event: LiveEvent) -> Any:
    """What an event says, decoded."""
    return msgspec.json.decode(event.data)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path / "data", history_limit=3) as opened:
        yield opened


def test_new_requests_are_told_in_order(store: Store) -> None:
    """A row that was recorded is told once, as `history.json` has it, the newest last."""
    store.record([a_request(id="old")])
    watched = Watched(store)
    store.record([a_request(id="a", timestamp=2), a_request(id="b", timestamp=3)])
    watched.look(2)
    (told,) = watched.told("requests")
    assert [row["id"] for row in told["rows"]] == ["a", "b"]
    assert told["rows"][0]["durationMs"] == 1234
    assert (told["changed"], told["gone"]) == ([], [])


def test_rows_of_another_process_are_told(tmp_path: Path, store: Store) -> None:
    """What `proxypal record` in another process adds is told like our own."""
    watched = Watched(store)
    with a_store(tmp_path / "data") as other:
        other.record([a_request(id="theirs")])
    watched.look()
    assert [row["id"] for row in watched.told("requests")[0]["rows"]] == ["theirs"]


def test_a_row_that_changes_is_told(store: Store) -> None:
    """Tokens that arrive after the log line change the row that is shown, they add none."""
    store.record([a_request(id="a", tokens_in=None, tokens_out=None)])
    watched = Watched(store)
    store.revise("a", {"tokens_in": 7})
    watched.look()
    (told,) = watched.told("requests")
    assert [(row["id"], row["tokensIn"]) for row in told["changed"]] == [("a", 7)]
    assert told["rows"] == []


def test_rows_that_go_are_told(store: Store) -> None:
    """A row pushed out by the limit goes, and all go when the history is cleared."""
    store.record([a_request(id=f"{n}", timestamp=n) for n in range(1, 4)])
    watched = Watched(store)
    store.record([a_request(id="4", timestamp=4)])
    watched.look()
    store.clear_request_history()
    watched.look()
    assert [told["gone"] for told in watched.told("requests")] == [["1"], ["2", "3", "4"]]


def test_totals_follow_once_a_second(store: Store) -> None:
    """However many requests come, totals are told every fourth look, and the last is exact."""
    watched = Watched(store)
    for number in range(TOTALS_EVERY_LOOKS * 2 - 1):
        store.record([a_request(id=str(number))])
        watched.look()
    watched.look()
    totals = watched.told("totals")
    assert len(totals) == 2
    assert totals[-1]["totalRequests"] == TOTALS_EVERY_LOOKS * 2 - 1
    assert "requestsByDay" not in totals[-1]


def test_nothing_is_told_while_nothing_changes(store: Store) -> None:
    """A quiet store makes no events."""
    watched = Watched(store)
    watched.look(20)
    assert watched.told() == []


def test_numbers_grow_by_one(store: Store) -> None:
    """Each event has the next number, and after any of them exactly the later ones follow."""
    watched = Watched(store)
    for number in range(5):
        store.record([a_request(id=str(number))])
        watched.look()
    events = watched.feed.since(watched.start)
    assert events is not None
    boot, _, first = events[0].number.partition("-")
    numbers = [f"{boot}-{int(first) + n}" for n in range(len(events))]
    assert [event.number for event in events] == numbers
    assert watched.feed.since(numbers[1]) == events[2:]
    assert watched.feed.since(watched.feed.number) == []


@pytest.mark.parametrize(
    "number", ["", "x", "1", "-", "{boot}", "{boot}-", "{boot}-x", "{boot}-99"]
)
def test_a_number_that_means_nothing_begins_anew(store: Store, number: str) -> None:
    """A number of another run, of the future or of nobody is answered by a snapshot."""
    watched = Watched(store)
    boot = watched.start.partition("-")[0]
    assert watched.feed.since(number.format(boot=boot)) is None
    assert watched.feed.since(f"00000000-{watched.start.partition('-')[2]}") is None


def test_a_long_break_begins_anew(store: Store) -> None:
    """What is kept is bounded in number; whoever was away for longer is told so."""
    watched = Watched(store)
    for number in range(EVENTS_KEPT + 1):
        watched.notices = [Notice("a", "warning", str(number))]
        watched.look()
    assert watched.feed.since(watched.start) is None
    boot = watched.start.partition("-")[0]
    later = watched.feed.since(f"{boot}-1")
    assert later is not None
    assert len(later) == EVENTS_KEPT


def test_what_is_kept_is_bounded_in_bytes(store: Store) -> None:
    """A flood of large rows cannot fill the memory."""
    watched = Watched(store)
    for number in range(12):
        watched.notices = [Notice("a", "warning", str(number) * (BYTES_KEPT // 8))]
        watched.look()
    assert watched.feed.since(watched.start) is None
    kept = watched.feed.since(f"{watched.start.partition('-')[0]}-9")
    assert kept is not None
    assert len(kept) == 3


def test_notices_are_told_when_they_change(store: Store) -> None:
    """A warning is told once as part of the whole list, and so is its end."""
    watched = Watched(store)
    watched.notices = [Notice("store", "error", "Storage full")]
    watched.look(3)
    watched.notices = []
    watched.look(3)
    assert watched.told("notices") == [
        [{"id": "store", "level": "error", "text": "Storage full"}],
        [],
    ]


def test_a_notice_shown_between_two_looks_is_taken_back(store: Store) -> None:
    """A page that was rendered with a warning is told that it is over, if nobody saw it begin."""
    watched = Watched(store)
    watched.notices = [Notice("log", "warning", "No log yet")]
    assert list(watched.feed.notices()) == watched.notices
    shown = watched.feed.number
    watched.notices = []
    watched.look()
    after = watched.feed.since(shown)
    assert after is not None
    assert [(event.kind, data_of(event)) for event in after] == [("notices", [])]


def test_rows_shown_between_two_looks_are_taken_back(store: Store) -> None:
    """A page that shows a row which came and went between two looks is told to look again."""
    watched = Watched(store)
    store.record([a_request(id="a")])
    shown = watched.feed.number
    store.clear_request_history()
    watched.look()
    after = watched.feed.since(shown)
    assert after is not None
    assert "requests" in [event.kind for event in after]


def test_a_snapshot_goes_on_by_its_number(store: Store) -> None:
    """A snapshot has totals and notices, and what happens after it follows its number."""
    watched = Watched(store)
    store.record([a_request(id="a")])
    watched.look()
    watched.notices = [Notice("x", "warning", "y")]
    snapshot = watched.feed.snapshot()
    assert data_of(snapshot)["totals"]["totalRequests"] == 1
    assert [notice["id"] for notice in data_of(snapshot)["notices"]] == ["x"]
    store.record([a_request(id="b")])
    watched.look()
    after = watched.feed.since(snapshot.number)
    assert after is not None
    told = [data_of(event) for event in after if event.kind == "requests"]
    assert [row["id"] for row in told[0]["rows"]] == ["b"]


def test_each_event_is_made_once_for_all(store: Store) -> None:
    """Twenty who watch get the very same bytes."""
    watched = Watched(store)
    store.record([a_request(id="a")])
    watched.look()
    first, second = watched.feed.since(watched.start), watched.feed.since(watched.start)
    assert first is not None
    assert second is not None
    assert first[0].data is second[0].data


def test_what_cannot_be_read_is_made_up_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store cannot be read the feed lives on, and tells everything when it can again."""
    watched = Watched(store)
    store.record([a_request(id="a")])

    def fail(limit: int | None = None) -> RequestHistory:
        raise CannotWrite(store.path, f"input/output error {limit}")

    monkeypatch.setattr(store, "get_request_history", fail)
    watched.look()
    assert watched.told() == []
    monkeypatch.undo()
    watched.look()
    assert [row["id"] for row in watched.told("requests")[0]["rows"]] == ["a"]


def test_it_sleeps_while_nobody_watches(store: Store) -> None:
    """Without anybody who watches nothing is made; the first one finds what happened meanwhile."""
    watched = Watched(store)
    feed, stop, news = watched.feed, threading.Event(), threading.Event()
    thread = threading.Thread(target=feed.run, args=(stop,))
    thread.start()
    try:
        store.record([a_request(id="a")])
        with feed.watched(news.set):
            assert news.wait(20)
            assert [row["id"] for row in watched.told("requests")[0]["rows"]] == ["a"]
            assert feed.watchers == 1
        assert feed.watchers == 0
    finally:
        stop.set()
        feed.close()
        thread.join(20)
    assert not thread.is_alive()


def test_the_end_wakes_everybody(store: Store) -> None:
    """Whoever watches is woken when the feed ends, and finds it closed."""
    feed, stop, woken = Watched(store).feed, threading.Event(), threading.Event()
    thread = threading.Thread(target=feed.run, args=(stop,))
    with feed.watched(woken.set):
        thread.start()
        stop.set()
        until(lambda: feed.is_closed)
        assert woken.wait(20)
    thread.join(20)


def test_a_closed_store_ends_it(store: Store) -> None:
    """A mistake of the program is not waited out in silence."""
    watched = Watched(store)
    store.close()
    with pytest.raises(StoreClosed):
        watched.look()
