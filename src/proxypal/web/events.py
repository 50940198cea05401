"""`GET /api/events`: what happens, as server-sent events, resumed by number.

Each client has nothing of its own but the number it is at: one that is slow is told later, one
that is too slow loads anew, and none holds up another. Must not enter: what an event says.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from proxypal.errors import StoreError
from proxypal.service.live_feed import LiveEvent, LiveFeed
from proxypal.web.endpoints import Answer, Call, Endpoint, Parameter

SILENCE_S = 15.0
"""Proxies and browsers end connections that are silent for long."""

_HELLO = b"retry: 1000\n\n"
_ALIVE = b": alive\n\n"


def _events(call: Call) -> Response:
    request = call.request
    number = request.headers.get("last-event-id") or request.query_params.get("after")
    stream = told_from(call.services.feed, number)
    return StreamingResponse(
        stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


async def told_from(feed: LiveFeed, number: str | None) -> AsyncIterator[bytes]:
    """The events after `number` as they come; without one, or with one too old, a snapshot first.

    Ends when the feed does.
    """
    loop = asyncio.get_running_loop()
    news = asyncio.Event()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(news.set)

    with feed.watched(wake):
        yield _HELLO
        while not feed.is_closed:
            news.clear()
            events = None if number is None else feed.since(number)
            if events is None:
                try:
                    events = [await run_in_threadpool(feed.snapshot)]
                except StoreError:
                    events = []  # asked again below; the notices tell why
            for event in events:
                yield _encoded(event)
                number = event.number
            try:
                await asyncio.wait_for(news.wait(), SILENCE_S)
            except TimeoutError:
                yield _ALIVE


def _encoded(event: LiveEvent) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (
        event.number.encode(),
        event.kind.encode(),
        event.data,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/events",
        summary="What happens, as server-sent events",
        handle=_events,
        parameters=(
            Parameter("after", "The number of the last event seen, as the header Last-Event-ID."),
        ),
        answers={
            200: Answer(
                "Events `requests`, `totals`, `notices` and `snapshot`, each with its number.",
                media_type="text/event-stream",
            )
        },
    ),
)
