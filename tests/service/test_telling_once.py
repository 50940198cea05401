"""A request that two sources tell of is shown once."""

from builders import NOW_MS, a_request
from proxypal.records.request import RequestLog
from proxypal.service.telling_once import TellingOnce
from proxypal.service.watch_events import CaughtUp, Recorded, WatchEvent

QUEUE, LOG = "queue http://127.0.0.1:8317", "main.log"


def told(*events: WatchEvent) -> list[WatchEvent]:
    shown: list[WatchEvent] = []
    once = TellingOnce(shown.append)
    for event in events:
        once.tell(event)
    return shown


def ended(request_id: str | None, after_ms: int = 0) -> RequestLog:
    return a_request(request_id=request_id, timestamp=NOW_MS + after_ms, duration_ms=1_000)


def test_the_access_line_of_a_record_is_not_told_again() -> None:
    """The second source adds to the request that was shown; another request stays."""
    first = Recorded(QUEUE, [ended("a1b2c3d4")], 0)
    events = told(first, Recorded(LOG, [ended("a1b2c3d4", 400), ended("99999999")], 0))
    assert events == [first, Recorded(LOG, [ended("99999999")], 0)]
    assert told(first, Recorded(LOG, [ended("a1b2c3d4")], 0)) == [first]


def test_a_record_of_an_access_line_is_not_told_again() -> None:
    """The same where the line is told first; further turns of a socket are told too."""
    first = Recorded(LOG, [ended("a1b2c3d4", 400)], 0)
    turns = [ended("a1b2c3d4", after_ms) for after_ms in (0, 100, 200)]
    events = told(first, Recorded(QUEUE, turns[:1], 0), Recorded(QUEUE, turns[1:], 0))
    assert events == [first, Recorded(QUEUE, turns[1:], 0)]
    events = told(Recorded(QUEUE, turns, 0), first)
    assert events == [Recorded(QUEUE, turns, 0)]


def test_ids_of_version_8_are_the_same_id() -> None:
    """The log shows the last eight characters of the record's UUID."""
    first = Recorded(QUEUE, [ended("0198f3a2-aaaa-7bbb-8ccc-1234a1b2c3d4")], 0)
    assert told(first, Recorded(LOG, [ended("a1b2c3d4")], 0)) == [first]


def test_an_id_that_comes_again_later_is_another_request() -> None:
    """Ids repeat; times tell them apart."""
    events = [
        Recorded(QUEUE, [ended("a1b2c3d4")], 0),
        Recorded(LOG, [ended("a1b2c3d4", 60_000)], 0),
    ]
    assert told(*events) == events


def test_everything_else_is_passed_on() -> None:
    """Requests of one source alone, without an id, or told by the log first."""
    events: list[WatchEvent] = [
        Recorded(LOG, [ended("a1b2c3d4"), ended(None)], 0),
        Recorded(QUEUE, [ended(None)], 0),
        Recorded(LOG, [ended(None)], 0),
        CaughtUp(1, 2, 3),
    ]
    assert told(*events) == events
