"""The table of cases, row by row, and the times between which an id means the same request."""

from decimal import Decimal
from typing import Any

import pytest

from builders import NOW_MS, a_line, an_attempt
from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.joining_rule import (
    BOTH,
    Mark,
    Place,
    attempt_mark,
    is_socket,
    line_mark,
    mark_of,
    place_attempt,
    place_line,
    request_of,
    with_attempt,
    with_line,
)
from proxypal.records.request import RequestLog

SOCKET: dict[str, Any] = {"method": "GET", "route": "/v1/responses"}
SOCKET_LINE: dict[str, Any] = {"method": "GET", "path": "/v1/responses", "duration_ms": 60_000}
FAILED: dict[str, Any] = {"failed": True, "status": 502}


def after(*attempts: Attempt) -> Mark:
    """The mark of a request that these attempts came to, in their order."""
    request, mark = request_of(attempts[0]), attempt_mark(attempts[0])
    for attempt in attempts[1:]:
        place = place_attempt(attempt, [mark]).place
        _, mark = with_attempt(request, mark, attempt, place)
    return mark


LATER = NOW_MS - 500

ATTEMPT_CASES = [
    pytest.param([], {}, Place.NEW, id="nothing known"),
    pytest.param([line_mark(a_line())], {}, Place.FIRST, id="line only"),
    pytest.param([after(an_attempt(**FAILED))], {}, Place.RETRY, id="failed before"),
    pytest.param([after(an_attempt())], {}, Place.EXTRA, id="succeeded before"),
    pytest.param(
        [after(an_attempt(started_ms=LATER))], FAILED, Place.EARLIER, id="failed earlier, told late"
    ),
    pytest.param([after(an_attempt(**SOCKET))], SOCKET, Place.NEW, id="next turn"),
    pytest.param([after(an_attempt(**SOCKET, **FAILED))], SOCKET, Place.RETRY, id="turn retried"),
    pytest.param(
        [line_mark(a_line(**SOCKET_LINE))], SOCKET, Place.FIRST, id="the socket's line was the turn"
    ),
    pytest.param([after(an_attempt())], SOCKET, Place.NEW, id="a socket is no POST"),
    pytest.param([Mark()], {}, Place.NEW, id="pushed requests are complete"),
    pytest.param(
        [after(an_attempt(request_id=None))], {"request_id": None}, Place.NEW, id="no ids, no line"
    ),
    pytest.param(
        [line_mark(a_line(NOW_MS - 1_000, request_id=None))],
        {"request_id": None},
        Place.FIRST,
        id="no id, ended together",
    ),
    pytest.param(
        [line_mark(a_line(NOW_MS + 1_500, request_id=None, duration_ms=9_000))],
        {"request_id": None},
        Place.NEW,
        id="no id, ended apart",
    ),
]


@pytest.mark.parametrize(("known", "changes", "place"), ATTEMPT_CASES)
def test_each_case_of_an_attempt(known: list[Mark], changes: dict[str, Any], place: Place) -> None:
    """An attempt does what the table says, for each thing that can be known before."""
    assert place_attempt(an_attempt(9, NOW_MS - 2_000, **changes), known).place is place


LINE_CASES = [
    pytest.param([], {}, Place.NEW, id="nothing known"),
    pytest.param([attempt_mark(an_attempt())], {}, Place.JOIN, id="attempt known"),
    pytest.param([after(an_attempt(**FAILED))], {}, Place.JOIN, id="failed attempt known"),
    pytest.param([line_mark(a_line())], {}, Place.NEW, id="an id used again"),
    pytest.param([after(an_attempt(**SOCKET))], SOCKET_LINE, Place.KNOWN, id="a turn is known"),
    pytest.param([], SOCKET_LINE, Place.NEW, id="no turn is known"),
    pytest.param([Mark()], {}, Place.NEW, id="pushed requests are complete"),
]


@pytest.mark.parametrize(("known", "changes", "place"), LINE_CASES)
def test_each_case_of_a_line(known: list[Mark], changes: dict[str, Any], place: Place) -> None:
    """A line does what the table says, for each thing that can be known before."""
    assert place_line(a_line(**changes), known).place is place


@pytest.mark.parametrize(
    ("started_ms", "is_same"),
    [
        (NOW_MS - 10_000 - 2_000, True),
        (NOW_MS - 10_000 - 2_001, False),
        (NOW_MS + 2_000, True),
        (NOW_MS + 2_001, False),
    ],
)
def test_ids_repeat_so_the_time_must_fit(started_ms: int, is_same: bool) -> None:
    """An id means the same request from two seconds before its start to two after its end."""
    line = a_line(NOW_MS, duration_ms=10_000)
    attempt = an_attempt(started_ms=started_ms)
    assert (place_attempt(attempt, [line_mark(line)]).place is Place.FIRST) is is_same
    assert (place_line(line, [attempt_mark(attempt)]).place is Place.JOIN) is is_same


def test_an_id_used_again_an_hour_later_is_another_request() -> None:
    """Without a line, an attempt an hour after the last one is not its retry."""
    known = after(an_attempt(started_ms=NOW_MS - 3_600_000, **FAILED))
    assert place_attempt(an_attempt(2), [known]).place is Place.NEW


