"""Which request a fact belongs to: one request of a client is one count, whoever tells of it.

Two sources tell of a request. The proxy's log has one *line* per client request (status, path,
duration as the client saw them); its usage queue has one *attempt* per call upstream (tokens,
model, account). Either may come first, either may be missing. The cases, all with the same
request id (see `attempt_fits` and `line_fits` for the time, because ids repeat):

| known so far                   | an attempt comes                   | a line comes             |
|--------------------------------|------------------------------------|--------------------------|
| nothing                        | NEW request                        | NEW request, no tokens   |
| line only                      | FIRST: brings tokens and model     | NEW (an id used again)   |
| last attempt failed            | RETRY: tokens add, outcome changes | JOIN: status, path, time |
| a later attempt is known       | EARLIER: tokens add, outcome stays | -                        |
| last attempt succeeded         | EXTRA: tokens add, no request      | JOIN                     |
| socket, last attempt succeeded | NEW: the next turn                 | KNOWN: adds nothing      |
| socket, line only              | FIRST: the line was this turn      | NEW                      |
| no id on either side           | FIRST where both ended together    | JOIN where both did      |

A socket is `GET .../responses`; nothing else has turns. Must not enter: where requests are kept.
(CLIProxyAPI internal/runtime/executor/helps/usage_helpers.go and internal/redisqueue/plugin.go.)
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum, auto
from typing import Any, NamedTuple

import msgspec

from proxypal.records.attempt import Attempt
from proxypal.records.counters import EXACT
from proxypal.records.request import UNKNOWN, RequestLog

SLACK_MS = 2_000
"""The log's times are whole seconds, and a record is dated by its own clock call."""

RETRY_WITHIN_MS = 15 * 60_000
"""How long after an attempt the next one of the same request may start."""

LOG, QUEUE, BOTH = "log", "queue", "log+queue"
"""`RequestLog.source`: who told of the request."""


class Place(Enum):
    """What a fact does, see the table."""

    NEW = auto()
    FIRST = auto()
    RETRY = auto()
    EARLIER = auto()
    EXTRA = auto()
    JOIN = auto()
    KNOWN = auto()


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """What has to be remembered of a request to join further facts to it.

    `line_ended_ms` is 0 without a line; a socket's stays that of the line when its request became
    a turn. `keys` recognise attempts that are told twice.
    """

    line_ended_ms: int = 0
    line_duration_ms: int = 0
    attempts: int = 0
    first_started_ms: int = 0
    last_started_ms: int = 0
    last_ended_ms: int = 0
    last_failed: bool = False
    is_socket: bool = False
    has_id: bool = True
    keys: tuple[int, ...] = ()

    @property
    def can_join(self) -> bool:
        """Whether a source that has more to tell told of it; what was pushed is complete."""
        return bool(self.line_ended_ms or self.attempts)


NO_MARK = Mark()


class Verdict(NamedTuple):
    """What a fact does, and to which of the candidates."""

    place: Place
    candidate: int = -1


NEW = Verdict(Place.NEW)


def is_socket(method: str, path: str) -> bool:
    """Whether a request can have turns: the websocket of the responses API."""
    return method == "GET" and path.partition("?")[0].endswith("/responses")


def attempt_mark(attempt: Attempt) -> Mark:
    """The mark of a request that a usage record alone tells of."""
    return Mark(
        attempts=1,
        first_started_ms=attempt.started_ms,
        last_started_ms=attempt.started_ms,
        last_ended_ms=attempt.ended_ms,
        last_failed=attempt.failed,
        is_socket=is_socket(attempt.method, attempt.route),
        has_id=attempt.request_id is not None,
        keys=(attempt.key,),
    )


def line_mark(line: RequestLog) -> Mark:
    """The mark of a request that the log alone tells of."""
    return Mark(
        line_ended_ms=line.timestamp,
        line_duration_ms=line.duration_ms,
        is_socket=is_socket(line.method, line.path),
        has_id=line.request_id is not None,
    )


