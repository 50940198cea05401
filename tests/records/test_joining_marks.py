"""What is remembered of a request: as much as joining needs, and as much as its row tells."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from builders import NOW_MS, a_line, an_attempt
from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.joining_rule import (
    BOTH,
    NO_MARK,
    QUEUE,
    Mark,
    Place,
    attempt_mark,
    line_mark,
    mark_of,
    place_attempt,
    place_line,
    request_of,
    with_attempt,
    with_line,
)
from proxypal.records.request import RequestLog

FAILED: dict[str, Any] = {"failed": True, "status": 502}
SOCKET: dict[str, Any] = {"method": "GET", "route": "/v1/responses"}

ANY_ATTEMPT = [{}, FAILED, SOCKET, {"request_id": None}, {"latency_ms": 0}]


def joined(attempts: Sequence[Attempt], mark: Mark, request: RequestLog) -> tuple[Any, Mark]:
    """The changes of the last attempt, and the mark after all of them."""
    changes: dict[str, Any] = {}
    for attempt in attempts:
        changes, mark = with_attempt(request, mark, attempt, place_attempt(attempt, [mark]).place)
        request = msgspec.structs.replace(request, **changes)
    return request, mark


def known_of(first: Attempt, *others: Attempt) -> tuple[Any, Mark]:
    """A request and its mark, after attempts of one id."""
    return joined(others, attempt_mark(first), request_of(first))


@pytest.mark.parametrize("changes", ANY_ATTEMPT)
def test_a_row_of_one_attempt_tells_all_but_its_key(changes: dict[str, Any]) -> None:
    """After the loss of the database the row of one usage record is as good as its mark."""
    attempt = an_attempt(**changes)
    known = attempt_mark(attempt)
    assert known.keys == (attempt.key,)
    assert mark_of(request_of(attempt)) == msgspec.structs.replace(known, keys=())


@pytest.mark.parametrize(
    "changes", [{}, {"method": "GET", "path": "/v1/responses"}, {"request_id": None}]
)
def test_a_row_of_the_log_tells_all(changes: dict[str, Any]) -> None:
    """A line's row is as good as its mark, and its mark says when the line began and ended."""
    line = a_line(**changes)
    assert mark_of(line) == line_mark(line)
    assert (line_mark(line).line_ended_ms, line_mark(line).line_duration_ms) == (
        NOW_MS - 500,
        2_000,
    )
    assert line_mark(line).is_socket == ("method" in changes)
    assert line_mark(line).has_id == ("request_id" not in changes)


def test_a_row_of_both_tells_when_its_line_began_and_ended() -> None:
    """The row of a joined request bears the line's times: they are taken for the attempts' too."""
    attempt, line = an_attempt(**FAILED), a_line()
    changes, known = with_line(request_of(attempt), attempt_mark(attempt), line)
    row = msgspec.structs.replace(request_of(attempt), attempts=3, **changes)
    again = mark_of(row)
    assert (known.line_ended_ms, known.line_duration_ms) == (line.timestamp, line.duration_ms)
    assert (again.line_ended_ms, again.line_duration_ms) == (line.timestamp, line.duration_ms)
    assert (again.first_started_ms, again.last_ended_ms) == (
        line.timestamp - line.duration_ms,
        line.timestamp,
    )
    assert (again.attempts, again.last_failed, again.has_id) == (3, True, True)


def test_a_row_that_does_not_count_its_attempts_had_one() -> None:
    """A row of the queue from before attempts were counted is one attempt, not none."""
    row = msgspec.structs.replace(request_of(an_attempt()), attempts=None)
    assert mark_of(row).attempts == 1
    assert mark_of(msgspec.structs.replace(row, source=None)) == NO_MARK


def test_every_record_that_came_is_recognised() -> None:
    """First, retry, earlier and extra: the key of each is kept, so none is taken twice."""
    _, known = known_of(
        an_attempt(1, NOW_MS - 5_000, **FAILED),
        an_attempt(2, NOW_MS - 3_000),
        an_attempt(3, NOW_MS - 4_000, **FAILED),
        an_attempt(4, NOW_MS - 1_000),
    )
    assert known.keys == (1, 2, 3, 4)
    assert known.attempts == 3


def test_what_is_told_late_does_not_change_how_it_ended() -> None:
    """An earlier attempt told late moves the beginning, not the end, the outcome or the names."""
    served = an_attempt(1, NOW_MS - 3_000, account="one")
    request, known = known_of(
        served, an_attempt(2, NOW_MS - 9_000, **FAILED, account="two", latency_ms=8_900)
    )
    assert (known.first_started_ms, known.last_started_ms) == (NOW_MS - 9_000, NOW_MS - 3_000)
    assert (known.last_ended_ms, known.last_failed) == (NOW_MS - 2_000, False)
    assert (request.timestamp, request.duration_ms) == (NOW_MS - 2_000, 7_000)
    assert (request.account, request.is_success) == ("one", True)


def test_an_extra_record_changes_nothing_but_its_being_known() -> None:
    """Codex's image tool after the answer: no times, no outcome, no attempt more."""
    first = an_attempt(1)
    request, known = known_of(first, an_attempt(2, NOW_MS - 100, model="gpt-image-1"))
    assert request == request_of(first)
    assert known == msgspec.structs.replace(attempt_mark(first), keys=(1, 2))


