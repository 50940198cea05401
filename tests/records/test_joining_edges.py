"""Among several requests with one id, and at the very edges in time: which one is meant."""

from typing import Any

import pytest

from builders import NOW_MS, a_line, an_attempt
from proxypal.records.joining_rule import (
    NEW,
    RETRY_WITHIN_MS,
    Mark,
    Place,
    Verdict,
    attempt_mark,
    line_mark,
    place_attempt,
    place_line,
    request_of,
    with_line,
)

FAILED: dict[str, Any] = {"failed": True, "status": 502}
SOCKET: dict[str, Any] = {"method": "GET", "route": "/v1/responses"}
SOCKET_LINE: dict[str, Any] = {"method": "GET", "path": "/v1/responses", "duration_ms": 60_000}


def turn(seconds_ago: int, **changes: Any) -> Mark:
    """A turn of a socket that started so long ago."""
    return attempt_mark(an_attempt(started_ms=NOW_MS - seconds_ago * 1_000, **SOCKET, **changes))


def both(started_ms: int, **changes: Any) -> Mark:
    """A request both sources told of; its line takes five seconds from the attempt's start."""
    attempt = an_attempt(started_ms=started_ms, **changes)
    line = a_line(started_ms + 5_000, duration_ms=5_000)
    return with_line(request_of(attempt), attempt_mark(attempt), line)[1]


@pytest.mark.parametrize("apart_ms", [-RETRY_WITHIN_MS, RETRY_WITHIN_MS])
def test_a_retry_is_one_to_the_very_end_of_its_time(apart_ms: int) -> None:
    """Exactly the time allowed before and after still counts, a millisecond more does not."""
    known = [attempt_mark(an_attempt(started_ms=NOW_MS, latency_ms=0, **FAILED))]
    for more_ms, is_new in ((0, False), (1, True)):
        started_ms = NOW_MS + apart_ms + (more_ms if apart_ms > 0 else -more_ms)
        assert (place_attempt(an_attempt(2, started_ms), known) == NEW) is is_new


@pytest.mark.parametrize("apart_ms", [-2_000, 2_000])
def test_without_an_id_two_seconds_apart_is_together(apart_ms: int) -> None:
    """Record and line without an id belong together if they end within two seconds."""
    attempt = an_attempt(started_ms=NOW_MS - 1_000, request_id=None)
    for more_ms, is_same in ((0, True), (1, False)):
        ended_ms = NOW_MS + apart_ms + (more_ms if apart_ms > 0 else -more_ms)
        line = a_line(ended_ms, request_id=None, duration_ms=9_000)
        first = Verdict(Place.FIRST, 0) if is_same else NEW
        joined = Verdict(Place.JOIN, 0) if is_same else NEW
        assert place_attempt(attempt, [line_mark(line)]) == first
        assert place_line(line, [attempt_mark(attempt)]) == joined


def test_a_pushed_request_takes_no_fact() -> None:
    """A program that pushed a request told all of it; a socket with its id changes nothing."""
    for is_socket in (False, True):
        changes = SOCKET if is_socket else {}
        assert place_attempt(an_attempt(**changes), [Mark(is_socket=is_socket)]) == NEW
    assert place_attempt(an_attempt(**SOCKET), [line_mark(a_line())]) == NEW
    assert place_line(a_line(**SOCKET_LINE), [attempt_mark(an_attempt())]) == NEW
    assert place_line(a_line(), [turn(2)]) == NEW


def test_a_line_decides_for_a_request_of_attempts_too() -> None:
    """With a line known, its span counts, not a quarter of an hour."""
    known = both(NOW_MS - 60_000, **FAILED)
    assert place_attempt(an_attempt(2, NOW_MS - 58_000), [known]) == Verdict(Place.RETRY, 0)
    assert place_attempt(an_attempt(2, NOW_MS - 30_000), [known]) == NEW


def test_a_socket_that_has_turns_takes_more_whenever_they_come() -> None:
    """The line of a socket is one turn's; a failed turn is retried long after that line."""
    line = a_line(NOW_MS - 60_000, **{**SOCKET_LINE, "duration_ms": 1_000})
    attempt = an_attempt(started_ms=NOW_MS - 60_500, latency_ms=100, **SOCKET, **FAILED)
    _, known = with_line(request_of(attempt), attempt_mark(attempt), line)
    assert place_attempt(an_attempt(2, NOW_MS, **SOCKET), [known]) == Verdict(Place.RETRY, 0)