def test_of_two_requests_with_one_id_the_line_decides() -> None:
    """An attempt goes to the request whose line spans it, not to the newest one."""
    spanning = line_mark(a_line())
    newer = attempt_mark(an_attempt(started_ms=NOW_MS - 100, **FAILED))
    assert place_attempt(an_attempt(9), [newer, spanning]).candidate == 1


def counted(*facts: Attempt | RequestLog) -> RequestLog:
    """One request, as it is counted when these facts come in this order."""
    request: RequestLog | None = None
    mark = Mark()
    for fact in facts:
        if request is None:
            if isinstance(fact, Attempt):
                request, mark = request_of(fact), attempt_mark(fact)
            else:
                request, mark = fact, line_mark(fact)
            continue
        if isinstance(fact, Attempt):
            verdict = place_attempt(fact, [mark])
            changes, mark = with_attempt(request, mark, fact, verdict.place)
        else:
            assert place_line(fact, [mark]).place is Place.JOIN
            changes, mark = with_line(request, mark, fact)
        for name, value in changes.items():
            request = RequestLog(**{**_fields(request), name: value})
    assert request is not None
    return request


def _fields(request: RequestLog) -> dict[str, object]:
    return {name: getattr(request, name) for name in request.__struct_fields__}


def test_whichever_comes_first_the_request_is_the_same() -> None:
    """Line first, attempts first or in between: one and the same request comes out."""
    failed = an_attempt(1, NOW_MS - 2_400, **FAILED, model="a", account="one", tokens=Tokens())
    served = an_attempt(2, NOW_MS - 1_200, model="b", account="two", cost_usd=Decimal("0.5"))
    line = a_line(status=200)
    orders: list[tuple[Attempt | RequestLog, ...]]
    orders = [(line, failed, served), (failed, line, served), (failed, served, line)]
    first, *others = (counted(*facts) for facts in orders)
    assert all(other == first for other in others)
    assert (first.model, first.account, first.attempts) == ("b", "two", 2)
    assert (first.status, first.path, first.duration_ms) == (200, line.path, line.duration_ms)
    assert (first.tokens_in, first.cost_usd, first.source) == (10, Decimal("0.5"), BOTH)
    assert first.is_success


def test_a_stream_that_fails_midway_is_a_failure() -> None:
    """The line says 200, the last attempt failed: the request did not succeed."""
    assert not counted(a_line(), an_attempt(**FAILED)).is_success


def test_the_lines_status_is_final() -> None:
    """The attempt was served, but the client got 499: that is how the request ended."""
    request = counted(an_attempt(), a_line(status=499))
    assert (request.status, request.is_success) == (499, False)


def test_a_retry_without_a_line_spans_both_attempts() -> None:
    """Duration and end are those of the whole, as the client waited."""
    request = counted(
        an_attempt(1, NOW_MS - 9_000, **FAILED), an_attempt(2, NOW_MS - 3_000, latency_ms=500)
    )
    assert (request.duration_ms, request.timestamp) == (6_500, NOW_MS - 2_500)


def test_the_names_of_the_log_stay_where_the_queue_has_none() -> None:
    """A record with an unknown model does not take away the one the log named."""
    line = a_line(model="claude-opus-4-5", model_requested="opus")
    nameless = an_attempt(model="unknown", provider="unknown")
    for request in (counted(line, nameless), counted(nameless, line)):
        assert (request.provider, request.model) == ("claude", "claude-opus-4-5")
        assert request.model_requested == "opus"


def test_tokens_without_a_price_leave_the_cost_open() -> None:
    """A sum with an unknown part is unknown; an attempt without tokens costs nothing."""
    dear = an_attempt(1, NOW_MS - 2_400, **FAILED, cost_usd=None)
    served = an_attempt(2, cost_usd=Decimal(1))
    assert counted(dear, served).cost_usd is None
    free = an_attempt(1, NOW_MS - 2_400, **FAILED, tokens=Tokens())
    assert counted(free, served).cost_usd == 1


def test_a_row_tells_what_joining_needs() -> None:
    """After the loss of the database a request of history still joins what comes."""
    told = counted(an_attempt())
    assert place_line(a_line(), [mark_of(told)]).place is Place.JOIN
    assert place_attempt(an_attempt(2), [mark_of(a_line())]).place is Place.FIRST
    assert place_line(a_line(), [mark_of(counted(an_attempt(), a_line()))]).place is Place.NEW
    assert not mark_of(RequestLog(status=200, request_id="a1b2c3d4")).can_join


@pytest.mark.parametrize(
    ("method", "path", "is_one"),
    [
        ("GET", "/v1/responses", True),
        ("GET", "/backend-api/codex/responses?x=1", True),
        ("POST", "/v1/responses", False),
        ("GET", "/v1/models", False),
    ],
)
def test_only_get_responses_is_a_socket(method: str, path: str, is_one: bool) -> None:
    """Nothing else has turns."""
    assert is_socket(method, path) is is_one