def test_the_first_turn_of_a_socket_lasts_as_long_as_its_record_says() -> None:
    """A socket's line spans all its turns; the first turn takes its times from its own record."""
    line = a_line(method="GET", path="/v1/responses", duration_ms=60_000)
    turn = an_attempt(1, NOW_MS - 30_000, latency_ms=700, **SOCKET)
    request, known = joined([turn], line_mark(line), line)
    assert (request.timestamp, request.duration_ms) == (NOW_MS - 29_300, 700)
    assert (known.first_started_ms, known.last_started_ms) == (NOW_MS - 30_000, NOW_MS - 30_000)
    assert (known.last_ended_ms, known.line_ended_ms) == (NOW_MS - 29_300, line.timestamp)
    assert (request.source, known.attempts) == (BOTH, 1)


def test_a_clock_set_back_makes_no_negative_duration() -> None:
    """An attempt whose record ends before the request began ends when it began."""
    first = an_attempt(1, NOW_MS - 1_000, **FAILED)
    _, known = with_attempt(
        request_of(first),
        attempt_mark(first),
        an_attempt(2, NOW_MS - 3_000, latency_ms=-5_000),
        Place.RETRY,
    )
    assert known.last_ended_ms == known.first_started_ms == NOW_MS - 3_000


def test_a_usage_record_alone_is_a_request_with_all_it_tells() -> None:
    """Every field of the record that a request has is in the request, and nothing is made up."""
    attempt = an_attempt(
        route="/v1/chat/completions",
        method="PUT",
        status=201,
        latency_ms=1_500,
        ttft_ms=300,
        model_requested="best",
        api_key="sk-…1",
        account="one",
        cost_usd=Decimal("0.25"),
        tokens=Tokens(
            uncached_input=1, cache_read=20, cache_write=300, visible_output=4_000, reasoning=50_000
        ),
    )
    assert request_of(attempt) == RequestLog(
        timestamp=NOW_MS - 500,
        provider="claude",
        model="claude-sonnet-4-5",
        method="PUT",
        path="/v1/chat/completions",
        status=201,
        duration_ms=1_500,
        tokens_in=321,
        tokens_out=54_000,
        tokens_cached=20,
        tokens_cache_write=300,
        tokens_reasoning=50_000,
        cost_usd=Decimal("0.25"),
        ttft_ms=300,
        request_id="a1b2c3d4",
        model_requested="best",
        attempts=1,
        api_key="sk-…1",
        account="one",
        source=QUEUE,
    )


def test_a_record_without_tokens_leaves_them_unknown() -> None:
    """What the proxy did not count is not zero; with the next attempt's it is that attempt's."""
    silent = an_attempt(1, NOW_MS - 5_000, **FAILED, has_tokens=False)
    told = request_of(silent)
    names = ("in", "out", "cached", "cache_write", "reasoning")
    assert [getattr(told, f"tokens_{name}") for name in names] == [None] * 5
    request, _ = known_of(silent, an_attempt(2))
    assert (request.tokens_in, request.tokens_out) == (10, 5)
    request, _ = known_of(an_attempt(1, **FAILED), an_attempt(2, has_tokens=False))
    assert (request.tokens_in, request.tokens_out) == (10, 5)


def test_tokens_of_a_retry_are_added_to_those_before() -> None:
    """Three attempts of ten and five are thirty and fifteen."""
    attempts = [an_attempt(n, NOW_MS - 9_000 + n * 1_000, **FAILED) for n in range(3)]
    request, _ = known_of(*attempts)
    assert (request.tokens_in, request.tokens_out, request.attempts) == (30, 15, 3)


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [
        (Tokens(uncached_input=7), None),
        (Tokens(visible_output=7), None),
        (Tokens(), Decimal("0.5")),
    ],
)
def test_what_was_used_or_paid_is_part_of_the_cost(tokens: Tokens, cost: Decimal | None) -> None:
    """Input alone, output alone and money alone each count; used without a price is unknown."""
    first = an_attempt(1, NOW_MS - 3_000, **FAILED, tokens=tokens, cost_usd=cost)
    request, _ = known_of(first, an_attempt(2, cost_usd=Decimal(1)))
    assert request.cost_usd == (None if cost is None else Decimal("1.5"))


@pytest.mark.parametrize(
    ("one", "other", "cost"),
    [(None, Decimal(0), Decimal(0)), (Decimal(0), None, Decimal(0)), (None, None, None)],
)
def test_nothing_used_costs_what_either_says(
    one: Decimal | None, other: Decimal | None, cost: Decimal | None
) -> None:
    """Two attempts without tokens: a known cost of nothing stays known, whoever says it."""
    request, _ = known_of(
        an_attempt(1, NOW_MS - 3_000, **FAILED, tokens=Tokens(), cost_usd=one),
        an_attempt(2, tokens=Tokens(), cost_usd=other),
    )
    assert request.cost_usd == cost


def test_a_line_that_joins_is_not_joined_again() -> None:
    """Of a request with a line, the next line with its id is another request."""
    attempt = an_attempt()
    _, known = with_line(request_of(attempt), attempt_mark(attempt), a_line())
    assert place_line(a_line(), [known]).place is Place.NEW
