"""Requests that a log and a usage queue both tell of, and what each telling must come to.

Every three attempts are two requests: one of a single attempt, and one of two: a retry that goes
well, an image beside an answer, or a retry that fails as well. All of the last hour, so that they
can still join. What is expected is worked out here; nothing of the joining rule is used.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from builders import a_line, an_attempt
from law import NOW_MS
from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.request import RequestLog

FROM_MS = NOW_MS - 3_600_000
_APART_MS = 3_000
SIGN = b"an unmistakable payload"


class Told(NamedTuple):
    """How much of a request was told: its first attempts, its line."""

    attempts: int = 0
    line: bool = False


def request_of_attempt(number: int) -> tuple[int, int]:
    """Which request attempt `number` belongs to, and the place among its attempts."""
    pair, place = divmod(number, 3)
    return pair * 2 + (place > 0), max(0, place - 1)


def _kind(number: int) -> str:
    return ("plain", "retry", "plain", "image", "plain", "failing")[number % 6]


def attempt(number: int) -> Attempt:
    """Attempt `number` of all, in the order the queue hands them out."""
    request, place = request_of_attempt(number)
    kind = _kind(request)
    fails = kind == "failing" or (kind == "retry" and place == 0)
    return an_attempt(
        number + 1,
        FROM_MS + request * _APART_MS + place * 500,
        latency_ms=400,
        request_id=f"{request:08x}",
        model="image" if kind == "image" and place else f"told-{request % 3}",
        status=500 + place if fails else 200,
        failed=fails,
        tokens=Tokens(uncached_input=number % 50, cache_read=number % 3, visible_output=place + 1),
        cost_usd=Decimal(number % 90 + 1) / 10_000,
        api_key=f"sk-…{number % 4}XYZ#3f9a1c",
        payload=b'{"n":%d,"of":"%s"}' % (number, SIGN),
    )


def attempts(first: int, count: int) -> list[Attempt]:
    """Attempts `first` to `first + count - 1`."""
    return [attempt(number) for number in range(first, first + count)]


def line(request: int) -> RequestLog:
    """What the log says of a request."""
    fails = _kind(request) == "failing"
    return a_line(
        FROM_MS + request * _APART_MS + 1_000,
        request_id=f"{request:08x}",
        duration_ms=1_010,
        status=502 if fails else 200,
    )


def lines(first: int, count: int) -> list[RequestLog]:
    """The lines of requests `first` to `first + count - 1`."""
    return [line(number) for number in range(first, first + count)]


def attempts_of(request: int) -> list[Attempt]:
    """All attempts of a request, and only those."""
    number = request // 2 * 3 + request % 2
    return [attempt(number), attempt(number + 1)] if request % 2 else [attempt(number)]


def as_told(request: int, told: Told) -> list[RequestLog]:
    """What is counted of a request: itself, and tokens beside it as a request of 0 attempts."""
    made = attempts_of(request)[: told.attempts]
    beside = [_beside(one) for one in made if one.model == "image"]
    own = [one for one in made if one.model != "image"]
    if not own:
        return [line(request)]
    last, span_ms = own[-1], own[-1].ended_ms - own[0].started_ms
    values: dict[str, Any] = {
        "timestamp": last.ended_ms,
        "path": last.route,
        "status": last.status,
        "duration_ms": span_ms,
    }
    if told.line:
        said = line(request)
        values = {name: getattr(said, name) for name in values}
    main = RequestLog(
        **values,
        **_amounts(own),
        provider="claude",
        model=last.model,
        request_id=last.request_id,
        attempts=len(own),
        api_key=last.api_key,
        source="log+queue" if told.line else "queue",
        failed=last.failed,
    )
    return [main, *beside]


def _amounts(own: Sequence[Attempt]) -> dict[str, Any]:
    return {
        "tokens_in": sum(one.tokens.uncached_input + one.tokens.cache_read for one in own),
        "tokens_out": sum(one.tokens.visible_output for one in own),
        "tokens_cached": sum(one.tokens.cache_read for one in own),
        "cost_usd": sum((one.cost_usd or Decimal(0) for one in own), Decimal(0)),
    }


def _beside(extra: Attempt) -> RequestLog:
    return RequestLog(
        timestamp=extra.ended_ms,
        status=extra.status,
        provider="claude",
        model=extra.model,
        request_id=extra.request_id,
        attempts=0,
        **_amounts([extra]),
    )


def all_told(requests: int) -> list[RequestLog]:
    """The first so many requests (an even number), told by both to the end."""
    return [one for number in range(requests) for one in as_told(number, Told(2, line=True))]
