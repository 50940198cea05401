"""Stretches of a proxy log to requests: the lines of one log, in order, beside each other.

Pure: bytes in, values out; the zone is inside the wall clock that is given. Must not enter:
files, positions, the store.
"""

import msgspec

from proxypal.records.detection import (
    PROVIDER_ALIASES,
    canonical_provider,
    detect_provider,
    model_of_path,
)
from proxypal.records.endpoints import is_model_call
from proxypal.records.request import MAX_DURATION_MS, UNKNOWN, RequestLog
from proxypal.records.wall_clock import WallClock
from proxypal.sources.log_entries import (
    AccessLine,
    ContinuationLine,
    ModelLine,
    Rejected,
    UnclosedLine,
)
from proxypal.sources.log_line import parse_cleaned
from proxypal.sources.log_stretch import MAX_LINE_BYTES, LineRejection, Stretch
from proxypal.sources.model_memory import LearnedModel, ModelMemory, named_model

_NAMELESS_STATUSES = frozenset({401, 403, 404})
"""Answers that anybody can provoke with any path: what such a line names is no model."""


class Interpreted(msgspec.Struct, frozen=True):
    """What a stretch of log holds.

    `consumed` bytes and `lines` are done with; the rest is an unfinished line or entry, to be
    given again with what follows it. `newest_ms` is the newest time any entry bears, 0 if none:
    a stretch with lines but no time is no log. Like everything here it is what the log claims.
    """

    consumed: int
    requests: list[RequestLog]
    rejections: list[LineRejection]
    newest_ms: int
    lines: int


class LogInterpreter:
    """Reads one log, in order; models learned in one stretch serve the next. Not thread-safe."""

    def __init__(self, wall: WallClock, source: str) -> None:
        self._wall = wall
        self._source = source
        self._memory = ModelMemory()

    def feed(self, data: bytes, *, models_only: bool = False, final: bool = False) -> Interpreted:
        """Interpret `data`, which starts at the start of a line.

        Only lines that end in a line feed are read. With `models_only` nothing is counted or
        rejected: that brings the memory back when reading goes on in the middle of a log. With
        `final` no more will follow: an entry whose path never closes is given up, not awaited.
        """
        stretch = Stretch(data)
        for line in stretch.lines():
            if (unclosed := stretch.unclosed) is not None:
                stretch.swallow(line, unclosed)
            elif line is None:
                stretch.reject(f"a line longer than {MAX_LINE_BYTES >> 20} MiB")
            else:
                self._interpret(line, stretch)
        consumed, lines = stretch.finish(final=final)
        return Interpreted(
            consumed,
            [] if models_only else stretch.requests,
            [] if models_only else stretch.rejections,
            stretch.newest_ms,
            lines,
        )

    def _interpret(self, line: str, stretch: Stretch) -> None:
        entry = parse_cleaned(line)
        if isinstance(entry, ContinuationLine):
            return
        moment_ms = self._wall(entry.timestamp)
        if moment_ms is None:
            stretch.reject(f"impossible date {entry.timestamp!r}")
            return
        if moment_ms > stretch.newest_ms:  # noqa: PLR1730 - max() is measurably slower per line
            stretch.newest_ms = moment_ms
        if isinstance(entry, AccessLine):
            learned = self._memory.take(entry.request_id, moment_ms, entry.latency_ms)
            if is_model_call(entry.method, entry.path, entry.status):
                stretch.requests.append(self._request(entry, moment_ms, learned))
        elif isinstance(entry, ModelLine):
            self._memory.learn(entry, moment_ms)
        elif isinstance(entry, UnclosedLine):
            stretch.unclosed = stretch.rejection("a line break inside a path")
        elif isinstance(entry, Rejected):
            stretch.reject(entry.reason)

    def _request(
        self, entry: AccessLine, moment_ms: int, learned: LearnedModel | None
    ) -> RequestLog:
        if learned is not None:
            model, requested, provider = learned.model, learned.requested, learned.provider
        else:
            model, requested, provider = _names_of(entry)
        return RequestLog(
            timestamp=moment_ms,
            provider=provider or detect_provider(model, entry.path),
            model=model,
            method=entry.method,
            path=entry.path,
            status=entry.status,
            # Above a year it would be refused; a request that was served counts all the same.
            duration_ms=entry.latency_ms if entry.latency_ms <= MAX_DURATION_MS else 0,
            request_id=entry.request_id,
            model_requested=requested,
            source=self._source,
        )


def _names_of(entry: AccessLine) -> tuple[str, str | None, str | None]:
    """Model, model requested and provider as far as the access line itself names them."""
    if entry.status in _NAMELESS_STATUSES:
        provider = detect_provider(UNKNOWN, entry.path)
        return UNKNOWN, None, provider if provider in PROVIDER_ALIASES else UNKNOWN
    named = entry.model or model_of_path(entry.path)
    model, requested = named_model(named) if named else (UNKNOWN, None)
    return model, requested, canonical_provider(entry.provider) if entry.provider else None