def mark_of(request: RequestLog) -> Mark:
    """The mark of a request as far as its row tells: the way back when the mark is lost."""
    if request.source == LOG:
        return line_mark(request)
    if request.source not in {QUEUE, BOTH}:
        return NO_MARK
    started_ms = request.timestamp - request.duration_ms
    has_line = request.source == BOTH
    return Mark(
        line_ended_ms=request.timestamp if has_line else 0,
        line_duration_ms=request.duration_ms if has_line else 0,
        attempts=request.attempts or 1,
        first_started_ms=started_ms,
        last_started_ms=started_ms,
        last_ended_ms=request.timestamp,
        last_failed=request.failed,
        is_socket=is_socket(request.method, request.path),
        has_id=request.request_id is not None,
    )


def attempt_fits(attempt: Attempt, known: Mark) -> bool:
    """Whether an attempt with the id of `known` can be of the same request, by its time."""
    if known.is_socket != is_socket(attempt.method, attempt.route) or not known.can_join:
        return False
    if known.line_ended_ms and not (known.is_socket and known.attempts):
        begins_ms = known.line_ended_ms - known.line_duration_ms
        if not begins_ms - SLACK_MS <= attempt.started_ms <= known.line_ended_ms + SLACK_MS:
            return False
        return known.has_id or (
            not known.attempts and abs(attempt.ended_ms - known.line_ended_ms) <= SLACK_MS
        )
    if not known.has_id:
        return False  # two records without an id are two requests
    if known.is_socket:
        return True
    return (
        known.first_started_ms - RETRY_WITHIN_MS
        <= attempt.started_ms
        <= known.last_ended_ms + RETRY_WITHIN_MS
    )


def line_fits(line: RequestLog, known: Mark) -> bool:
    """Whether a line with the id of `known` can be of the same request, by its time."""
    if not known.attempts or known.is_socket != is_socket(line.method, line.path):
        return False
    if known.line_ended_ms and not known.is_socket:
        return False
    begins_ms = line.timestamp - line.duration_ms
    if (
        known.first_started_ms > line.timestamp + SLACK_MS
        or known.last_started_ms < begins_ms - SLACK_MS
    ):
        return False
    return known.has_id or abs(known.last_ended_ms - line.timestamp) <= SLACK_MS


def place_attempt(attempt: Attempt, candidates: Sequence[Mark]) -> Verdict:
    """Where an attempt belongs among the requests with its id."""
    fitting = [
        (place, known) for place, known in enumerate(candidates) if attempt_fits(attempt, known)
    ]
    if not fitting:
        return NEW
    for place, known in fitting:
        if not known.attempts:
            return Verdict(Place.FIRST, place)
    if is_socket(attempt.method, attempt.route):
        return _place_turn(attempt, fitting)
    # The request whose line spans the attempt, else the newest with this id.
    place, known = max(fitting, key=lambda one: (one[1].line_ended_ms > 0, one[1].last_started_ms))
    if attempt.started_ms >= known.last_started_ms:
        return Verdict(Place.RETRY if known.last_failed else Place.EXTRA, place)
    return Verdict(Place.EARLIER if attempt.failed or known.last_failed else Place.EXTRA, place)


def _place_turn(attempt: Attempt, turns: Sequence[tuple[int, Mark]]) -> Verdict:
    """A turn ends with the first attempt that succeeds; failed ones belong to what follows."""
    started_ms = attempt.started_ms
    before = [turn for turn in turns if turn[1].last_started_ms <= started_ms]
    after = [turn for turn in turns if turn[1].last_started_ms > started_ms]
    if before:
        place, known = max(before, key=lambda turn: turn[1].last_started_ms)
        if known.last_failed:
            return Verdict(Place.RETRY, place)
    if after and attempt.failed:
        place, _ = min(after, key=lambda turn: turn[1].last_started_ms)
        return Verdict(Place.EARLIER, place)
    return NEW


def place_line(line: RequestLog, candidates: Sequence[Mark]) -> Verdict:
    """Where a line of the log belongs among the requests with its id."""
    fitting = [(place, known) for place, known in enumerate(candidates) if line_fits(line, known)]
    if not fitting:
        return NEW
    place, known = min(fitting, key=lambda one: abs(one[1].last_ended_ms - line.timestamp))
    return Verdict(Place.KNOWN if known.is_socket else Place.JOIN, place)


