"""A line whose request can no longer be revised: counted before from the queue, or new?"""

from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_line, a_request, a_store, an_attempt
from proxypal.store.values import Span, StoreSettings
from telling import Log, books, is_sound, told

SOCKET = {"method": "GET", "path": "/v1/responses"}
WINDOW_MS = StoreSettings().join_window_ms
OLD_MS = NOW_MS - WINDOW_MS - HOUR_MS
"""A moment the join window does not reach any more."""


def test_each_joined_and_each_seen_line_is_told_of(tmp_path: Path) -> None:
    """The watcher's figures: two lines that joined are two, and so are two seen before."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        told(store, *(an_attempt(n, request_id=f"{n:08x}") for n in range(1, 5)))
        log = Log(store)
        outcome = log.says(a_line(request_id="00000001"), a_line(request_id="00000002"))
        assert (outcome.recorded, outcome.joined, outcome.seen) == (0, 2, 0)
        clock.now_ms += 2 * WINDOW_MS
        outcome = log.says(a_line(request_id="00000003"), a_line(request_id="00000004"))
        assert (outcome.recorded, outcome.joined, outcome.seen) == (0, 0, 2)
        assert books(store)[0] == 4


def test_without_ids_only_lines_of_the_same_path_join(tmp_path: Path) -> None:
    """Old proxies give no ids: method and path have to be the same, the end about the same."""
    with a_store(tmp_path) as store:
        told(store, an_attempt(request_id=None, route="/v1/messages"))
        log = Log(store)
        other = a_line(request_id=None, path="/v1/chat/completions")
        assert log.says(other).recorded == 1
        assert log.says(a_line(request_id=None, path="/v1/messages")).joined == 1
        assert is_sound(store)


@pytest.mark.parametrize(
    ("lasted_ms", "covered", "is_seen"),
    [
        pytest.param(600_000, (-600_000, 0), True, id="all of it"),
        pytest.param(600_000, (-600_000, -60_000), True, id="to the last minute"),
        pytest.param(600_000, (-600_000, -60_001), False, id="not to the last minute"),
        pytest.param(600_000, (-599_999, 0), False, id="not its beginning"),
        pytest.param(30_000, (-40_000, -30_000), True, id="a short one from its beginning"),
        pytest.param(30_000, (-60_000, -40_000), False, id="a short one not at all"),
    ],
)
def test_an_old_socket_was_counted_where_the_queue_was_read(
    lasted_ms: int, covered: tuple[int, int], *, is_seen: bool, tmp_path: Path
) -> None:
    """All turns of a socket were told of if the queue was read from its beginning to its end.

    A queue says at least once a minute that it is read, so the last minute may be missing.
    """
    with a_store(tmp_path) as store:
        told(store, covered=Span(OLD_MS + covered[0], OLD_MS + covered[1]))
        outcome = Log(store).says(a_line(OLD_MS, duration_ms=lasted_ms, **SOCKET))
        assert (outcome.recorded, outcome.seen) == ((0, 1) if is_seen else (1, 0))


def test_only_an_opened_socket_is_known_from_its_turns(tmp_path: Path) -> None:
    """A socket that was refused, and a POST to the same path, are requests of their own."""
    with a_store(tmp_path) as store:
        told(store, covered=Span(OLD_MS - HOUR_MS, OLD_MS + HOUR_MS))
        log = Log(store)
        lines = [
            a_line(OLD_MS, status=401, **SOCKET),
            a_line(OLD_MS, request_id="00000002", method="POST", path="/v1/responses"),
            a_line(OLD_MS, request_id="00000003", method="GET", path="/v1/models"),
        ]
        assert [(log.says(line).recorded) for line in lines] == [1, 1, 1]


def test_an_id_of_the_window_that_has_its_line_is_used_again(tmp_path: Path) -> None:
    """To the very edge of the window it is another request; beyond, nobody can tell them apart."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        told(store, an_attempt())
        log = Log(store)
        assert log.says(a_line()).joined == 1
        clock.now_ms = a_line().timestamp - a_line().duration_ms + WINDOW_MS
        assert log.says(a_line()).recorded == 1
        clock.now_ms += 1
        assert log.says(a_line()).seen == 1


def test_a_line_of_centuries_was_told_on_any_of_its_days(tmp_path: Path) -> None:
    """Go's longest duration, 292 years: the request's id may be of any of them."""
    longest_ms = 9_223_372_036_854
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        told(store, an_attempt())
        log = Log(store)
        assert log.says(a_line()).joined == 1
        clock.now_ms += 400 * DAY_MS
        line = a_line(clock.now_ms, duration_ms=longest_ms)
        other = a_line(clock.now_ms, duration_ms=longest_ms, request_id="00000009")
        outcome = log.says(line, other)
        assert (outcome.seen, outcome.recorded) == (1, 1)
        assert is_sound(store)


def test_an_id_of_the_next_day_says_nothing_of_today(tmp_path: Path) -> None:
    """A line is looked for on the days it lasted, not on those around."""
    with a_store(tmp_path, clock=SetClock(NOW_MS + 5 * DAY_MS)) as store:
        told(store, an_attempt(started_ms=NOW_MS + DAY_MS))
        log = Log(store)
        assert log.says(a_line(NOW_MS)).recorded == 1
        assert log.says(a_line(NOW_MS + 2 * DAY_MS)).recorded == 1
        assert log.says(a_line(NOW_MS + 2 * DAY_MS, duration_ms=DAY_MS)).seen == 1


def test_a_full_window_no_longer_knows_all_its_time(tmp_path: Path) -> None:
    """Under heavy load the window is cut: what has left it is recognised by its id alone."""
    size = StoreSettings().join_window_requests
    with a_store(tmp_path, history_limit=10) as store:
        told(store, an_attempt())
        log = Log(store)
        assert log.says(a_line()).joined == 1
        pushed = [a_request(timestamp=NOW_MS - 100, duration_ms=n) for n in range(size - 1)]
        store.record(pushed)
        assert log.says(a_line()).recorded == 1, "the window still has all: an id used again"
        for _ in range(2):
            store.record(pushed)
        assert log.says(a_line()).seen == 1