def test_of_requests_with_one_id_the_newest_goes_on() -> None:
    """Without a line, a retry belongs to the request whose last attempt is the newest."""
    old = attempt_mark(an_attempt(started_ms=NOW_MS - 20_000, **FAILED))
    new = attempt_mark(an_attempt(started_ms=NOW_MS - 10_000, **FAILED))
    for known, place in (([old, new], 1), ([new, old], 0)):
        assert place_attempt(an_attempt(9), known) == Verdict(Place.RETRY, place)


def test_a_request_whose_line_spans_the_attempt_comes_first() -> None:
    """An extra record goes to the served request it lies in, not to a newer one without a line."""
    spanning = both(NOW_MS - 5_000)
    newer = attempt_mark(an_attempt(started_ms=NOW_MS - 3_000))
    for known, place in (([spanning, newer], 0), ([newer, spanning], 1)):
        assert place_attempt(an_attempt(9), known) == Verdict(Place.EXTRA, place)


def test_a_served_record_told_late_is_an_extra() -> None:
    """A record from before the last attempt, both served, adds tokens and no attempt."""
    known = attempt_mark(an_attempt(started_ms=NOW_MS - 1_000))
    other = line_mark(a_line(NOW_MS - 3_600_000))
    assert place_attempt(an_attempt(9), [other, known]) == Verdict(Place.EXTRA, 1)
    failed = attempt_mark(an_attempt(started_ms=NOW_MS - 1_000, **FAILED))
    assert place_attempt(an_attempt(9), [other, failed]) == Verdict(Place.EARLIER, 1)
    assert place_attempt(an_attempt(9, **FAILED), [other, known]) == Verdict(Place.EARLIER, 1)


def test_a_retry_on_a_socket_goes_to_the_turn_before_it() -> None:
    """The newest turn before the attempt decides: a failed one is retried, a served one is over."""
    tried = an_attempt(9, NOW_MS - 5_000, **SOCKET)
    failed_last = [turn(6, **FAILED), turn(20), turn(9)]
    assert place_attempt(tried, failed_last) == Verdict(Place.RETRY, 0)
    assert place_attempt(tried, failed_last[::-1]) == Verdict(Place.RETRY, 2)
    assert place_attempt(tried, [turn(20, **FAILED), turn(6), turn(9, **FAILED)]) == NEW
    assert place_attempt(tried, [turn(5, **FAILED)]) == Verdict(Place.RETRY, 0)
    assert place_attempt(tried, [turn(2, **FAILED)]) == NEW


def test_a_failure_on_a_socket_told_late_belongs_to_the_turn_after_it() -> None:
    """What failed was tried again: the oldest turn that follows is the one it delayed."""
    failed = an_attempt(9, NOW_MS - 5_000, **SOCKET, **FAILED)
    assert place_attempt(failed, [turn(1), turn(4), turn(3)]) == Verdict(Place.EARLIER, 1)
    assert place_attempt(failed, [turn(8), turn(1), turn(4)]) == Verdict(Place.EARLIER, 2)
    assert place_attempt(failed, [turn(8)]) == NEW
    assert place_attempt(failed, [turn(5)]) == NEW


def test_a_line_goes_to_the_request_that_ended_with_it() -> None:
    """Of several attempts in a line's span, the one that ended when the line did is its own."""
    line = a_line(NOW_MS, duration_ms=30_000)
    known = [
        attempt_mark(an_attempt(started_ms=NOW_MS - 20_000)),
        attempt_mark(an_attempt(started_ms=NOW_MS - 900)),
        attempt_mark(an_attempt(started_ms=NOW_MS - 9_000)),
    ]
    assert place_line(line, known) == Verdict(Place.JOIN, 1)
    assert place_line(line, known[::-1]) == Verdict(Place.JOIN, 1)
    assert place_line(line, known[::2]) == Verdict(Place.JOIN, 1)
    assert place_line(line, [known[1], known[0]]) == Verdict(Place.JOIN, 0)
    assert place_line(a_line(NOW_MS, **SOCKET_LINE), [turn(20), turn(1), turn(9)]) == Verdict(
        Place.KNOWN, 1
    )