def request_of(attempt: Attempt) -> RequestLog:
    """The request as far as one usage record tells of it."""
    tokens = attempt.tokens if attempt.has_tokens else None
    return RequestLog(
        timestamp=attempt.ended_ms,
        provider=attempt.provider,
        model=attempt.model,
        method=attempt.method,
        path=attempt.route,
        status=attempt.status,
        duration_ms=attempt.latency_ms,
        tokens_in=tokens.input if tokens is not None else None,
        tokens_out=tokens.output if tokens is not None else None,
        tokens_cached=tokens.cache_read if tokens is not None else None,
        tokens_cache_write=tokens.cache_write if tokens is not None else None,
        tokens_reasoning=tokens.reasoning if tokens is not None else None,
        cost_usd=attempt.cost_usd,
        ttft_ms=attempt.ttft_ms,
        request_id=attempt.request_id,
        model_requested=attempt.model_requested,
        attempts=1,
        api_key=attempt.api_key,
        account=attempt.account,
        source=QUEUE,
        failed=attempt.failed,
    )


_ADDED = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_reasoning")
_NAMED = ("provider", "model", "model_requested", "api_key", "account", "ttft_ms", "failed")


def with_attempt(
    request: RequestLog, known: Mark, attempt: Attempt, place: Place
) -> tuple[dict[str, Any], Mark]:
    """What changes in a request by a FIRST, RETRY, EARLIER or EXTRA attempt, and its new mark.

    An EXTRA changes nothing but the mark. Of `request` only what is counted need be known.
    """
    mark = _marked(known, attempt, place)
    if place is Place.EXTRA:
        return {}, mark
    told = request_of(attempt)
    changes: dict[str, Any] = {
        name: _sum_of(getattr(request, name), getattr(told, name)) for name in _ADDED
    }
    changes["cost_usd"] = _cost_of(request, told)
    changes["attempts"] = mark.attempts
    has_line = bool(known.line_ended_ms)
    if has_line:
        changes["source"] = BOTH
    if place is not Place.EARLIER:
        changes.update({name: getattr(told, name) for name in _NAMED})
        if told.model == UNKNOWN:
            del changes["model"], changes["model_requested"]
        if told.provider == UNKNOWN:
            del changes["provider"]
    if has_line and not known.is_socket:
        return changes, mark
    # Nobody but the attempts says when it ended, how long it took, and how it went.
    changes["duration_ms"] = mark.last_ended_ms - mark.first_started_ms
    if place is not Place.EARLIER:
        changes["timestamp"], changes["status"] = told.timestamp, told.status
    return changes, mark


def _marked(known: Mark, attempt: Attempt, place: Place) -> Mark:
    keys = (*known.keys, attempt.key)
    if place is Place.EXTRA:
        return msgspec.structs.replace(known, keys=keys)
    started_ms = attempt.started_ms
    first_ms = min(known.first_started_ms, started_ms) if known.attempts else started_ms
    is_last = place is not Place.EARLIER
    return msgspec.structs.replace(
        known,
        attempts=known.attempts + 1,
        first_started_ms=first_ms,
        last_started_ms=started_ms if is_last else known.last_started_ms,
        last_ended_ms=max(attempt.ended_ms, first_ms) if is_last else known.last_ended_ms,
        last_failed=attempt.failed if is_last else known.last_failed,
        keys=keys,
    )


def with_line(request: RequestLog, known: Mark, line: RequestLog) -> tuple[dict[str, Any], Mark]:
    """What changes in a request that the queue told of when its line comes, and its new mark."""
    changes: dict[str, Any] = {
        "timestamp": line.timestamp,
        "method": line.method,
        "path": line.path,
        "status": line.status,
        "duration_ms": line.duration_ms,
        "source": BOTH,
    }
    if request.model == UNKNOWN:
        changes["model"], changes["model_requested"] = line.model, line.model_requested
    if request.provider == UNKNOWN:
        changes["provider"] = line.provider
    mark = msgspec.structs.replace(
        known, line_ended_ms=line.timestamp, line_duration_ms=line.duration_ms
    )
    return changes, mark


def _sum_of(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)


def _cost_of(request: RequestLog, told: RequestLog) -> Decimal | None:
    """The cost of both together; unknown if tokens of either have no price."""
    priced = [one for one in (request, told) if one.tokens_in or one.tokens_out or one.cost_usd]
    costs = [one.cost_usd for one in priced]
    if not costs:
        return told.cost_usd if request.cost_usd is None else request.cost_usd
    total = Decimal(0)
    for cost in costs:
        if cost is None:
            return None
        total = EXACT.add(total, cost)
    return total
