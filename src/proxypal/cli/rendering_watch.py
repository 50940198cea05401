"""What a watcher tells, as lines, sentences and a progress bar.

Requests go to stdout, everything else to stderr. Must not enter: reading logs.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from proxypal.cli.output import is_plain, is_terminal, say
from proxypal.cli.rendering_requests import request_line
from proxypal.cli.rendering_text import counted, duration, grouped, wall_time
from proxypal.records.labels import Offset
from proxypal.records.request import RequestLog, encode_request
from proxypal.service.watch_events import (
    CaughtUp,
    CountedBefore,
    GapFound,
    LineRejected,
    Note,
    Progress,
    QueueConnected,
    QueueFailed,
    QueueHeld,
    QueueLost,
    QueueStandingBy,
    Recorded,
    RemoteLogFailed,
    RemoteLogRead,
    RemoteLogStandingBy,
    StandingBy,
    StoreRecovered,
    StoreTrouble,
    Waiting,
    WatchEvent,
)

if TYPE_CHECKING:
    from proxypal.cli.rendering_progress import ProgressBar

BACKLOG_BATCH = 100
"""No agent finishes so many requests between two looks: a larger batch was there before."""


class WatchScreen:
    """Shows events as they come; `recorded`, `before` and `rejected` are counts of this run."""

    def __init__(self, offset: Offset, *, as_json: bool, once: bool) -> None:
        self.recorded = 0
        self.rejected = 0
        self.before = 0
        self._offset = offset
        self._as_json = as_json
        self._once = once
        self._coloured = not is_plain()
        # A pipe gets every line. On a screen a long backlog would push away everything else.
        self._folds_backlog = is_terminal() and not as_json
        self._bar: ProgressBar | None = None

    def show(self, event: WatchEvent) -> None:
        """Show one event."""
        if isinstance(event, Recorded):
            self.recorded += len(event.requests)
            if not (self._folds_backlog and (self._bar or len(event.requests) > BACKLOG_BATCH)):
                self._print(event.requests)
        elif isinstance(event, Progress):
            self._advance(event)
        elif isinstance(event, CountedBefore):
            self.before += event.older + event.seen
        elif isinstance(event, CaughtUp):
            self.close()
            if not self._once:
                say(f"{_caught_up(event)} Waiting for more; Ctrl-C ends.")
        else:
            self.rejected += isinstance(event, LineRejected)
            if said := watch_sentence(event, self._offset):
                say(said)

    def close(self) -> None:
        """Take the progress bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _print(self, requests: Sequence[RequestLog]) -> None:
        if self._as_json:
            shown = b"".join(encode_request(request) + b"\n" for request in requests)
            click.echo(shown, nl=False)
        else:
            offset, coloured = self._offset, self._coloured
            lines = [request_line(request, offset, coloured=coloured) for request in requests]
            click.echo("\n".join(lines))
        sys.stdout.flush()

    def _advance(self, event: Progress) -> None:
        if self._bar is None:
            if event.done_bytes >= event.total_bytes or not sys.stderr.isatty():
                return
            from proxypal.cli.rendering_progress import ProgressBar  # noqa: PLC0415 - `rich` only when drawing

            self._bar = ProgressBar("Reading the log")
        self._bar.advance(event.done_bytes, event.total_bytes)


def _caught_up(event: CaughtUp) -> str:
    if not event.lines:
        return f"{counted(event.requests, 'request')} recorded so far."
    took = duration(event.duration_ms)
    return f"Read {counted(event.lines, 'line')}, {counted(event.requests, 'request')}, in {took}."


def watch_sentence(event: WatchEvent, offset: Offset) -> str:
    """What is worth saying of an event that is no request; empty if it is nothing."""
    said = ""
    match event:
        case LineRejected():
            where = f"{event.log}, line {grouped(event.line)}"
            said = f"proxypal: {where}: {event.reason}: {event.excerpt}"
        case Note():
            said = f"proxypal: {event.log}: {event.text}"
        case GapFound():
            said = f"proxypal: requests{_span(event, offset)} may be lost: {event.gap.reason}"
        case Waiting():
            said = f"{event.path} is not there yet; waiting for it."
        case StandingBy():
            said = f"Another proxypal reads {event.path}; standing by to take over."
        case StoreTrouble():
            wait = duration(event.retry_in_ms)
            said = f"proxypal: {event.error} The log waits; trying again in {wait}."
        case StoreRecovered():
            said = "Recording again; nothing was lost."
        case _:
            said = _of_queue(event)
    return said


def _of_queue(event: WatchEvent) -> str:
    said = ""
    match event:
        case QueueConnected():
            version = f" (v{event.proxy_version.lstrip('v')})" if event.proxy_version else ""
            were = "was" if event.waiting == 1 else "were"
            waited = f"{counted(event.waiting, 'record')} {were} waiting"
            said = f"Usage queue: {event.mode} at {event.url}{version}, {waited}."
        case QueueFailed():
            again = ""
            if event.retry_in_ms is not None:
                again = f" Trying again in {duration(event.retry_in_ms)}."
            said = f"proxypal: {event.error}{again}"
        case QueueStandingBy():
            said = f"Another proxypal reads the usage queue at {event.url}; standing by."
        case QueueHeld():
            held = counted(event.held, "record")
            wait = duration(event.retry_in_ms)
            said = f"proxypal: {event.error} {held} held in memory; trying again in {wait}."
        case QueueLost():
            said = f"proxypal: {event.url}: {counted(event.records, 'record')} could not be kept."
        case _:
            said = _of_remote_log(event)
    return said


def _of_remote_log(event: WatchEvent) -> str:
    said = ""
    match event:
        case RemoteLogRead():
            said = f"Log of {event.url}: read over HTTP."
        case RemoteLogFailed():
            again = ""
            if event.retry_in_ms is not None:
                again = f" Trying again in {duration(event.retry_in_ms)}."
            said = f"proxypal: {event.error}{again}"
        case RemoteLogStandingBy():
            where = f"as {event.path}" if event.path else "by another proxypal"
            said = f"The log of {event.url} is read {where}; standing by to take over."
    return said


def _span(event: GapFound, offset: Offset) -> str:
    since, until = event.gap.from_ms, event.gap.until_ms
    first = "" if since is None else f" from {wall_time(since, offset)}"
    last = "" if until is None else f" until {wall_time(until, offset)}"
    return first + last
