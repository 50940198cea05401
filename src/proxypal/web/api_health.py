"""`GET /healthz`: whether requests are recorded, for whoever keeps the process alive.

It is answered without a token, so it tells states and times and nothing of the data. Must not
enter: names, paths, addresses, figures of use.
"""

from typing import Literal

import msgspec
from starlette.responses import Response

from proxypal import __version__
from proxypal.errors import StoreError
from proxypal.service.source_states import Kind, SourceState, lately_lost
from proxypal.web.endpoints import Answer, Call, Endpoint


class SourceHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One source; times are Unix milliseconds. See `SourceState`."""

    kind: Kind
    state: str
    mode: str | None = None
    connected_since: int | None = None
    last_record_age_ms: int | None = None
    statistics_enabled: bool | None = None
    banned_until: int | None = None
    is_other_consumer_suspected: bool = False
    lost_last_day: int = 0


class Health(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`ok`, or `failing`: requests cannot be recorded durably. `held` wait in memory."""

    status: Literal["ok", "failing"]
    version: str
    writable: bool
    held: int
    sources: list[SourceHealth]


def _health(call: Call) -> Response:
    board = call.services.sources
    found = board.health()
    now_ms = call.services.clock()
    try:
        sources = [_source(state, now_ms) for state in board.state()]
        is_readable = True
    except StoreError:
        sources, is_readable = [], False
    is_ok = found.writable and not found.held and is_readable
    health = Health(
        status="ok" if is_ok else "failing",
        version=__version__,
        writable=found.writable,
        held=found.held,
        sources=sources,
    )
    body = msgspec.json.encode(health)
    return Response(body, 200 if is_ok else 503, media_type="application/json")


def _source(state: SourceState, now_ms: int) -> SourceHealth:
    last = state.last_request_at
    return SourceHealth(
        kind=state.kind,
        state=state.state,
        mode=state.mode,
        connected_since=state.connected_since,
        last_record_age_ms=None if last is None else max(0, now_ms - last),
        statistics_enabled=state.statistics_enabled,
        banned_until=state.banned_until,
        is_other_consumer_suspected=state.starved_since is not None,
        lost_last_day=len(lately_lost(state, now_ms)),
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/healthz",
        summary="Whether requests are recorded",
        handle=_health,
        answers={
            200: Answer("All is well.", Health),
            503: Answer("Requests cannot be recorded durably.", Health),
        },
    ),
)
